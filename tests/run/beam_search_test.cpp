#include "gptoss/run/beam_search.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

namespace {

const std::vector<std::int32_t> kPrompt = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};

std::vector<BeamResult> run_tiny(const BeamOptions& options) {
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    return beam_search(transformer, {kPrompt.data(), int(kPrompt.size())}, options);
}

BeamOptions options_of(int n_beams, double length_penalty, int stop_id) {
    BeamOptions options;
    options.n_beams = n_beams;
    options.max_tokens = 12;
    options.length_penalty = length_penalty;
    if (stop_id >= 0) options.stop_ids = {stop_id};
    return options;
}

struct Golden {
    int n_beams;
    double length_penalty;
    int stop_id;
    std::vector<std::int32_t> ids;
    double score;
};

// tests/golden/make_beams.py: Hugging Face's generate with num_beams, in float64
// clang-format off
const std::vector<Golden> kGoldens = {
    {1, 1.0, -1, {89, 7, 1, 89, 7, 1, 89, 7, 1, 89, 7, 1}, -3.58698},
    {2, 1.0, -1, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 1, 92}, -3.54920},
    {2, 1.0, -1, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 91, 69}, -3.55294},
    {4, 1.0, -1, {89, 7, 1, 89, 117, 82, 10, 109, 19, 127, 1, 120}, -3.54525},
    {4, 1.0, -1, {89, 7, 1, 89, 117, 82, 10, 109, 19, 127, 1, 14}, -3.54872},
    {4, 1.0, -1, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 1, 92}, -3.54920},
    {4, 1.0, -1, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 91, 69}, -3.55294},
    {1, 1.0, 6, {89, 7, 1, 89, 7, 1, 89, 7, 1, 89, 7, 1}, -3.58698},
    {2, 1.0, 6, {6}, -3.48711},
    {2, 1.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 1, 92}, -3.54920},
    {4, 1.0, 6, {6}, -3.48711},
    {4, 1.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 127, 1, 120}, -3.54525},
    {4, 1.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 127, 1, 14}, -3.54872},
    {4, 1.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 1, 92}, -3.54920},
    {2, 0.0, 6, {6}, -3.48711},
    {2, 0.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 1, 92}, -42.59034},
    {4, 0.0, 6, {6}, -3.48711},
    {4, 0.0, 6, {89, 7, 6}, -10.85214},
    {4, 0.0, 6, {89, 7, 1, 6}, -14.46852},
    {4, 0.0, 6, {89, 7, 1, 89, 39, 14, 6}, -25.04465},
    {4, 2.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 127, 1, 120}, -0.29544},
    {4, 2.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 127, 1, 14}, -0.29573},
    {4, 2.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 1, 92}, -0.29577},
    {4, 2.0, 6, {89, 7, 1, 89, 117, 82, 10, 109, 19, 120, 91, 69}, -0.29608},
};
// clang-format on

Beam beam_with(double log_p, std::vector<float> logits) {
    Beam beam;
    beam.log_p = log_p;
    beam.logits = std::move(logits);
    return beam;
}

}  // namespace

// --- Hugging Face -----------------------------------------------------------------------------

TEST_CASE("beam_search: finds on tiny what Hugging Face's finds, in its order", "[beam_search]") {
    for (std::size_t i = 0; i < kGoldens.size();) {
        const Golden& first = kGoldens[i];
        const std::vector<BeamResult> found =
            run_tiny(options_of(first.n_beams, first.length_penalty, first.stop_id));
        REQUIRE(found.size() == std::size_t(first.n_beams));
        for (const BeamResult& result : found) {
            CAPTURE(i, first.n_beams, first.length_penalty, first.stop_id);
            CHECK(result.ids == kGoldens[i].ids);
            CHECK_THAT(result.score,
                       WithinAbs(kGoldens[i].score, 1e-5));  // five digits are printed
            ++i;
        }
    }
}

// --- Worked by hand ---------------------------------------------------------------------------

TEST_CASE("beam_search: the best steps of two beams, worked by hand", "[beam_search]") {
    // p of beam 0: 3/4, 1/4, behind 1/2; of beam 1: 1/2, 1/2, behind 1/4
    const float log_3 = std::log(3.0f);
    std::vector<Beam> beams;
    beams.push_back(beam_with(std::log(0.5), {log_3, 0}));
    beams.push_back(beam_with(std::log(0.25), {0, 0}));
    const std::vector<BeamStep> steps = best_steps(beams, 3);
    REQUIRE(steps.size() == 3);
    CHECK((steps[0].beam == 0 && steps[0].id == 0));
    CHECK_THAT(std::exp(steps[0].log_p), WithinAbs(0.375, 1e-6));
    CHECK_THAT(std::exp(steps[1].log_p), WithinAbs(0.125, 1e-6));  // three ways are 1/8
    CHECK_THAT(std::exp(steps[2].log_p), WithinAbs(0.125, 1e-6));
}

TEST_CASE("beam_search: of equal steps the earlier beam's, and the lower id", "[beam_search]") {
    std::vector<Beam> beams;
    beams.push_back(beam_with(0.0, {0, 0}));
    beams.push_back(beam_with(0.0, {0, 0}));
    const std::vector<BeamStep> steps = best_steps(beams, 3);
    CHECK((steps[0].beam == 0 && steps[0].id == 0));
    CHECK((steps[1].beam == 0 && steps[1].id == 1));
    CHECK((steps[2].beam == 1 && steps[2].id == 0));
}

TEST_CASE("beam_search: a width of 1 is greedy", "[beam_search]") {
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    GenerateOptions options;
    options.max_tokens = 12;
    const auto go_on = [](std::int32_t) { return true; };
    const std::vector<std::int32_t> greedy_ids =
        generate(transformer, {kPrompt.data(), int(kPrompt.size())}, options, go_on).ids;
    CHECK(run_tiny(options_of(1, 1.0, -1))[0].ids == greedy_ids);
}

TEST_CASE("beam_search: a wider search finds nothing less likely", "[beam_search]") {
    double best = -1e9;
    for (const int n_beams : {1, 2, 4, 8}) {
        const double score = run_tiny(options_of(n_beams, 1.0, -1))[0].score;
        CHECK(score >= best);
        best = score;
    }
}

TEST_CASE("beam_search: a cache that was copied gives the bits of one that was not",
          "[beam_search]") {
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    transformer.feed({kPrompt.data(), int(kPrompt.size())});
    KvCache copy = copy_of<HostMemory>(transformer.cache);
    const std::int32_t next = 7, other = 9;
    transformer.feed({&next, 1});
    const std::vector<float> expected = last_logits<HostMemory>(transformer.a.logits);
    std::swap(transformer.cache, copy);
    transformer.feed({&next, 1});
    CHECK(last_logits<HostMemory>(transformer.a.logits) == expected);
    std::swap(transformer.cache, copy);  // the first is as it was
    transformer.feed({&other, 1});
    CHECK(transformer.cache.length == int(kPrompt.size()) + 2);
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("beam_search: what makes no sense is named", "[beam_search][errors]") {
    CHECK_THROWS_WITH(run_tiny(options_of(0, 1.0, -1)),
                      "beam_search: n_beams is 0, expected 1 or more");
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    CHECK_THROWS_WITH(beam_search(transformer, {nullptr, 0}, {}),
                      "beam_search: the prompt is empty, expected a token or more");
}
