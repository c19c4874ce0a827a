// The Recorder behind m.trace: hears Ctrl-C, and lets a Python function edit.
//
//     f(site, layer, array)    "attn_mix", 0, float32 (n_tokens, n_heads * head_dim)
//
// array is a copy that f writes into; what it leaves there is what the next op reads. Beside the sites
// that an op reads f is asked about "attn_sinks", float32 (n_heads), and "attn_window", int32 (1), of
// every layer: what attend reads beside activations.
#pragma once
#include <chrono>
#include <exception>
#include <set>
#include <string>
#include <utility>

#include "bind.hpp"
#include "gptoss/dump/recorder.hpp"

namespace gptoss::python {

// Asks for Ctrl-C every now and then.
class CtrlC {
public:
    void hear() {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(50)) return;
        last_ = now;
        hear_ctrl_c();
    }

private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

class TraceRecorder : public dump::Recorder {
public:
    TraceRecorder(const Config& config, std::set<Site> sites, nb::handle edit)
        : dump::Recorder(config, std::move(sites)), edit_(edit) {}

    bool wants(Site site, int layer) override {
        ctrl_c_.hear();
        return dump::Recorder::wants(site, layer);
    }
    bool edits(Site, int) override { return !edit_.is_none(); }
    void edit(Site site, int layer, MatrixView values) override {
        call(site_symbol(site), layer, values.data, shape_of(site, values.rows, values.cols));
    }
    void edit_ids(Site site, int layer, IdsView ids) override {
        call(site_symbol(site), layer, ids.data, shape_of(site, ids.rows, ids.cols));
    }
    bool edits_attention(int) override { return !edit_.is_none(); }
    void edit_attention(int layer, VectorView sinks, int& window) override {
        call("attn_sinks", layer, sinks.data, {std::size_t(sinks.size)});
        std::int32_t edited = window;
        call("attn_window", layer, &edited, {1});
        window = edited;
    }

private:
    // The site's own, of three dimensions where it has three.
    std::vector<std::size_t> shape_of(Site site, int rows, int cols) const {
        const auto& dims = site_info(site).dims;
        const bool has_ranks = dims[1] == Dim::top_k && dims[2] != Dim::none;
        if (!has_ranks) return {std::size_t(rows), std::size_t(cols)};
        const std::size_t top_k = std::size_t(config().top_k);
        return {std::size_t(rows) / top_k, top_k, std::size_t(cols)};
    }

    // The array is Python's own: whoever keeps it keeps a copy.
    template <class Number>
    void call(const std::string& site, int layer, Number* values,
              const std::vector<std::size_t>& shape) {
        const Gil gil;
        NewArray<Number> copy(shape);
        copy.values->assign(values, values + copy.values->size());
        const nb::object at = layer == kNoLayer ? nb::none() : nb::object(nb::int_(layer));
        const nb::object result = edit_(nb::str(site.c_str()), at, copy.array());
        if (!result.is_none()) {
            const std::string got = nb::cast<std::string>(result.type().attr("__name__"));
            throw nb::type_error(("edit: the function returned " + got + " for " + site +
                                  ", expected None: write into the array")
                                     .c_str());
        }
        std::copy(copy.values->begin(), copy.values->end(), values);
    }

    nb::handle edit_;
    CtrlC ctrl_c_;
};

}  // namespace gptoss::python
