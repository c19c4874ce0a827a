// The logits that llama.cpp computes: llama_logits MODEL.gguf OUT ID...
//
// OUT gets the float32 logits of every position, little-endian, and nothing else. One thread, and keys
// and values in float32, so that nothing is rounded but what the kernels of llama.cpp round.
// tests/golden/make_gguf_fixture.py builds and runs it.
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

int main(int argc, char** argv) {
    if (argc < 4) return std::fprintf(stderr, "llama_logits MODEL.gguf OUT ID...\n"), 2;
    llama_log_set(
        [](ggml_log_level level, const char* text, void*) {
            if (level >= GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
        },
        nullptr);
    llama_backend_init();
    llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    model_params.use_extra_bufts = false;  // weights as they are stored
    llama_model* model = llama_model_load_from_file(argv[1], model_params);
    if (model == nullptr) return 1;

    std::vector<llama_token> ids;
    for (int i = 3; i < argc; ++i)
        ids.push_back(std::atoi(argv[i]));
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 1024;
    params.n_batch = params.n_ubatch = 1024;
    params.n_threads = params.n_threads_batch = 1;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context* context = llama_init_from_model(model, params);
    if (context == nullptr) return 1;

    llama_batch batch = llama_batch_init(int(ids.size()), 0, 1);
    batch.n_tokens = int(ids.size());
    for (int t = 0; t < batch.n_tokens; ++t) {
        batch.token[t] = ids[std::size_t(t)];
        batch.pos[t] = t;
        batch.n_seq_id[t] = 1;
        batch.seq_id[t][0] = 0;
        batch.logits[t] = 1;
    }
    if (llama_decode(context, batch) != 0) return 1;
    const int vocab_size = llama_vocab_n_tokens(llama_model_get_vocab(model));
    std::ofstream out(argv[2], std::ios::binary);
    for (int t = 0; t < batch.n_tokens; ++t) {
        const auto* row = reinterpret_cast<const char*>(llama_get_logits_ith(context, t));
        out.write(row, std::streamsize(sizeof(float)) * vocab_size);
    }
    return out ? 0 : 1;
}
