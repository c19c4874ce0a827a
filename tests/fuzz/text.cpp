// Targets: text to pieces, pieces to tokens, and the files with a vocabulary.
#include "fuzz.hpp"
#include "gptoss/tokenizer/bpe.hpp"
#include "gptoss/tokenizer/split.hpp"
#include "gptoss/tokenizer/tiktoken_file.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"
#include "gptoss/tokenizer/utf8.hpp"
#include "nano_tokenizer.hpp"

namespace gptoss::fuzz {
namespace {

// --- The UTF-8 decoder of the WHATWG Encoding Standard, section 8.1.1, with its variables ---------
struct WhatwgDecoder {
    unsigned code_point = 0;
    int bytes_seen = 0;
    int bytes_needed = 0;
    unsigned lower_boundary = 0x80;
    unsigned upper_boundary = 0xBF;
    std::u32string output = {};

    void begin(unsigned byte, int needed, unsigned bits, unsigned lower, unsigned upper) {
        bytes_needed = needed;
        code_point = bits & byte;
        lower_boundary = lower;
        upper_boundary = upper;
    }

    void end_sequence() {
        code_point = 0;
        bytes_needed = bytes_seen = 0;
        lower_boundary = 0x80;
        upper_boundary = 0xBF;
    }

    void feed_first(unsigned byte) {
        if (byte <= 0x7F) {
            output += char32_t(byte);
        } else if (byte >= 0xC2 && byte <= 0xDF) {
            begin(byte, 1, 0x1F, 0x80, 0xBF);
        } else if (byte >= 0xE0 && byte <= 0xEF) {
            begin(byte, 2, 0xF, byte == 0xE0 ? 0xA0 : 0x80, byte == 0xED ? 0x9F : 0xBF);
        } else if (byte >= 0xF0 && byte <= 0xF4) {
            begin(byte, 3, 0x7, byte == 0xF0 ? 0x90 : 0x80, byte == 0xF4 ? 0x8F : 0xBF);
        } else {
            output += char32_t(0xFFFD);
        }
    }

    void feed(unsigned byte) {
        if (bytes_needed == 0) return feed_first(byte);
        if (byte < lower_boundary || byte > upper_boundary) {
            end_sequence();
            output += char32_t(0xFFFD);
            return feed_first(byte);
        }
        lower_boundary = 0x80;
        upper_boundary = 0xBF;
        code_point = (code_point << 6) | (byte & 0x3F);
        if (++bytes_seen != bytes_needed) return;
        output += char32_t(code_point);
        end_sequence();
    }

    void finish() {
        if (bytes_needed != 0) output += char32_t(0xFFFD);
    }
};

std::u32string whatwg_decoded(std::string_view bytes) {
    WhatwgDecoder decoder;
    for (const char byte : bytes) {
        decoder.feed(static_cast<unsigned char>(byte));
    }
    decoder.finish();
    return decoder.output;
}

}  // namespace

void fuzz_utf8(std::string_view bytes) {
    std::u32string ours;
    for (std::size_t at = 0; at < bytes.size();) {
        const tokenizer::Utf8Char c = tokenizer::read_utf8(bytes, at);
        ours += c.point;
        at += std::size_t(c.length);
    }
    if (ours != whatwg_decoded(bytes)) disagree("read_utf8 and the WHATWG decoder");

    std::string written;
    for (const char32_t point : ours) {
        tokenizer::append_utf8(point, written);
    }
    if (tokenizer::replace_invalid_utf8(std::string(bytes)) != written) {
        disagree("replace_invalid_utf8 and the points written again");
    }
}

// The pieces, joined, are the text, whatever it is; test_boundary.py holds them against the regex.
void fuzz_split(std::string_view bytes) {
    const std::string text = tokenizer::replace_invalid_utf8(std::string(bytes));
    std::string joined;
    for (const std::string_view piece : tokenizer::split_pieces(text)) {
        if (piece.empty()) disagree("no piece is empty");
        joined += piece;
    }
    if (joined != text) disagree("the pieces and the text");
}

// bpe_scan and bpe_queue are twins, and both decode to the piece.
void fuzz_bpe(std::string_view bytes) {
    const tokenizer::Vocabulary& vocabulary = nano_tokenizer().vocabulary;
    std::vector<std::int32_t> scanned, queued;
    tokenizer::bpe_scan(vocabulary.ranks, bytes, scanned);
    tokenizer::bpe_queue(vocabulary.ranks, bytes, queued);
    if (scanned != queued) disagree("bpe_scan and bpe_queue");
    if (nano_tokenizer().decode_bytes(scanned) != bytes) disagree("the tokens and the piece");
}

void fuzz_tiktoken_file(std::string_view bytes) {
    const MemoryFile file(bytes);
    accepts([&] { tokenizer::load_tiktoken_file(file.path()); });
}

void fuzz_tokenizer_json(std::string_view bytes) {
    const MemoryFile file(bytes);
    accepts([&] {
        const tokenizer::Tokenizer loaded{tokenizer::load_tokenizer_json(file.path())};
        loaded.encode_with_special("Two  words,\n<|start|>123");
    });
}

}  // namespace gptoss::fuzz
