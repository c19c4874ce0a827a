#include "gptoss/tokenizer/byte_alphabet.hpp"

#include <set>
#include <string>

#include "catch.hpp"
#include "o200k.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;

namespace {

std::string from(const std::string& text) {
    std::string bytes;
    return from_byte_alphabet(text, bytes) ? bytes : "not in the alphabet";
}

}  // namespace

TEST_CASE("byte_alphabet: printable bytes are themselves, the rest moves up by rank",
          "[byte_alphabet]") {
    CHECK(to_byte_alphabet("hello") == "hello");
    CHECK(to_byte_alphabet(" hello") == "Ġhello");  // 0x20 is the 33rd of the 68: U+0100 + 32
    CHECK(to_byte_alphabet("\n") == "Ċ");           // U+0100 + 10
    CHECK(to_byte_alphabet(std::string(1, '\0')) == "Ā");
    CHECK(to_byte_alphabet("\x7F") == "\u0121");
    CHECK(to_byte_alphabet("\xA0") == "\u0142");
    CHECK(to_byte_alphabet("\xAD") == "\u0143");  // the soft hyphen, last of the 68
    CHECK(to_byte_alphabet("\xC3\xA9") == "Ã©");  // é: two bytes, two characters
}

TEST_CASE("byte_alphabet: all bytes go to different characters and back", "[byte_alphabet]") {
    std::set<std::string> spelled;
    for (int byte = 0; byte < 256; ++byte) {
        const std::string single(1, char(byte));
        spelled.insert(to_byte_alphabet(single));
        CHECK(from(to_byte_alphabet(single)) == single);
    }
    CHECK(spelled.size() == 256);
}

TEST_CASE("byte_alphabet: its order is the order of the first 256 ranks", "[byte_alphabet]") {
    std::vector<std::string> by_rank;
    for (int rank = 0; rank < 256; ++rank) {
        by_rank.push_back(to_byte_alphabet(test::o200k().vocabulary.tokens[std::size_t(rank)]));
    }
    CHECK(std::is_sorted(by_rank.begin(), by_rank.end()));
}

TEST_CASE("byte_alphabet: other characters stand for no byte", "[byte_alphabet][errors]") {
    CHECK(from("a b") == "not in the alphabet");
    CHECK(from("\u00AD") == "not in the alphabet");
    CHECK(from("\u0144") == "not in the alphabet");
    CHECK(from("日") == "not in the alphabet");
    CHECK(from("") == "");
}
