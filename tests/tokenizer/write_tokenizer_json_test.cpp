#include "gptoss/tokenizer/write_tokenizer_json.hpp"

#include <string>

#include "catch.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "o200k.hpp"
#include "small_disk.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::o200k;

TEST_CASE("write_tokenizer_json: the full vocabulary gives the same ids as the rank file",
          "[write_tokenizer_json]") {
#ifndef __OPTIMIZE__
    skip_test("takes most of a minute without optimization; the release build runs it");
#endif
    const TempFolder folder;
    const std::string path = (folder / "tokenizer.json").string();
    write_tokenizer_json(path, o200k().vocabulary);
    const Tokenizer tokenizer{load_tokenizer_json(path)};

    CHECK(tokenizer.vocabulary.tokens == o200k().vocabulary.tokens);
    CHECK(vocab_size(tokenizer.vocabulary) == 201088);
    for (const test::Vector& vector : test::vectors()) {
        CAPTURE(vector.line);
        CHECK(tokenizer.encode(vector.text) == vector.ids);
        CHECK(tokenizer.encode_with_special(vector.text) ==
              o200k().encode_with_special(vector.text));
    }
}

TEST_CASE("write_tokenizer_json: the full vocabulary has 446,189 merges",
          "[write_tokenizer_json]") {
    std::size_t n_merges = 0;
    for (const std::string& token : o200k().vocabulary.tokens) {
        n_merges += cuts_of_token(o200k().vocabulary, token).size();
    }
    CHECK(n_merges == 446189);
}

TEST_CASE("write_tokenizer_json: a small vocabulary keeps the rules", "[write_tokenizer_json]") {
    const TempFolder folder;
    const std::string path = (folder / "tokenizer.json").string();
    write_tokenizer_json(
        path, truncated_vocabulary(o200k().vocabulary, 1024, named_special_tokens_from(1024)));
    const Tokenizer small{load_tokenizer_json(path)};

    CHECK(vocab_size(small.vocabulary) == 1034);
    CHECK(small.encode_with_special("<|start|>")[0] == 1029);
    for (const test::Vector& vector : test::vectors()) {
        CAPTURE(vector.line);
        const std::vector<std::int32_t> ids = small.encode(vector.text);
        CHECK(small.decode_utf8(ids) == vector.text);
        CHECK(std::all_of(ids.begin(), ids.end(), [](std::int32_t id) { return id < 1024; }));
    }
}

TEST_CASE("write_tokenizer_json: the file, key by key", "[write_tokenizer_json]") {
    std::vector<std::string> tokens = test::single_bytes();
    for (const char* token : {"bc", "abc", "ab", "cd", "abcd"}) {
        tokens.push_back(token);
    }
    const TempFolder folder;
    const std::string path = (folder / "tokenizer.json").string();
    write_tokenizer_json(path, make_vocabulary(tokens, {{261, "<|x|>"}, {261, "<|y|>"}}, "toy"));
    const nlohmann::json document = nlohmann::json::parse(read_bytes(path));

    CHECK(document["model"]["vocab"].size() == 261);
    CHECK(document["model"]["vocab"]["Ġ"] == 32);
    CHECK(document["model"]["vocab"]["abc"] == 257);
    // By rank of the whole; abcd = abc + d (257, 100) before ab + cd (258, 259).
    CHECK(document["model"]["merges"].dump() == R"([["b","c"],["a","bc"],["ab","c"],["a","b"],)"
                                                R"(["c","d"],["abc","d"],["ab","cd"]])");
    CHECK(document["added_tokens"].size() == 1);
    CHECK(document["added_tokens"][0]["content"] == "<|x|>");
    CHECK(document["added_tokens"][0]["special"] == true);
    CHECK(document["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] == kSplitRegex);
    CHECK(document["normalizer"].is_null());
}

TEST_CASE("write_tokenizer_json: what cannot be written leaves nothing behind",
          "[write_tokenizer_json][errors]") {
    const TempFolder folder;
    const Vocabulary toy = make_vocabulary(test::single_bytes(), {}, "toy");
    CHECK_THROWS_WITH(write_tokenizer_json((folder / "none/tokenizer.json").string(), toy),
                      ContainsSubstring("none/tokenizer.json: cannot be created"));

    const std::string path = (folder / "tokenizer.json").string();
    write_bytes(path, "before");
    const SmallDisk small_disk(1000);
    CHECK_THROWS_WITH(write_tokenizer_json(path, toy), ContainsSubstring("cannot be written"));
    CHECK(read_bytes(path) == "before");
    CHECK_FALSE(std::filesystem::exists(path + ".0.partial"));
}
