#include "../../examples/live/recorded_page.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;
using namespace gptoss::live;

namespace {

constexpr std::string_view kViewer = "<body>\n<!-- the run -->\n</body>\n";

const Weights& weights() {
    static const Weights tiny = checkpoint::synthetic_weights(preset_tiny(), 1);
    return tiny;
}

dump::Dump run_of(std::vector<std::int32_t> ids) {
    dump::Recorder recorder(weights().config, dump::all_sites());
    Transformer<> transformer(weights());
    transformer.feed({ids.data(), int(ids.size())}, LogitRows::all, &recorder);
    return dump_of(recorder, "run");
}

nlohmann::json header_of(const std::string& page) {
    const std::string begin = "id=\"run-header\">";
    const std::size_t at = page.find(begin) + begin.size();
    return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}

}  // namespace

TEST_CASE("recorded page: the letters of RFC 4648", "[recorded_page]") {
    const auto of = [](std::string text) { return base64({text.begin(), text.end()}); };
    CHECK(of("") == "");
    CHECK(of("f") == "Zg==");
    CHECK(of("fo") == "Zm8=");
    CHECK(of("foobar") == "Zm9vYmFy");
}

TEST_CASE("recorded page: every site of the run, and the guesses of every half layer",
          "[recorded_page]") {
    const std::string page =
        recorded_page(kViewer, run_of({1, 2, 3}), weights(), nullptr, {"tiny", 2});
    const nlohmann::json header = header_of(page);
    CHECK(header["arrays"].size() == 3 + 21 * 4 + 5);
    CHECK(header["arrays"]["lens.ids"]["shape"] == std::vector<int>{9, 3, 5});
    CHECK(header["arrays"]["block.1.attn.weights"]["shape"] == std::vector<int>{4, 6});
    CHECK(header["tokens"][2]["text"] == "#3");
    CHECK(header["precision"] == "float32");
    CHECK(header["n_prompt"] == 2);
    CHECK(page.ends_with("</script>\n</body>\n"));
}

TEST_CASE("recorded page: text that would end the script is inert", "[recorded_page]") {
    const std::string page =
        recorded_page(kViewer, run_of({1}), weights(), nullptr, {"</script><b>", 1});
    CHECK(page.find("<b>") == std::string::npos);
    CHECK(header_of(page)["title"] == "</script><b>");
}

TEST_CASE("recorded page: it keeps to its size", "[recorded_page]") {
    PageFacts facts{"tiny", 1};
    facts.max_bytes = 60'000;
    const std::string page = recorded_page(kViewer, run_of({1, 2, 3}), weights(), nullptr, facts);
    CHECK(page.size() <= facts.max_bytes);
    CHECK_THAT(std::string(header_of(page)["left_out"]), StartsWith("Left out"));
    CHECK(header_of(page)["arrays"].contains("lens.p"));
}

TEST_CASE("recorded page: a run without tokens is refused", "[recorded_page][errors]") {
    dump::Dump run = run_of({1});
    run.tokens.reset();
    CHECK_THROWS_WITH(recorded_page(kViewer, run, weights(), nullptr, {}),
                      "run: has no tokens, expected them for a page");
}
