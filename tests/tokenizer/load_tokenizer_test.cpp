#include "gptoss/tokenizer/load_tokenizer.hpp"

#include "catch.hpp"
#include "gptoss/tokenizer/write_tokenizer_json.hpp"
#include "o200k.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::Ids;

TEST_CASE("load_tokenizer: a rank file, a tokenizer.json and its directory", "[load_tokenizer]") {
    CHECK(load_tokenizer(test::kRankFile).encode("hello world") == Ids{24912, 2375});

    const TempFolder folder;
    const Vocabulary toy = make_vocabulary(test::single_bytes(), {}, "toy");
    write_tokenizer_json((folder / "tokenizer.json").string(), toy);
    CHECK(load_tokenizer(folder / "tokenizer.json").encode("hi") == Ids{104, 105});
    CHECK(load_tokenizer(folder.path).encode("hi") == Ids{104, 105});
}

TEST_CASE("load_tokenizer: nothing there", "[load_tokenizer][errors]") {
    const TempFolder folder;
    CHECK_THROWS_WITH(load_tokenizer(folder.path),
                      ContainsSubstring("tokenizer.json: cannot be opened"));
    CHECK_THROWS_WITH(load_tokenizer("/nowhere/ranks"),
                      ContainsSubstring("/nowhere/ranks: cannot be opened"));
}
