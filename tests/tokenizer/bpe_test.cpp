#include "gptoss/tokenizer/bpe.hpp"

#include <chrono>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "o200k.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::Ids;
using gptoss::test::o200k;

namespace {

// a 0, b 1, c 2, ab 3, bc 4, abab 5: keys are literals, which live as long as the program.
const RankTable kToyRanks = {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"bc", 4}, {"abab", 5}};

Ids scan(const RankTable& ranks, std::string_view piece) {
    Ids ids;
    bpe_scan(ranks, piece, ids);
    return ids;
}

Ids queue(const RankTable& ranks, std::string_view piece) {
    Ids ids;
    bpe_queue(ranks, piece, ids);
    return ids;
}

}  // namespace

TEST_CASE("bpe: merges by hand", "[bpe]") {
    // a b c: "ab" has rank 3 and "bc" rank 4, so ab c.
    CHECK(scan(kToyRanks, "abc") == Ids{3, 2});
    // a b a b c: ab ab c (leftmost first), then abab c.
    CHECK(scan(kToyRanks, "ababc") == Ids{5, 2});
    // b c a b: ab first although bc stands left of it.
    CHECK(scan(kToyRanks, "bcab") == Ids{4, 3});
    CHECK(scan(kToyRanks, "c") == Ids{2});
    CHECK(scan(kToyRanks, "").empty());
}

TEST_CASE("bpe: lowest rank first is not longest match", "[bpe]") {
    // c d merges first, so a b cd is the end: abc is a token and longer, but never comes up.
    const RankTable ranks = {{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}, {"cd", 4}, {"abc", 5}};
    CHECK(scan(ranks, "abcd") == Ids{0, 1, 4});
    CHECK(queue(ranks, "abcd") == Ids{0, 1, 4});
}

TEST_CASE("bpe: of equal ranks the leftmost merges first", "[bpe]") {
    const RankTable ranks = {{"x", 0}, {"xx", 1}};
    CHECK(scan(ranks, "xxx") == Ids{1, 0});
    CHECK(queue(ranks, "xxx") == Ids{1, 0});
    CHECK(scan(ranks, "xxxxx") == Ids{1, 1, 0});
    CHECK(queue(ranks, "xxxxx") == Ids{1, 1, 0});
}

TEST_CASE("bpe: the table is keyed by bytes, whatever they were joined from", "[bpe]") {
    const RankTable left_first = {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"abc", 4}};
    const RankTable right_first = {{"a", 0}, {"b", 1}, {"c", 2}, {"bc", 3}, {"abc", 4}};
    CHECK(scan(left_first, "abc") == Ids{4});
    CHECK(scan(right_first, "abc") == Ids{4});
}

TEST_CASE("bpe: scan and queue are the same rule", "[bpe]") {
    std::mt19937 random(7);
    const std::string letters = "abcabcde  \nthe-";
    const std::string few = "ab";
    for (int round = 0; round < 3000; ++round) {
        const std::string& alphabet = round % 2 == 0 ? letters : few;
        std::string piece;
        for (auto length = random() % 150; length > 0; --length) {
            piece += alphabet[random() % alphabet.size()];
        }
        if (scan(o200k().vocabulary.ranks, piece) == queue(o200k().vocabulary.ranks, piece))
            continue;
        FAIL("scan and queue differ on: " << piece);
    }
}

TEST_CASE("bpe: scan and queue agree around the length where one gives way", "[bpe]") {
    const RankTable& ranks = o200k().vocabulary.ranks;
    for (const std::size_t size : {kLongPiece - 1, kLongPiece, kLongPiece + 1}) {
        for (const char letter : {'x', '^', '0', 'a', '-'}) {
            const std::string piece(size, letter);
            Ids ids;
            bpe_encode(ranks, piece, ids);
            CHECK(scan(ranks, piece) == queue(ranks, piece));
            CHECK(ids == scan(ranks, piece));
        }
    }
}

TEST_CASE("bpe: merging reaches every token of the vocabulary from its bytes", "[bpe]") {
#ifndef __OPTIMIZE__
    skip_test("takes half a minute without optimization; the release build runs it");
#endif
    const Vocabulary& vocabulary = o200k().vocabulary;
    int n_unreached = 0;
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const Ids expected{std::int32_t(id)};
        if (scan(vocabulary.ranks, vocabulary.tokens[id]) != expected) ++n_unreached;
        if (queue(vocabulary.ranks, vocabulary.tokens[id]) != expected) ++n_unreached;
    }
    CHECK(n_unreached == 0);
}

TEST_CASE("bpe: a million letters in one piece", "[bpe]") {
    const std::string piece(1000000, 'x');
    const auto start = std::chrono::steady_clock::now();
    Ids ids;
    bpe_encode(o200k().vocabulary.ranks, piece, ids);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::cout << "bpe: 1,000,000 x 'x' took " << seconds.count() << " s" << std::endl;
    CHECK(ids.size() == 125000);    // "xxxxxxxx" is a token
    CHECK(seconds.count() < 60.0);  // measured: 0.22 s at -O2, 9 s at -O0 on a busy machine
}

TEST_CASE("bpe: a byte without a token is named", "[bpe][errors]") {
    REQUIRE_THROWS_WITH(scan(kToyRanks, "az"), "bpe: the part 'z' is not in the rank table");
}
