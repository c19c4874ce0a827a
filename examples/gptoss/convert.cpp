// gptoss convert: a checkpoint in another layout.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "gptoss/checkpoint/convert_gguf.hpp"
#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/checkpoint/write_gguf_config.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "gptoss/tokenizer/write_gguf_vocabulary.hpp"
#include "gptoss/tokenizer/write_tokenizer_json.hpp"
#include "models.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kConvertExamples =
    "  gptoss convert --model gpt-oss-20b --layout gguf --out gpt-oss-20b.gguf\n"
    "  gptoss convert --model gpt-oss-20b.gguf --layout hf --out DIR\n"
    "  gptoss convert --model DIR --layout hf --experts bf16 --out unpacked\n"
    "  gptoss convert --model unpacked --layout openai --experts mxfp4 --out DIR\n";

struct ConvertFlags {
    std::string layout;
    std::string experts = "mxfp4";
    std::string out;
};

checkpoint::ExpertForm expert_form(const ConvertFlags& flags) {
    if (flags.experts == "mxfp4") return checkpoint::ExpertForm::mxfp4;
    if (flags.experts == "bf16") return checkpoint::ExpertForm::bf16;
    throw Error("--experts is '" + flags.experts + "', expected mxfp4 or bf16");
}

checkpoint::Sink progress_of(ProgressBar& bar, std::uint64_t& n_bytes, std::uint64_t in_all) {
    return [&bar, &n_bytes, in_all](const void*, std::uint64_t more) {
        throw_if_stopped();
        n_bytes += more;
        bar.show(n_bytes, in_all, readable_bytes(std::int64_t(n_bytes)));
    };
}

checkpoint::Conversion to_gguf(const OpenedModel& model, const ConvertFlags& flags,
                               const checkpoint::Sink& on_bytes) {
    if (std::filesystem::is_directory(flags.out)) {
        throw Error("--out " + flags.out + ": is a directory, expected a file for --layout gguf");
    }
    if (!model.tokenizer) {
        throw Error(model.dir + ": has no tokenizer, which a GGUF file needs");
    }
    format::GgufKeyList keys;
    checkpoint::add_gguf_config(keys, model.weights.config);
    tokenizer::add_gguf_vocabulary(keys, model.tokenizer->vocabulary,
                                   model.weights.config.vocab_size);
    return checkpoint::convert_to_gguf(model.weights, keys, expert_form(flags), flags.out,
                                       on_bytes);
}

std::string hugging_face_bf16_config_text(const Config& c) {
    auto json = nlohmann::ordered_json::parse(format::hugging_face_config_text(c));
    json.erase("quantization_config");
    json["torch_dtype"] = "bfloat16";
    return json.dump(2) + "\n";
}

// The files beside the weights: as they are where they are, or made from what the GGUF file says.
void write_companions(const OpenedModel& model, checkpoint::NewCheckpointFolder& folder) {
    const std::filesystem::path from = model.dir;
    if (std::filesystem::exists(from / "generation_config.json")) {
        std::filesystem::copy_file(from / "generation_config.json",
                                   folder.add("generation_config.json"));
    }
    if (std::filesystem::exists(from / "tokenizer.json")) {
        std::filesystem::copy_file(from / "tokenizer.json", folder.add("tokenizer.json"));
    } else if (model.tokenizer) {
        const std::string text = tokenizer::tokenizer_json_text(model.tokenizer->vocabulary);
        format::write_text_file(folder.add("tokenizer.json"), text);
    }
}

checkpoint::Conversion to_folder(const OpenedModel& model, const ConvertFlags& flags,
                                 const checkpoint::Sink& on_bytes) {
    const bool is_openai = flags.layout == "openai";
    const bool unpacks = expert_form(flags) == checkpoint::ExpertForm::bf16;
    if (is_openai && unpacks) {
        throw Error("--experts bf16: OpenAI's layout has MXFP4 only, expected --layout hf or gguf");
    }
    const Config& c = model.weights.config;
    const std::string config = is_openai ? format::openai_config_text(c)
                               : unpacks ? hugging_face_bf16_config_text(c)
                                         : format::hugging_face_config_text(c);
    const checkpoint::Layout layout = is_openai ? checkpoint::Layout::openai
                                      : unpacks ? checkpoint::Layout::hugging_face_bf16
                                                : checkpoint::Layout::hugging_face;
    checkpoint::NewCheckpointFolder folder(flags.out);
    const checkpoint::Conversion result = checkpoint::convert_to_safetensors(
        model.weights, layout, folder.add("model.safetensors"), on_bytes);
    write_companions(model, folder);
    format::write_text_file(folder.add("config.json"), config);
    folder.keep();
    return result;
}

void print_losses(const checkpoint::Conversion& result) {
    if (result.n_rounded_to_bf16 > 0) {
        print(std::to_string(result.n_rounded_to_bf16) +
              " tensors rounded to BF16: relative error " +
              formatted("%.1e", result.dense_error.relative()) + "\n");
    }
    for (std::size_t layer = 0; layer < result.of_layers.size(); ++layer) {
        const checkpoint::RoundingError& error = result.of_layers[layer];
        if (error.sum_of_squared_errors == 0) continue;
        print("layer " + std::to_string(layer) + ": experts rounded, relative error " +
              formatted("%.4f", error.relative()) + "\n");
    }
}

nlohmann::ordered_json json_of(const ConvertFlags& flags, const checkpoint::Conversion& result) {
    nlohmann::ordered_json json;
    json["out"] = flags.out;
    json["layout"] = flags.layout;
    json["tensors"] = result.n_tensors;
    json["bytes"] = result.bytes_written;
    json["rounded_to_bf16"] = {{"tensors", result.n_rounded_to_bf16},
                               {"relative_error", result.dense_error.relative()}};
    json["expert_errors"] = nlohmann::ordered_json::array();
    for (const checkpoint::RoundingError& error : result.of_layers)
        json["expert_errors"].push_back(error.relative());
    return json;
}

int run_convert(const ConvertFlags& flags, const Globals& globals) {
    const bool is_known =
        flags.layout == "hf" || flags.layout == "openai" || flags.layout == "gguf";
    if (!is_known) {
        throw Error("--layout is '" + flags.layout + "', expected hf, openai or gguf");
    }
    expert_form(flags);
    const OpenedModel model = open_model(globals);
    const StopOnSignal stop_on_signal;
    checkpoint::Conversion result;
    {
        ProgressBar bar;
        std::uint64_t n_bytes = 0;
        const auto in_all = std::uint64_t(model_size(model.weights.config).payload_bytes);
        const checkpoint::Sink on_bytes = progress_of(bar, n_bytes, in_all);
        result = flags.layout == "gguf" ? to_gguf(model, flags, on_bytes)
                                        : to_folder(model, flags, on_bytes);
    }
    if (globals.json) {
        print_json(json_of(flags, result));
        return 0;
    }
    print_losses(result);
    print("wrote " + flags.out + ": " + std::to_string(result.n_tensors) + " tensors, " +
          readable_bytes(std::int64_t(result.bytes_written)) + "\n");
    return 0;
}

}  // namespace

void add_convert(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<ConvertFlags>();
    CLI::App* convert =
        add_subcommand(app, "convert", "Write a checkpoint in another layout", kConvertExamples);
    convert->add_option("--layout", flags->layout, "hf, openai or gguf")
        ->required()
        ->type_name("NAME");
    convert
        ->add_option("--experts", flags->experts,
                     "mxfp4, to which anything else is rounded, or bf16, unpacked [mxfp4]")
        ->type_name("NAME");
    convert
        ->add_option("--out", flags->out,
                     "The directory to write, which may not hold a checkpoint; or the GGUF file")
        ->required()
        ->type_name("PATH");
    when_chosen(convert, tool, [flags, &tool] { return run_convert(*flags, tool.globals); });
}

}  // namespace gptoss::tool
