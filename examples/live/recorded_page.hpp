// A recorded run as one page that needs nothing else: the viewer, and the run's numbers in it.
//
//     recorded_page(viewer_html(), dump, weights, vocabulary, {"gpt-oss-20b, scalar", n_prompt})
//
// The page has 8 MB at most: numbers are shortened, then left out (shortened.hpp).
//
// Where    the tool's trace --html, Trace.view() of the Python module.
// Errors   Error if the dump has no tokens.
// Pitfalls Tokens come from outside and may read "</script>": what stands in a script is JSON in which "<" is
//          written \u003c.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "gptoss/dump/run_dump.hpp"
#include "page_json.hpp"
#include "page_run.hpp"
#include "shortened.hpp"

namespace gptoss::live {

inline constexpr std::size_t kMaxPageBytes = 8'000'000;

struct PageFacts {
    std::string title;
    int n_prompt = 0;                       // tokens; those behind were generated
    std::size_t max_bytes = kMaxPageBytes;  // of the page
    Unembed unembed = &gptoss::unembed;     // for the lens, which takes longer than the run in 20b
};

inline std::string base64(const std::vector<std::uint8_t>& bytes) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t three = 0;
        for (std::size_t b = 0; b < 3; ++b) {
            three = three << 8 | (i + b < bytes.size() ? bytes[i + b] : 0u);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            const bool is_there = i + j <= bytes.size();
            text += is_there ? letters[three >> (18 - 6 * j) & 63] : '=';
        }
    }
    return text;
}

// A site as rows of its last dimension. One in another shape (the last token only, a batch in front) is left
// out: the page needs every token.
inline void add_site(PageRun& run, const dump::SiteKey& key, const dump::Activation& activation,
                     const Config& config, int n_tokens) {
    const std::vector<int> expected = site_shape(key.site, config, n_tokens, n_tokens);
    const format::Shape& shape = activation.shape;
    const bool is_whole = std::equal(shape.begin(), shape.end(), expected.begin(), expected.end());
    if (!is_whole || !activation.refusal.empty()) return;
    const int cols = expected.back();
    if (!activation.ids.empty()) {
        run.add(key.site, key.layer,
                ConstIdsView{activation.ids.data(), int(activation.ids.size()) / cols, cols});
    } else {
        run.add(key.site, key.layer,
                ConstMatrixView{activation.values.data(),
                                int(activation.values.size() / std::size_t(cols)), cols});
    }
}

// JSON that may stand in a script element.
inline std::string inert_json(const Json& json) {
    std::string text;
    for (const char letter : json.dump()) {
        if (letter == '<') {
            text += "\\u003c";
        } else {
            text += letter;
        }
    }
    return text;
}

inline std::string recorded_page(std::string_view viewer, const dump::Dump& dump,
                                 const Weights& weights, const tokenizer::Vocabulary* vocabulary,
                                 const PageFacts& facts) {
    if (!dump.tokens) throw Error(dump.name + ": has no tokens, expected them for a page");
    const int n_tokens = int(dump.tokens->size());
    PageRun run(weights, n_tokens, facts.unembed);
    for (const auto& [key, activation] : dump.sites) {
        add_site(run, key, activation, weights.config, n_tokens);
    }
    run.finish();

    Json header = {
        {"title", facts.title},       {"config", config_json(weights.config)},
        {"windows", run.windows()},   {"tokens", tokens_json(vocabulary, *dump.tokens)},
        {"n_prompt", facts.n_prompt}, {"texts", texts_of_guesses(vocabulary, run.arrays)},
        {"edited", dump.edited}};
    const std::size_t used =
        viewer.size() + inert_json(header).size() + 100 * run.arrays.arrays.size() + 4000;
    const std::size_t room = facts.max_bytes > used ? (facts.max_bytes - used) / 4 * 3 : 0;
    const Shortened kept = shortened(std::move(run.arrays), {n_tokens, run.windows()}, room);
    header["arrays"] = kept.arrays.index();
    header["precision"] = kept.precision.text;
    header["left_out"] = kept.left_out;
    header["n_largest"] = kept.n_largest;

    const std::string_view marker = "<!-- the run -->\n";
    const std::size_t at = viewer.find(marker);
    std::string page(viewer.substr(0, at));
    page +=
        "<script type=\"application/json\" id=\"run-header\">" + inert_json(header) + "</script>\n";
    page +=
        "<script type=\"text/plain\" id=\"run-bytes\">" + base64(kept.arrays.bytes) + "</script>\n";
    page += viewer.substr(at + marker.size());
    return page;
}

}  // namespace gptoss::live
