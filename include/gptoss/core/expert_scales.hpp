// Expert scales: what is wrong with the MXFP4 scales of some experts.
//
// A scale of 255 means NaN, in no right file. An expert whose scales are all 0 was left out when the
// file was cut for another machine: what is left out of a sparse file reads as zeros.
//
// Where    the tool, for the experts that a machine owns; it reads 1/17 of their bytes.
// Source   OCP Microscaling Formats 1.0, section 5.4.1 (E8M0).
#pragma once
#include <string>

#include "gptoss/core/shares.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

// "" if there is nothing to say; where is "layer 3, gate_up".
inline std::string mistake_in_scales(const ExpertStack& s, Share own, const std::string& where) {
    if (!s.is_mxfp4()) return "";
    for (int e = own.first; e < own.end; ++e) {
        const std::string expert = where + ", expert " + std::to_string(e) + ": ";
        bool is_all_zero = true;
        for (int o = 0; o < s.rows; ++o) {
            const Mxfp4Row row = s.mxfp4_row(e, o);
            for (int block = 0; block < s.cols / kMxfp4BlockSize; ++block) {
                const std::uint8_t scale = row.scale_of(block);
                if (scale == kMxfp4NanScale) return expert + "a scale is 255, which means NaN";
                is_all_zero = is_all_zero && scale == 0;
            }
        }
        if (is_all_zero) return expert + "all scales are 0, as in a file cut for another rank";
    }
    return "";
}

}  // namespace gptoss
