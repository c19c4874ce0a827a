#include "gptoss/format/zip.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "npy_bytes.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::test;

namespace {

std::vector<ZipMember> read(const std::string& bytes) {
    return read_zip("x.npz", reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string text_of(const ZipMember& member) {
    return {reinterpret_cast<const char*>(member.bytes), std::size_t(member.n_bytes)};
}

std::string complaint(const std::string& bytes) {
    try {
        read(bytes);
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

std::string replaced(std::string bytes, std::size_t place, const std::string& part) {
    return bytes.replace(place, part.size(), part);
}

const Files kFiles = {{"a.npy", "first"}, {"b.npy", "the second"}};

// numpy.savez of "block.0.attn.q" = [[1.5]] (float32) and "tokens" = [7] (int64), numpy 2.4.6.
const std::string kNumpys = from_hex(
    "504b03042d000000000000002100f93c6c13ffffffffffffffff12001400626c6f636b2e302e6174746e2e71"
    "2e6e70790100100084000000000000008400000000000000934e554d5059010076007b276465736372273a20"
    "273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028312c20"
    "31292c207d202020202020202020202020202020202020202020202020202020202020202020202020202020"
    "202020202020202020202020202020202020200a0000c03f504b03042d000000000000002100b9937b98ffff"
    "ffffffffffff0a001400746f6b656e732e6e70790100100088000000000000008800000000000000934e554d"
    "5059010076007b276465736372273a20273c6938272c2027666f727472616e5f6f72646572273a2046616c73"
    "652c20277368617065273a2028312c292c207d20202020202020202020202020202020202020202020202020"
    "20202020202020202020202020202020202020202020202020202020202020202020200a0700000000000000"
    "504b01022d032d000000000000002100f93c6c13840000008400000012000000000000000000000080010000"
    "0000626c6f636b2e302e6174746e2e712e6e7079504b01022d032d000000000000002100b9937b9888000000"
    "880000000a00000000000000000000008001c8000000746f6b656e732e6e7079504b05060000000002000200"
    "780000008c0100000000");

}  // namespace

TEST_CASE("zip: the checksum of the standard's test text", "[zip]") {
    const std::string digits = "123456789";
    CHECK(crc32(reinterpret_cast<const std::uint8_t*>(digits.data()), 9) == 0xCBF43926u);
}

TEST_CASE("zip: an archive that numpy wrote", "[zip]") {
    const std::vector<ZipMember> members = read(kNumpys);
    REQUIRE(members.size() == 2);
    CHECK(members[0].name == "block.0.attn.q.npy");
    CHECK(members[0].method == 0);
    CHECK(members[0].n_bytes == 132);
    CHECK(text_of(members[0]).substr(1, 5) == "NUMPY");
    CHECK(members[1].name == "tokens.npy");
}

TEST_CASE("zip: with sizes and places in 64 bits", "[zip]") {
    for (const bool zip64 : {false, true}) {
        const std::string bytes = zip_bytes(kFiles, zip64);
        const std::vector<ZipMember> members = read(bytes);
        REQUIRE(members.size() == 2);
        CHECK(text_of(members[0]) == "first");
        CHECK(text_of(members[1]) == "the second");
    }
}

TEST_CASE("zip: a comment at the end, and no members", "[zip]") {
    std::string bytes = zip_bytes(kFiles);
    bytes[bytes.size() - 2] = 5;
    CHECK(read(bytes + "hello").size() == 2);
    CHECK(read(zip_bytes({})).empty());
}

TEST_CASE("zip: a compressed member is listed, without bytes", "[zip]") {
    std::string bytes = zip_bytes(kFiles);
    const std::size_t directory = bytes.find("PK\x01\x02");
    const std::vector<ZipMember> members = read(replaced(bytes, directory + 10, "\x08"));
    CHECK(members[0].method == 8);
    CHECK(members[0].bytes == nullptr);
}

TEST_CASE("zip: cut short anywhere", "[zip][errors]") {
    for (const std::string& whole : {zip_bytes(kFiles), zip_bytes(kFiles, true), kNumpys}) {
        for (std::size_t n = 0; n < whole.size(); ++n) {
            CHECK_THAT(complaint(whole.substr(0, n)), StartsWith("x.npz: "));
        }
    }
    CHECK(complaint(kNumpys.substr(0, 300)) ==
          "x.npz: zip has no directory at its end; is it cut short?");
}

TEST_CASE("zip: damaged data is found by its checksum", "[zip][errors]") {
    std::string bytes = zip_bytes(kFiles);
    bytes[bytes.find("second")] = 'S';
    CHECK(complaint(bytes) == "x.npz: \"b.npy\" has another checksum than the zip directory says");
}

TEST_CASE("zip: places and sizes that cannot be", "[zip][errors]") {
    const std::string bytes = zip_bytes(kFiles);
    const std::size_t directory = bytes.find("PK\x01\x02");
    CHECK_THAT(complaint(replaced(bytes, directory + 42, little(7, 4))),
               ContainsSubstring("is not where the zip directory says"));
    CHECK_THAT(complaint(replaced(bytes, directory + 20, little(9999, 4) + little(9999, 4))),
               ContainsSubstring("has 9999 bytes, more than the zip holds"));
    CHECK_THAT(complaint(replaced(bytes, directory + 8, "\x01")), ContainsSubstring("encrypted"));
    CHECK_THAT(complaint(replaced(bytes, directory, "XX")), ContainsSubstring("damaged"));
    CHECK_THAT(complaint(replaced(bytes, bytes.size() - 18, little(1, 2))),
               ContainsSubstring("several disks"));
    CHECK(complaint(zip_bytes({{"a", "1"}, {"a", "2"}})) == "x.npz: \"a\" occurs twice");
}

TEST_CASE("zip: members share no byte with each other or with the directory", "[zip][errors]") {
    const std::string bytes = zip_bytes(kFiles);
    const std::size_t directory = bytes.find("PK\x01\x02");
    const std::size_t second = bytes.find("PK\x01\x02", directory + 1);
    CHECK(complaint(replaced(bytes, second + 42, little(0, 4))) ==
          "x.npz: \"a.npy\" overlaps \"b.npy\"");
    const std::string longer = little(60, 4) + little(60, 4);
    CHECK(complaint(replaced(bytes, directory + 20, longer)) ==
          "x.npz: \"a.npy\" overlaps \"b.npy\"");
    const std::string into_directory = little(12, 4) + little(12, 4);
    CHECK(complaint(replaced(bytes, second + 20, into_directory)) ==
          "x.npz: \"b.npy\" overlaps the zip directory");
    const std::string deflated = replaced(replaced(bytes, directory + 10, "\x08"),  // of any size
                                          directory + 20, little(60, 4));
    CHECK(complaint(deflated) == "x.npz: \"a.npy\" overlaps \"b.npy\"");
}

TEST_CASE("zip: any byte may be wrong", "[zip][errors]") {
    for (const std::string& whole : {zip_bytes(kFiles, true), kNumpys}) {
        for (std::size_t place = 0; place < whole.size(); ++place) {
            for (const int damage : {0x00, 0x7F, 0xFF}) {
                std::string bytes = whole;
                bytes[place] = char(damage);
                complaint(bytes);  // an error or not, but nothing else
            }
        }
    }
    SUCCEED();
}
