"""The exercises: which function of which header, what its program serves, what a student is told.

`serves` are the functions that the runner calls in the student's program (examples/course/): the
exercise's own, and the op that it is a part of, so that it runs in a model too. Worked numbers and
hidden inputs are in examples/course/lesson_N.cpp.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Exercise:
    name: str                  # of the function
    lesson: int
    header: str                # below include/gptoss/
    page: str                  # below docs/
    serves: dict               # name on the wire -> C++ function
    hint: str                  # the last of its hints, in one or two sentences
    includes: tuple = ()       # what else the program has to include
    same: tuple = ()           # functions of the header that would do the same: not there to be called


def op(name, lesson, header, page, hint):
    return Exercise(name, lesson, header, page, {name: f"gptoss::{name}"}, hint)


def part(name, lesson, header, page, hint, *, of, own=None, includes=(), same=()):
    serves = {name: own or f"gptoss::{name}", **of}
    return Exercise(name, lesson, header, page, serves, hint, includes, same)


ATTEND = {"attend": "gptoss::attend"}
ROPE_TABLE = {"rope_table": "gptoss::rope_table"}
ATTENTION = ("gptoss/layers/attention.hpp",)

EXERCISES = [
    op("embed", 1, "layers/embedding.hpp", "11-forward.md",
       "Two loops: over the tokens, and over the channels of row ids.data[t] of the table."),
    op("unembed", 1, "layers/unembedding.hpp", "11-forward.md",
       "Row o of w is a word; its logit is the sum of products with x_t. No bias, sum in a double."),
    part("greedy", 1, "layers/sampling.hpp", "12-sampling.md",
         "Keep the index of the best so far; replace it only by something strictly larger, and pass over NaN.",
         of={}),
    op("rmsnorm", 2, "layers/rmsnorm.hpp", "02-rmsnorm.md",
       "Per token: a sum of squares, divided by hidden_size, plus eps, and the root of all that."),
    op("linear", 2, "layers/linear.hpp", "03-linear.md",
       "w is (out, in): output o needs one contiguous row. Begin the sum at 0 and add bias.data[o] at the end."),
    op("add_residual", 2, "layers/residual.hpp", "11-forward.md", "Nothing but x + y, element by element."),
    part("float_to_bf16", 3, "core/bf16.hpp", "01-mxfp4.md",
         "Add 0x7FFF and the lowest kept bit to the 32 bits, then drop the lower 16. A NaN must not become an infinity.",
         of={}, own="float_to_bf16_of", includes=("adapt_numbers.hpp",)),
    part("mxfp4_decode_block", 3, "core/mxfp4.hpp", "01-mxfp4.md",
         "Byte b holds weights 2b (low nibble) and 2b + 1 (high); both are kMxfp4Values[nibble] times mxfp4_scale(scale).",
         of={"expert_linear": "gptoss::expert_linear"}, own="mxfp4_decode_block_of",
         includes=("adapt_numbers.hpp", "gptoss/layers/expert_linear.hpp"), same=("mxfp4_decode_gguf_codes",)),
    part("rope_inv_freq", 4, "layers/rope.hpp", "04-rope.md",
         "Two frequencies: theta^(-2d / head_dim), and that over the factor. yarn_ramp(config, d) says how much of the second.",
         of=ROPE_TABLE),
    op("rope_table", 4, "layers/rope.hpp", "04-rope.md",
       "cos goes into the first half of a row, sin into the second; both times rope_concentration(config)."),
    op("rope", 4, "layers/rope.hpp", "04-rope.md",
       "The pair of channel d is d + half. Keep both old values before you write either of the new ones."),
    part("softmax_with_sink", 5, "layers/softmax.hpp", "05-softmax-and-sinks.md",
         "The maximum is over scores and sink. exponentials() gives the sum; the sink's exponential joins it in the denominator only.",
         of=ATTEND, includes=ATTENTION),
    part("score_keys", 5, "layers/attention.hpp", "06-attention.md",
         "Position first + i is in row (first + i) % keys.rows; head g begins at channel g * head_dim. Scale by 1 / sqrt(head_dim).",
         of=ATTEND, own="score_keys_of", includes=("adapt_attention.hpp",)),
    part("mix_values", 5, "layers/attention.hpp", "06-attention.md",
         "A sum of doubles per channel, over the positions of the weights. Do not divide: the sink has the rest.",
         of=ATTEND, own="mix_values_of", includes=("adapt_attention.hpp",)),
    part("first_visible_position", 6, "layers/attention_record.hpp", "06-attention.md",
         "A window of n shows n keys, the query's own among them; 0 means no window.",
         of=ATTEND, includes=ATTENTION),
    op("cache_store", 6, "layers/attention.hpp", "07-kv-cache.md",
       "Position s goes to row s % cache.rows."),
    op("attend", 6, "layers/attention.hpp", "06-attention.md",
       "For each token and head: score_keys over the visible positions, softmax_with_sink, mix_values, record_head. g = h / (n_heads / n_kv_heads)."),
    op("route", 7, "layers/router.hpp", "08-router.md",
       "best_expert finds rank j among those not chosen yet; put its logit into weights_t[j], and take the softmax of those top_k last."),
    op("swiglu", 7, "layers/swiglu.hpp", "09-swiglu.md",
       "Channel 2i is the gate (clamped from above only), 2i + 1 is up (clamped on both sides, then raised by 1)."),
    op("expert_linear", 7, "layers/expert_linear.hpp", "10-experts.md",
       "decode_block gives 32 weights of row o of expert e = ids.row(t)[j]. The output row is t * top_k + j."),
    op("combine", 7, "layers/combine.hpp", "10-experts.md",
       "Row t * top_k + j of expert_out counts weights[t, j]."),
    part("attention_block", 8, "model/attention_block.hpp", "11-forward.md",
         "The picture in README.md, line by line; attention_terms and attention_record make what attend needs. residual_in is what is added to.",
         of={}, own="attention_block_of", includes=("adapt_blocks.hpp",)),
    part("expert_block", 8, "model/expert_block.hpp", "11-forward.md",
         "norm, router, route, gate_up (per token), swiglu, down (per rank), combine, residual: each op reads what the one before wrote.",
         of={}, own="expert_block_of", includes=("adapt_blocks.hpp",)),
    part("n_kept", 8, "layers/sampling.hpp", "12-sampling.md",
         "top_k first; then top_p of the sum of what top_k left; then min_p of the largest; never fewer than one.",
         of={"sample": "gptoss::sample"}, includes=("adapt_sampling.hpp",)),
    part("bpe_scan", 9, "tokenizer/bpe.hpp", "13-tokenizer.md",
         "Keep where the parts begin. As long as some pair of neighbours is in ranks: join the one of lowest rank, the leftmost of equals.",
         of={"bpe_encode": "gptoss::tokenizer::bpe_encode"}, own="gptoss::tokenizer::bpe_scan",
         same=("bpe_queue",)),
    part("take_channel", 9, "harmony/header.hpp", "14-harmony.md",
         "The value ends at '<' or at is_space_at; erase the marker and the value. An empty value is a HarmonyError.",
         of={"parse_header": "parse_header_of"}, own="take_channel_of", includes=("adapt_text.hpp",)),
]

LESSONS = {
    1: "The map: a row per token, a score per word", 2: "Norms and matrices",
    3: "Numbers: BF16 and MXFP4", 4: "Positions: RoPE and YaRN", 5: "Attention and sinks",
    6: "What is remembered: cache, window, chunks", 7: "Experts: router, SwiGLU, their sum",
    8: "The blocks, and sampling", 9: "Text: byte pairs and Harmony", 10: "The bug hunt",
}


def of_lesson(lesson):
    return [e for e in EXERCISES if e.lesson == lesson]


def named(name):
    for exercise in EXERCISES:
        if exercise.name == name:
            return exercise
    raise KeyError(name)
