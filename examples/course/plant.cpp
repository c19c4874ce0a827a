#include "plant.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/compare/compare.hpp"
#include "gptoss/diagnose/recalled.hpp"
#include "gptoss/dump/dump.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"
#include "in_model.hpp"

namespace gptoss::pitfalls {
extern template std::vector<Pitfall>
all_pitfalls<diagnose::Recalled<ScalarOps>>();  // in pitfall_passes.cpp
}

namespace gptoss::course {
namespace {

using pitfalls::Pitfall;

constexpr int kListed = 3;  // dumps with a mistake of the list; one more is in no list

// --- Mistakes that are in no list ---------------------------------------------------------------

constexpr const char* kInNoList = "none";

constexpr pitfalls::Facts outside(const char* mistake, Site first_site) {
    return {kInNoList, mistake, "", "", "", first_site};
}

struct LimitOfFour {
    static constexpr pitfalls::Facts facts = outside("swiglu_limit is 4", Site::mlp_swiglu);
    static void edit(Config& c) { c.swiglu_limit = 4; }
};

struct EqualShares : ScalarOps {
    static constexpr pitfalls::Facts facts =
        outside("the chosen experts count alike", Site::mlp_expert_weights);
    static void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
        ScalarOps::route(logits, ids, weights);
        std::fill_n(weights.data, weights.rows * weights.cols, 1.0f / float(weights.cols));
    }
};

struct ResidualTwice : ScalarOps {
    static constexpr pitfalls::Facts facts =
        outside("what a block computed is added twice", Site::attn_residual);
    static void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
        ScalarOps::add_residual(x, y, out);
        ScalarOps::add_residual(out, y, out);
    }
};

struct BiasTwice : ScalarOps {
    static constexpr pitfalls::Facts facts = outside("biases are added twice", Site::attn_q);
    static void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        ScalarOps::linear(x, w, bias, y);
        for (int t = 0; t < y.rows; ++t) {
            for (int o = 0; o < y.cols; ++o) {
                y.row(t)[o] += bias.data[o];
            }
        }
    }
};

std::vector<Pitfall> outside_pitfalls() {
    using pitfalls::pitfall_of;
    return {pitfall_of<LimitOfFour, ScalarOps>(), pitfall_of<EqualShares, ScalarOps>(),
            pitfall_of<ResidualTwice, ScalarOps>(), pitfall_of<BiasTwice, ScalarOps>()};
}

// --- Choosing -----------------------------------------------------------------------------------

RecordingPass recorded(const Pitfall& pitfall) {
    const std::vector<std::int32_t>& tokens = course_tokens();
    RecordingPass pass(course_weights().config);
    run_pitfall(pitfall, course_weights(), {tokens.data(), int(tokens.size())}, pitfalls::kOnePass,
                LogitRows::all, pass);
    return pass;
}

// The first site that a dump leaves the right run at; none if the mistake does not show.
std::string first_site(const RecordingPass& pass) {
    const compare::Comparison c = compare::compare_dumps(
        right_run(pitfalls::kOnePass), dump::dump_of(pass.recorder, "planted"), {});
    return c.first_divergence ? dump::site_name(c.rows[*c.first_divergence].key) : "";
}

// What has to be mended: a function, the config, or how the weights were read.
const char* kind_of(const Pitfall& pitfall) {
    if (pitfall.edit == nullptr) return "function";
    Weights w = course_weights();
    const Config before = w.config;
    pitfall.edit(w);
    return w.config == before ? "weights" : "config";
}

template <class T>
void shuffle(std::vector<T>& items, Random& random) {
    for (std::size_t n = items.size(); n > 1; --n) {
        std::swap(items[n - 1], items[std::size_t(random.below(int(n)))]);
    }
}

std::vector<Pitfall> chosen(Random& random) {
    std::vector<Pitfall> listed = pitfalls::all_pitfalls<diagnose::Recalled<ScalarOps>>();
    std::vector<Pitfall> others = outside_pitfalls();
    shuffle(listed, random);
    shuffle(others, random);
    std::vector<Pitfall> hunt;
    for (const Pitfall& pitfall : listed) {
        if (int(hunt.size()) == kListed) break;
        const bool can_show = applies(pitfall, course_weights().config);
        if (can_show && !first_site(recorded(pitfall)).empty()) hunt.push_back(pitfall);
    }
    hunt.push_back(others[0]);
    shuffle(hunt, random);
    return hunt;
}

}  // namespace

int plant(std::uint64_t seed, const std::string& folder) {
    const std::filesystem::path out(folder);
    checkpoint::SyntheticOptions options;
    options.dir = out / "model";
    options.seed = kModelSeed;
    checkpoint::write_synthetic_checkpoint(course_weights().config, options);
    const std::string config_text = format::hugging_face_config_text(course_weights().config);

    Random random(seed, "bug hunt");
    nlohmann::ordered_json truth;
    for (const Pitfall& pitfall : chosen(random)) {
        const std::string name = "dump_" + std::to_string(truth.size() + 1);
        const RecordingPass pass = recorded(pitfall);
        dump::write_dump(out / (name + ".safetensors"), pass.recorder, config_text);
        truth[name] = {{"site", first_site(pass)},
                       {"cause", pitfall.facts.name},
                       {"kind", kind_of(pitfall)},
                       {"mistake", pitfall.facts.mistake}};
    }
    std::cout << truth.dump() << "\n";
    return 0;
}

}  // namespace gptoss::course
