#include "../../examples/gptoss/harmony_vectors.hpp"

#include <fstream>

#include "catch.hpp"
#include "harmony/harmony_text.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::harmony;
using gptoss::test::harmony;

TEST_CASE("harmony_vectors: c.7.14 c.8.2 the published vectors, text and ids", "[harmony]") {
    const VectorReport report =
        run_harmony_vectors(harmony(), GPTOSS_SOURCE_DIR "/tests/harmony/data");
    for (const VectorReport::Mistake& mistake : report.mistakes) {
        FAIL_CHECK(mistake.name << ": " << mistake.text);
    }
    CHECK(report.n_passed == 10);
}

TEST_CASE("harmony_vectors: one mistake per failed case, the others still run", "[harmony]") {
    const TempFolder folder;
    std::ofstream(folder / "a.json") << R"({"cases": [
        {"name": "good", "mode": "conversation", "messages": [], "expected_text": ""},
        {"name": "bad", "mode": "conversation", "messages": [], "expected_text": "x"},
        {"name": "odd", "mode": "conversation", "messages": [], "expected_text": 5},
        {"name": "parsed", "ids": [], "expected_messages": []}]})";
    std::ofstream(folder / "b.json") << "{";
    std::ofstream(folder / "c.json") << "[1]";
    std::ofstream(folder / "d.txt") << "not read";
    const VectorReport report = run_harmony_vectors(harmony(), folder.path);
    CHECK(report.n_passed == 2);
    REQUIRE(report.mistakes.size() == 4);
    CHECK(report.mistakes[0].name == "bad");
    CHECK(report.mistakes[1].name == "odd");
    CHECK_THAT(report.mistakes[1].text, ContainsSubstring("cannot be read"));
    CHECK(report.mistakes[2].name == "b.json");
    CHECK(report.mistakes[3].text == "is no object");
}

TEST_CASE("harmony_vectors: a folder without vectors is an error", "[harmony][errors]") {
    const TempFolder folder;
    CHECK_THROWS_WITH(run_harmony_vectors(harmony(), folder.path),
                      folder.path.string() + ": holds no vectors");
    CHECK_THROWS_WITH(run_harmony_vectors(harmony(), "/missing"), "/missing: is no folder");
}
