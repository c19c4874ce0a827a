// The bytes of .npy and .npz files, as numpy writes them, for tests that read or damage them.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/format/zip.hpp"

namespace gptoss::test {

using namespace gptoss::format;

// value in n little-endian bytes.
inline std::string little(std::uint64_t value, int n) {
    std::string bytes;
    for (int i = 0; i < n; ++i) {
        bytes += char(value & 0xFF);
        value >>= 8;  // of 8 bytes nothing is left: the rest are 0
    }
    return bytes;
}

template <class Number>
std::string bytes_of(const std::vector<Number>& numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

inline std::string npy_with_header(const std::string& header, const std::string& data,
                                   int major = 1) {
    const std::string version = {char(major), 0};
    return "\x93NUMPY" + version + little(header.size(), major == 1 ? 2 : 4) + header + data;
}

// npy_bytes("<f4", "(2, 3)", bytes_of(values))
inline std::string npy_bytes(const std::string& descr, const std::string& shape,
                             const std::string& data, bool fortran_order = false) {
    const std::string order = fortran_order ? "True" : "False";
    return npy_with_header(
        "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n",
        data);
}

using Files = std::vector<std::pair<std::string, std::string>>;  // name, bytes

// A zip of stored members; with zip64 every number that may stand in its fields does.
inline std::string zip_bytes(const Files& files, bool zip64 = false) {
    std::string members;
    std::string directory;
    for (const auto& [name, bytes] : files) {
        const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
        const std::string crc = little(crc32(data, bytes.size()), 4);
        const std::string size = little(zip64 ? 0xFFFFFFFFu : bytes.size(), 4);
        const std::string place = little(zip64 ? 0xFFFFFFFFu : members.size(), 4);
        const std::string sizes64 = little(bytes.size(), 8) + little(bytes.size(), 8);
        const std::string fields64 =
            little(1, 2) + little(24, 2) + sizes64 + little(members.size(), 8);
        const std::string extra = zip64 ? fields64 : "";
        const std::string name_and_extra = little(name.size(), 2) + little(extra.size(), 2);
        directory += "PK\x01\x02" + little(45, 2) + little(45, 2) + little(0, 8) + crc + size +
                     size + name_and_extra + little(0, 2 + 2 + 2 + 4) + place + name + extra;
        members += "PK\x03\x04" + little(45, 2) + little(0, 8) + crc + size + size +
                   name_and_extra + name + extra + bytes;
    }
    std::string end;
    if (zip64) {
        end += "PK\x06\x06" + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) +
               little(files.size(), 8) + little(files.size(), 8) + little(directory.size(), 8) +
               little(members.size(), 8);
        end += "PK\x06\x07" + little(0, 4) + little(members.size() + directory.size(), 8) +
               little(1, 4);
    }
    const std::uint64_t n_files = zip64 ? 0xFFFF : files.size();
    const std::uint64_t place = zip64 ? 0xFFFFFFFFu : members.size();
    end += "PK\x05\x06" + little(0, 4) + little(n_files, 2) + little(n_files, 2) +
           little(zip64 ? 0xFFFFFFFFu : directory.size(), 4) + little(place, 4) + little(0, 2);
    return members + directory + end;
}

// "4d5a" -> "MZ"
inline std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += char(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

}  // namespace gptoss::test
