// Reading zip archives whose members are stored, not compressed: the frame of an .npz.
//
//     member ... member | central directory | (zip64 end, its locator) | end of central directory
//
// The directory at the end is what counts: it has each member's name, method, sizes, checksum and
// place. A member's own header is read only to know how long it is. Sizes and places beyond 32 bits
// are in an extra field with the id 1 (zip64). A compressed member is listed with its method and
// has no bytes.
//
// Source   PKWARE 2022, APPNOTE.TXT .ZIP File Format Specification 6.3.10, sections 4.3 to 4.5.
// Errors   Error, naming the file and the member: no directory at the end (cut short), a place
//          outside the file, a checksum that differs, a name twice, encryption, several disks,
//          members that share bytes (a small file could unpack to any size).
// Pitfalls Everything comes from outside: each place is checked against the size before it is read.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::format {

struct ZipMember {
    std::string name;
    int method = 0;  // 0 stored, 8 deflated
    const std::uint8_t* bytes = nullptr;
    std::uint64_t n_bytes = 0;
};

// The remainder that zip keeps of a member's bytes (polynomial 0xEDB88320, reflected).
inline std::uint32_t crc32(const std::uint8_t* bytes, std::uint64_t n_bytes) {
    static const std::array<std::uint32_t, 256> table = [] {
        std::array<std::uint32_t, 256> remainders{};
        for (std::uint32_t byte = 0; byte < 256; ++byte) {
            std::uint32_t remainder = byte;
            for (int bit = 0; bit < 8; ++bit) {
                remainder = (remainder >> 1) ^ ((remainder & 1u) != 0 ? 0xEDB88320u : 0u);
            }
            remainders[byte] = remainder;
        }
        return remainders;
    }();
    std::uint32_t crc = 0xFFFFFFFFu;
    for (std::uint64_t i = 0; i < n_bytes; ++i) {
        crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xFFu];
    }
    return ~crc;
}

class ZipReader {
public:
    ZipReader(const std::string& path, const std::uint8_t* bytes, std::uint64_t size)
        : path_(path), bytes_(bytes), size_(size) {}

    std::vector<ZipMember> read() {
        const Directory directory = find_directory();
        std::vector<Placed> placed;
        std::set<std::string> names;
        std::uint64_t at = directory.begin;
        for (std::uint64_t n = 0; n < directory.n_members; ++n) {
            placed.push_back(read_member(at));
            const std::string& name = placed.back().member.name;
            if (!names.insert(name).second) fail(gptoss::format::quoted(name) + " occurs twice");
        }
        require_apart(placed, directory.begin);

        std::vector<ZipMember> members;  // no byte of which is read twice
        for (Placed& each : placed) {
            require_checksum(each);
            members.push_back(std::move(each.member));
        }
        return members;
    }

private:
    struct Directory {
        std::uint64_t begin;
        std::uint64_t n_members;
    };
    // What the directory says of a member's size and place.
    struct Extent {
        std::uint64_t n_bytes;
        std::uint64_t n_stored;
        std::uint64_t header;
    };
    struct Placed {
        ZipMember member;
        std::uint64_t begin = 0;  // of its own header
        std::uint64_t end = 0;    // of its data
        std::uint32_t crc = 0;
    };
    static constexpr std::uint64_t kNot32 = 0xFFFFFFFFu;  // look in the zip64 field

    [[noreturn]] void fail(const std::string& what) const { throw Error(path_ + ": " + what); }

    // A little-endian number of n bytes.
    std::uint64_t number(std::uint64_t at, int n) const {
        if (at > size_ || std::uint64_t(n) > size_ - at) fail("zip is cut short or damaged");
        std::uint64_t value = 0;
        for (int i = 0; i < n; ++i) {
            value |= std::uint64_t(bytes_[at + std::uint64_t(i)]) << (8 * i);
        }
        return value;
    }

    // The end record has 22 bytes and a comment of up to 65535, whose length it knows.
    std::uint64_t find_end() const {
        for (std::uint64_t back = 22; back <= size_ && back <= 22 + 65535; ++back) {
            const std::uint64_t at = size_ - back;
            if (number(at, 4) == 0x06054b50 && number(at + 20, 2) == back - 22) return at;
        }
        fail("zip has no directory at its end; is it cut short?");
    }

    Directory find_directory() const {
        const std::uint64_t end = find_end();
        Directory directory{number(end + 16, 4), number(end + 10, 2)};
        std::uint64_t n_disks = number(end + 4, 2);
        if (end >= 20 && number(end - 20, 4) == 0x07064b50) {
            const std::uint64_t end64 = number(end - 12, 8);
            if (number(end64, 4) != 0x06064b50) fail("zip64 end record is damaged");
            n_disks = number(end64 + 16, 4);
            directory = {number(end64 + 48, 8), number(end64 + 32, 8)};
        }
        if (n_disks != 0) fail("zip is one of several disks");
        return directory;
    }

    Placed read_member(std::uint64_t& at) const {
        if (number(at, 4) != 0x02014b50) fail("zip directory is damaged");
        const std::uint64_t name_length = number(at + 28, 2);
        const std::uint64_t extra_length = number(at + 30, 2);
        const std::uint64_t comment_length = number(at + 32, 2);
        const std::uint64_t extra = at + 46 + name_length;
        const std::uint64_t next = extra + extra_length + comment_length;
        if (next > size_) fail("zip directory is cut short");

        Placed placed;
        ZipMember& member = placed.member;
        member.name.assign(reinterpret_cast<const char*>(bytes_ + at + 46),
                           std::size_t(name_length));
        member.method = int(number(at + 10, 2));
        if ((number(at + 8, 2) & 1) != 0)
            fail(gptoss::format::quoted(member.name) + " is encrypted");
        Extent extent{number(at + 24, 4), number(at + 20, 4), number(at + 42, 4)};
        read_zip64(extra, extra + extra_length, extent);
        placed.crc = std::uint32_t(number(at + 16, 4));
        locate(placed, extent);
        at = next;
        return placed;
    }

    // The field holds only those numbers that did not fit, in this order.
    void read_zip64(std::uint64_t at, std::uint64_t end, Extent& extent) const {
        while (at + 4 <= end) {
            const std::uint64_t id = number(at, 2);
            const std::uint64_t field_end = at + 4 + number(at + 2, 2);
            if (id == 1 && field_end <= end) {
                at += 4;
                for (std::uint64_t* value : {&extent.n_bytes, &extent.n_stored, &extent.header}) {
                    if (*value != kNot32 || at + 8 > field_end) continue;
                    *value = number(at, 8);
                    at += 8;
                }
                return;
            }
            at = field_end;
        }
    }

    void locate(Placed& placed, const Extent& extent) const {
        ZipMember& member = placed.member;
        if (number(extent.header, 4) != 0x04034b50) {
            fail(gptoss::format::quoted(member.name) + " is not where the zip directory says");
        }
        const std::uint64_t begin =
            extent.header + 30 + number(extent.header + 26, 2) + number(extent.header + 28, 2);
        const bool is_stored = member.method == 0;
        const bool is_stored_whole = !is_stored || extent.n_bytes == extent.n_stored;
        if (!is_stored_whole || begin > size_ || extent.n_stored > size_ - begin) {
            fail(gptoss::format::quoted(member.name) + " has " + std::to_string(extent.n_bytes) +
                 " bytes, more than the zip holds");
        }
        placed.begin = extent.header;
        placed.end = begin + extent.n_stored;
        if (!is_stored) return;
        member.bytes = bytes_ + begin;
        member.n_bytes = extent.n_bytes;
    }

    // Gaps are fine: a data descriptor, padding.
    void require_apart(const std::vector<Placed>& placed, std::uint64_t directory_begin) const {
        std::vector<const Placed*> in_order;
        for (const Placed& each : placed)
            in_order.push_back(&each);
        std::sort(in_order.begin(), in_order.end(),
                  [](const Placed* a, const Placed* b) { return a->begin < b->begin; });
        for (std::size_t i = 0; i < in_order.size(); ++i) {
            const bool is_last = i + 1 == in_order.size();
            const std::uint64_t next = is_last ? directory_begin : in_order[i + 1]->begin;
            if (in_order[i]->end <= next) continue;
            fail(gptoss::format::quoted(in_order[i]->member.name) + " overlaps " +
                 (is_last ? "the zip directory"
                          : gptoss::format::quoted(in_order[i + 1]->member.name)));
        }
    }

    void require_checksum(const Placed& placed) const {
        const ZipMember& member = placed.member;
        if (member.bytes == nullptr || crc32(member.bytes, member.n_bytes) == placed.crc) return;
        fail(gptoss::format::quoted(member.name) +
             " has another checksum than the zip directory says");
    }

    std::string path_;
    const std::uint8_t* bytes_;
    std::uint64_t size_;
};

inline std::vector<ZipMember> read_zip(const std::string& path, const std::uint8_t* bytes,
                                       std::uint64_t size) {
    return ZipReader(path, bytes, size).read();
}

}  // namespace gptoss::format
