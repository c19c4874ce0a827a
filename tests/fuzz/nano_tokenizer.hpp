// The vocabulary of the trained model that ships with the repository: small, with all special tokens.
#pragma once
#include "gptoss/tokenizer/tokenizer.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"

namespace gptoss::fuzz {

inline const tokenizer::Tokenizer& nano_tokenizer() {
    static const tokenizer::Tokenizer nano{
        tokenizer::load_tokenizer_json(GPTOSS_SOURCE_DIR "/examples/nano/model/tokenizer.json")};
    return nano;
}

}  // namespace gptoss::fuzz
