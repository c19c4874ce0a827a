#include "gptoss/checkpoint/generation_config.hpp"

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using checkpoint::read_generation_config;

TEST_CASE("generation_config: the ids that end a generation, one or a list",
          "[generation_config]") {
    const TempFolder folder;
    CHECK(read_generation_config(folder.path).eos_token_ids.empty());
    write_bytes(folder / "generation_config.json", R"({"eos_token_id": 5})");
    CHECK(read_generation_config(folder.path).eos_token_ids == std::vector<int>{5});
    write_bytes(folder / "generation_config.json", R"({"eos_token_id": [200002, 200012]})");
    CHECK(read_generation_config(folder.path).eos_token_ids == std::vector<int>{200002, 200012});
    write_bytes(folder / "generation_config.json", R"({"eos_token_id": null})");
    CHECK(read_generation_config(folder.path).eos_token_ids.empty());
}

TEST_CASE("generation_config: do_sample is true unless it is said to be false",
          "[generation_config]") {
    const TempFolder folder;
    CHECK(read_generation_config(folder.path).do_sample);
    write_bytes(folder / "generation_config.json", R"({"do_sample": null})");
    CHECK(read_generation_config(folder.path).do_sample);
    write_bytes(folder / "generation_config.json", R"({"do_sample": false})");
    CHECK_FALSE(read_generation_config(folder.path).do_sample);
}

TEST_CASE("generation_config: what is wrong is named", "[generation_config][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "generation_config.json").string();
    write_bytes(path, "[]");
    CHECK_THROWS_WITH(read_generation_config(folder.path), path + ": holds no JSON object");
    write_bytes(path, R"({"do_sample": 1})");
    CHECK_THROWS_WITH(read_generation_config(folder.path),
                      path + ": do_sample is 1, expected true or false");
    write_bytes(path, R"({"eos_token_id": ["x"]})");
    CHECK_THROWS_WITH(read_generation_config(folder.path),
                      path + ": eos_token_id is [\"x\"], expected an integer from 0 to 2147483647");
}
