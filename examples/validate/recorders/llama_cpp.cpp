// What llama.cpp computes, under its own names: llama_cpp MODEL.gguf OUT.gguf 1,2,3 [usual]
//
// OUT holds the ids as "tokens" and what the callback of its graph reports, as float32 or int32, with
// "-LAYER" behind the names. A name that several tensors of a layer have, as Qcur, is followed by the
// operation: "Qcur-0 ADD" is with bias, "Qcur-0 ROPE" rotated. gptoss reads that file as it is.
//
// Attention runs without flash attention, which has no weights to show, and keys and values are
// kept in float32; "usual" leaves both as llama.cpp's programs have them.
//
//     g++ -std=c++17 -Illama.cpp/include -Illama.cpp/ggml/include llama_cpp.cpp -Lllama.cpp/build/bin
//         -lllama -lggml -lggml-base -Wl,-rpath,llama.cpp/build/bin -o llama_cpp      (one line)
#include <ggml-backend.h>
#include <gguf.h>
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <set>
#include <string>
#include <vector>

// Without "-LAYER".
const std::set<std::string> kKept = {"embd",
                                     "attn_norm",
                                     "kqv_out",
                                     "attn_out",
                                     "ffn_inp",
                                     "attn_post_norm",
                                     "ffn_moe_probs",
                                     "ffn_moe_topk",
                                     "kq_soft_max",
                                     "ffn_moe_gate_biased",
                                     "ffn_moe_up_biased",
                                     "ffn_moe_weights_softmax",
                                     "ffn_moe_out",
                                     "ffn_moe_swiglu_oai",
                                     "l_out",
                                     "ffn_moe_down_biased",
                                     "result_norm",
                                     "result_output"};
const std::set<std::string> kRepeated = {"Qcur", "Kcur", "Vcur"};

struct Record {
    ggml_context* tensors;  // the copies, but for their bytes
    gguf_context* file;
    std::list<std::vector<char>> bytes;

    ggml_tensor* add(ggml_tensor* like, const std::string& name) {
        ggml_tensor* copy = ggml_dup_tensor(tensors, like);
        ggml_set_name(copy, name.c_str());
        bytes.emplace_back(ggml_nbytes(copy));
        copy->data = bytes.back().data();
        gguf_add_tensor(file, copy);
        return copy;
    }
};

// Called twice for each tensor: whether it is wanted, and when it is there.
bool on_tensor(ggml_tensor* tensor, bool ask, void* user_data) {
    const std::string name = tensor->name;
    const std::string stem = name.substr(0, name.find('-'));
    const bool is_repeated = kRepeated.count(stem) > 0;
    const bool is_again = is_repeated && tensor->op == GGML_OP_RESHAPE;
    const bool is_view = name.find(' ') != std::string::npos;  // "Qcur-0 (view)"
    if (is_again || is_view || (kKept.count(stem) == 0 && !is_repeated)) return !ask;
    if (ask) return true;

    Record& record = *static_cast<Record*>(user_data);
    const std::string kept = is_repeated ? name + " " + ggml_op_name(tensor->op) : name;
    const ggml_tensor* copy = record.add(tensor, kept);
    char* to = static_cast<char*>(copy->data);
    for (int64_t i3 = 0; i3 < tensor->ne[3]; ++i3) {
        for (int64_t i2 = 0; i2 < tensor->ne[2]; ++i2) {
            for (int64_t i1 = 0; i1 < tensor->ne[1];
                 ++i1) {  // rows may lie apart: the best of a sort
                const size_t begin = i3 * tensor->nb[3] + i2 * tensor->nb[2] + i1 * tensor->nb[1];
                ggml_backend_tensor_get(tensor, to, begin, copy->nb[1]);
                to += copy->nb[1];
            }
        }
    }
    return true;
}

std::vector<llama_token> ids_from(const char* text) {
    std::vector<llama_token> ids;
    for (const char* at = text; *at != '\0';) {
        char* end = nullptr;
        ids.push_back(llama_token(std::strtol(at, &end, 10)));
        if (end == at) return {};
        at = *end == ',' ? end + 1 : end;
    }
    return ids;
}

int fail(const char* what) {
    std::fprintf(stderr, "llama_cpp: %s\n", what);
    return 1;
}

int main(int argc, char** argv) {
    const bool is_usual = argc == 5 && std::strcmp(argv[4], "usual") == 0;
    if (argc != 4 && !is_usual) return fail("usage: llama_cpp MODEL.gguf OUT.gguf 1,2,3 [usual]");
    std::vector<llama_token> ids = ids_from(argv[3]);
    if (ids.empty()) return fail("no ids, expected some, as in 1,2,3");
    llama_log_set(
        [](ggml_log_level level, const char* text, void*) {
            if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
        },
        nullptr);
    llama_backend_init();
    llama_model* model = llama_model_load_from_file(argv[1], llama_model_default_params());
    if (model == nullptr) return fail("the model cannot be loaded");

    const size_t most_tensors = 10000;
    Record record = {
        ggml_init({most_tensors * ggml_tensor_overhead(), nullptr, true}), gguf_init_empty(), {}};
    llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = uint32_t(ids.size() + 255) / 256 * 256;
    params.cb_eval = on_tensor;
    params.cb_eval_user_data = &record;
    if (!is_usual) {
        params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
        params.type_k = params.type_v = GGML_TYPE_F32;
    }
    llama_context* context = llama_init_from_model(model, params);
    if (context == nullptr) return fail("no context for the model");

    ggml_tensor* list = ggml_new_tensor_1d(record.tensors, GGML_TYPE_I32, int64_t(ids.size()));
    const ggml_tensor* tokens = record.add(list, "tokens");
    std::memcpy(tokens->data, ids.data(), ggml_nbytes(tokens));

    llama_batch batch = llama_batch_init(int32_t(ids.size()), 0, 1);
    batch.n_tokens = int32_t(ids.size());
    for (int32_t t = 0; t < batch.n_tokens; ++t) {
        batch.token[t] = ids[size_t(t)];
        batch.pos[t] = t;
        batch.n_seq_id[t] = 1;
        batch.seq_id[t][0] = 0;
        batch.logits[t] = 1;  // else the last rows alone get beyond the layers
    }
    if (llama_decode(context, batch) != 0) return fail("the pass failed");
    if (!gguf_write_to_file(record.file, argv[2], false)) return fail("the dump cannot be written");
    std::printf("%s: %d arrays\n", argv[2], int(gguf_get_n_tensors(record.file)));
}
