#include "gptoss/tokenizer/tokenizer_json.hpp"

#include <string>

#include "catch.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "o200k.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::Ids;
using nlohmann::json;

namespace {

// The 256 single bytes, "ab" and one special token, in the published layout.
json toy_document() {
    json document;
    document["added_tokens"] = {{{"id", 257}, {"content", "<|start|>"}, {"special", true}}};
    document["normalizer"] = nullptr;
    document["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"}, {"pattern", {{"Regex", kSplitRegex}}}, {"behavior", "Isolated"}},
          {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
    document["model"] = {{"type", "BPE"}, {"merges", {{"a", "b"}}}};
    for (int byte = 0; byte < 256; ++byte) {
        document["model"]["vocab"][to_byte_alphabet(std::string(1, char(byte)))] = byte;
    }
    document["model"]["vocab"]["ab"] = 256;
    return document;
}

Vocabulary load_text(const std::string& text) {
    const TempFolder folder;
    write_bytes(folder / "tokenizer.json", text);
    return load_tokenizer_json((folder / "tokenizer.json").string());
}

Vocabulary load(const json& document) {
    return load_text(document.dump());
}

}  // namespace

TEST_CASE("tokenizer_json: a toy file", "[tokenizer_json]") {
    const Tokenizer tokenizer{load(toy_document())};
    CHECK(tokenizer.vocabulary.tokens.size() == 257);
    CHECK(tokenizer.vocabulary.tokens[256] == "ab");
    CHECK(tokenizer.encode("ab a") == Ids{256, 32, 97});
    CHECK(special_id(tokenizer.vocabulary, "<|start|>") == 257);
    CHECK(vocab_size(tokenizer.vocabulary) == 258);  // no reserved tokens for a toy
}

TEST_CASE("tokenizer_json: a second vocab is found behind any merges, and only a second one",
          "[tokenizer_json][errors]") {
    const std::string text = toy_document().dump();
    const std::size_t at = text.find("\"type\":\"BPE\",\"vocab\"");
    REQUIRE(at != std::string::npos);
    const auto with = [&](const std::string& member) {
        return std::string(text).insert(at, member + ",");
    };
    CHECK_THROWS_WITH(load_text(with(R"("vocab":{"a":0},"x":[{}])")),
                      ContainsSubstring("key \"vocab\" occurs twice"));
    json document = toy_document();
    document["model"]["merges"] = {{{"vocab", 1}}};
    CHECK(load(document).tokens.size() == 257);
    std::string twice = document.dump();
    twice.insert(twice.find("\"type\":\"BPE\""), R"("vocab":{},)");
    CHECK_THROWS_WITH(load_text(twice), ContainsSubstring("key \"vocab\" occurs twice"));
}

TEST_CASE("tokenizer_json: merges as pairs, as strings or left out make no difference",
          "[tokenizer_json]") {
    json document = toy_document();
    document["model"]["merges"] = {"a b", "x y"};
    CHECK(load(document).tokens.size() == 257);
    document["model"]["merges"] = {{"a", "b"}, {"x", "y"}};
    CHECK(load(document).tokens.size() == 257);
    document["model"]["merges"] = {{{"merges", {1, 2}}}, 7, nullptr};
    CHECK(load(document).tokens.size() == 257);
    document["model"].erase("merges");
    CHECK(load(document).tokens.size() == 257);
}

TEST_CASE("tokenizer_json: characters may be escaped", "[tokenizer_json]") {
    const std::string raw = toy_document().dump();
    const std::string escaped = toy_document().dump(-1, ' ', true);
    REQUIRE(raw.find("\\u0120") == std::string::npos);
    REQUIRE(escaped.find("\\u0120") != std::string::npos);
    CHECK(load_text(escaped).tokens == load_text(raw).tokens);
}

TEST_CASE("tokenizer_json: the 21 added tokens of the published file are completed",
          "[tokenizer_json]") {
    json document = toy_document();
    document["added_tokens"] = json::array();
    document["model"]["vocab"] = json::object();
    const Vocabulary& full = test::o200k().vocabulary;
    for (int id = 0; id < kO200kRanks; ++id) {
        document["model"]["vocab"][to_byte_alphabet(full.tokens[std::size_t(id)])] = id;
    }
    for (int id = 199998; id <= 200018; ++id) {
        const std::string name(token_bytes(full, id));
        document["added_tokens"].push_back({{"id", id}, {"content", name}, {"special", true}});
    }

    const Vocabulary vocabulary = load(document);
    CHECK(vocabulary.tokens == full.tokens);
    CHECK(vocab_size(vocabulary) == 201088);
    for (int id = kO200kRanks; id < kO200kHarmonyIds; ++id) {
        if (token_bytes(vocabulary, id) != token_bytes(full, id)) FAIL("name of " << id);
    }
}

TEST_CASE("tokenizer_json: what is not JSON", "[tokenizer_json][errors]") {
    CHECK_THROWS_WITH(load_text("IQ== 0\n"), ContainsSubstring("tokenizer.json: not valid JSON"));
    CHECK_THROWS_WITH(load_text("{\"model\": "), ContainsSubstring("not valid JSON"));
    CHECK_THROWS_WITH(load_text("{\"a\": \"\xFF\"}"), ContainsSubstring("not valid JSON"));
    CHECK_THROWS_WITH(load_text(""), ContainsSubstring("is empty"));
    CHECK_THROWS_WITH(load_text("[1, 2]"), ContainsSubstring("no key \"model\""));
    CHECK_THROWS_WITH(load_text("{\"model\": {}, \"model\": {}}"), ContainsSubstring("twice"));
    CHECK_THROWS_WITH(load_tokenizer_json("/nowhere/tokenizer.json"),
                      ContainsSubstring("/nowhere/tokenizer.json: cannot be opened"));
}

TEST_CASE("tokenizer_json: keys that are missing or of another kind", "[tokenizer_json][errors]") {
    json document = toy_document();
    document["model"].erase("vocab");
    CHECK_THROWS_WITH(load(document),
                      ContainsSubstring("no key \"vocab\", expected one that holds: object"));
    document["model"]["vocab"] = "ab";
    CHECK_THROWS_WITH(load(document),
                      ContainsSubstring("key \"vocab\" holds: string, expected: object"));
    document = toy_document();
    document["model"]["type"] = "WordPiece";
    CHECK_THROWS_WITH(load(document),
                      ContainsSubstring("model.type is \"WordPiece\", expected BPE"));
    document = toy_document();
    document.erase("added_tokens");
    CHECK_THROWS_WITH(load(document), ContainsSubstring("no key \"added_tokens\""));
    document["added_tokens"] = {{{"id", 257}}};
    CHECK_THROWS_WITH(load(document), ContainsSubstring("no key \"content\""));
    document["added_tokens"] = {7};
    CHECK_THROWS_WITH(load(document), ContainsSubstring("no key \"content\""));
}

TEST_CASE("tokenizer_json: ids that are none", "[tokenizer_json][errors]") {
    for (const json& id : {json(-1), json(1.5), json("256"), json(nullptr), json(4294967552u)}) {
        json document = toy_document();
        document["model"]["vocab"]["ab"] = id;
        CHECK_THROWS_WITH(load(document), ContainsSubstring("the id of token \"ab\" is"));
    }
    json document = toy_document();
    document["model"]["vocab"]["ab"] = 255;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("model.vocab gives id 255 twice"));
    document["model"]["vocab"]["ab"] = 257;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("so a lower id is missing"));
    document = toy_document();
    document["added_tokens"][0]["id"] = 12;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("\"<|start|>\" has id 12"));
    document["added_tokens"][0]["id"] = 300;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("257 ranks, expected 300"));
}

TEST_CASE("tokenizer_json: a token that is not spelled in the byte alphabet",
          "[tokenizer_json][errors]") {
    json document = toy_document();
    document["model"]["vocab"]["日"] = 257;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("model.vocab has \"日\""));
}

TEST_CASE("tokenizer_json: another split rule is refused", "[tokenizer_json][errors]") {
    json document = toy_document();
    json& steps = document["pre_tokenizer"]["pretokenizers"];
    steps[0]["pattern"]["Regex"] = "\\s+|\\S+";
    CHECK_THROWS_WITH(load(document),
                      ContainsSubstring("the Split pattern is \"\\\\s+|\\\\S+\", expected"));
    steps[0] = {{"type", "Digits"}};
    CHECK_THROWS_WITH(load(document), ContainsSubstring("pre_tokenizer has a step \"Digits\""));
    steps.erase(0);
    CHECK_THROWS_WITH(load(document), ContainsSubstring("pre_tokenizer has no Split step"));
    document = toy_document();
    document["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = true;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("add_prefix_space = true"));
    document["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = nullptr;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("add_prefix_space = null, expected false"));
    document = toy_document();
    document["pre_tokenizer"]["pretokenizers"][1].erase("use_regex");
    CHECK_THROWS_WITH(load(document), ContainsSubstring("use_regex = true, expected false"));
    document = toy_document();
    document["normalizer"] = {{"type", "NFC"}};
    CHECK_THROWS_WITH(load(document), ContainsSubstring("there is a normalizer, expected null"));
    document = toy_document();
    document["pre_tokenizer"] = nullptr;
    CHECK_THROWS_WITH(load(document), ContainsSubstring("key \"pre_tokenizer\" holds: null"));
}
