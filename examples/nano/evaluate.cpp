// Scores of a model on held-out conversations, decoded greedily: one row per task.
//
//     python examples/nano/generate_data.py --out held_out.jsonl
//     nano_evaluate examples/nano/model held_out.jsonl > scores.md
//     nano_evaluate examples/nano/model held_out.jsonl answers.jsonl > scores.md
//
// A line of the file is {"task", "effort", "context": ids, "parts": [{"prompt": ids, "expected":
// ids}]}. An answer counts if every token is the expected one, the stop token included. A call has
// a second part: the answer to the tool's result, which is given. The context is fed once for all
// conversations that begin with it. The last rows are the tokens of analysis by effort. Wrong
// answers go to standard error; all of them, a line of ids per part, to ANSWERS.jsonl if named.
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/core/buffer.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/partial_file.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/run/generate.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"

namespace {

using Ids = std::vector<std::int32_t>;

struct Part {
    Ids prompt;
    Ids expected;
};

struct Case {
    std::string task;
    std::string effort;
    Ids context;
    std::vector<Part> parts;
};

struct Score {
    int right = 0;
    int total = 0;
};

struct AnalysisTokens {
    long sum = 0;
    int count = 0;
};

Case case_of(const nlohmann::json& json) {
    Case c{json.at("task"), json.at("effort"), json.at("context"), {}};
    for (const nlohmann::json& part : json.at("parts")) {
        c.parts.push_back({part.at("prompt"), part.at("expected")});
    }
    return c;
}

std::vector<Case> read_cases(const std::string& path) {
    std::istringstream lines(gptoss::format::read_text_file(path));
    std::vector<Case> cases;
    for (std::string line; std::getline(lines, line);) {
        cases.push_back(case_of(gptoss::format::parse_json(path, line)));
    }
    return cases;
}

gptoss::KvCache copy_of(const gptoss::KvCache& cache, const gptoss::Config& config) {
    gptoss::KvCache copy;
    copy.length = cache.length;
    for (const gptoss::LayerCache& layer : cache.layers) {
        gptoss::LayerCache layer_copy;
        layer_copy.first_held = layer.first_held;
        layer_copy.memory = gptoss::Buffer::allocate<gptoss::HostMemory>(layer.memory.bytes());
        std::memcpy(layer_copy.memory.data(), layer.memory.data(), layer.memory.bytes());
        const int capacity = layer.keys.rows;
        const std::size_t half = layer.memory.bytes() / 2;
        layer_copy.keys = layer_copy.memory.matrix(0, capacity, config.kv_size());
        layer_copy.values = layer_copy.memory.matrix(half, capacity, config.kv_size());
        copy.layers.push_back(std::move(layer_copy));
    }
    return copy;
}

gptoss::ConstIdsView view_of(const Ids& ids) {
    return {ids.data(), int(ids.size())};
}

// From behind the first <|message|> to the first <|end|>.
int analysis_size(const Ids& answer, std::int32_t message, std::int32_t end) {
    int size = 0;
    bool inside = false;
    for (const std::int32_t id : answer) {
        if (id == end) return size;
        if (inside) ++size;
        if (id == message) inside = true;
    }
    return size;
}

// A line of ids for each part, in the order of the cases.
void write_answers(const std::string& path, const std::vector<Ids>& answers) {
    std::string text;
    for (const Ids& answer : answers) {
        text += nlohmann::json(answer).dump() + "\n";
    }
    gptoss::format::write_text_file(path, text);
}

void evaluate(const std::string& model_path, const std::string& cases_path,
              const std::string& answers_path) {
    gptoss::Transformer<> transformer(gptoss::checkpoint::load_weights(model_path));
    const gptoss::tokenizer::Tokenizer tokenizer = gptoss::tokenizer::load_tokenizer(model_path);
    const auto special = [&](const char* name) {
        return tokenizer.encode_with_special(name).at(0);
    };
    const std::int32_t message = special("<|message|>");
    const std::int32_t end = special("<|end|>");
    const std::vector<std::int32_t> stop_ids = {special("<|return|>"), special("<|call|>")};

    std::vector<Ids> answers;
    std::map<Ids, gptoss::KvCache> after_context;
    std::map<std::string, Score> scores;
    std::map<std::string, AnalysisTokens> analysis;
    for (const Case& c : read_cases(cases_path)) {
        if (!after_context.count(c.context)) {
            transformer.cache = {};
            gptoss::prefill(transformer, view_of(c.context));
            after_context[c.context] = copy_of(transformer.cache, transformer.w.config);
        }
        for (std::size_t part = 0; part < c.parts.size(); ++part) {
            const auto& [prompt, expected] = c.parts[part];
            transformer.cache = copy_of(after_context[c.context], transformer.w.config);
            gptoss::GenerateOptions options;
            options.max_tokens = int(expected.size()) + 20;
            options.stop_ids = stop_ids;
            const Ids answer =
                gptoss::generate(transformer, view_of(prompt), options, [](std::int32_t) {
                    return true;
                }).ids;
            answers.push_back(answer);
            Score& score = scores[part == 0 ? c.task : c.task + ", result to final"];
            score.total += 1;
            score.right += answer == expected;
            if (part == 0) {
                AnalysisTokens& tokens = analysis[c.effort];
                tokens.sum += analysis_size(answer, message, end);
                tokens.count += 1;
            }
            if (answer != expected) {
                std::fprintf(stderr, "%s\n  expected %s\n  got      %s\n", c.task.c_str(),
                             tokenizer.decode(expected).c_str(), tokenizer.decode(answer).c_str());
            }
        }
    }

    if (!answers_path.empty()) write_answers(answers_path, answers);
    std::printf("| task | right | of | share |\n|---|---|---|---|\n");
    for (const auto& [task, score] : scores) {
        std::printf("| %s | %d | %d | %.3f |\n", task.c_str(), score.right, score.total,
                    double(score.right) / score.total);
    }
    for (const auto& [effort, tokens] : analysis) {
        std::printf("| analysis at effort %s | %.1f tokens | | |\n", effort.c_str(),
                    double(tokens.sum) / tokens.count);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 && argc != 4) {
        std::fprintf(stderr, "usage: nano_evaluate MODEL_DIR HELD_OUT.jsonl [ANSWERS.jsonl]\n");
        return 2;
    }
    try {
        evaluate(argv[1], argv[2], argc == 4 ? argv[3] : "");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "nano_evaluate: %s\n", error.what());
        return 1;
    }
    return 0;
}
