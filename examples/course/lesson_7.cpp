// Lesson 7, the experts: router, SwiGLU, their matrices, their sum.
#include "functions.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

// The ids, then the weights.
Numbers routed(const Matrix& logits, int top_k) {
    Ids ids(std::size_t(logits.rows * top_k), -1);
    Matrix weights = unwritten(logits.rows, top_k);
    Route::call(logits.view(), {ids.data(), logits.rows, top_k}, weights.out());
    Numbers all = numbers(ids);
    append(all, weights.values);
    return all;
}

Numbers hidden_route(Random& random) {
    const int n_experts = random.between(4, 12);
    Matrix logits = random.matrix(random.between(1, 3), n_experts, 3);
    const int first = random.below(n_experts - 1);
    logits.values[std::size_t(first + 1)] = logits.values[std::size_t(first)];  // a tie
    Numbers all = routed(logits, random.between(2, 4));
    for (std::size_t i = all.size() / 2; i < all.size(); ++i) {
        all[i] *= n_experts;  // as large as the ids
    }
    return all;
}

Numbers activated(const Matrix& h) {
    Matrix y = unwritten(h.rows, h.cols / 2);
    Swiglu::call(h.view(), 7.0f, 1.702, y.out());
    return numbers(y.values);
}

// Gates below -7 are too small to be seen beside others: they are weighed by themselves.
Numbers hidden_swiglu(Random& random) {
    Numbers all = activated(random.matrix(random.between(1, 3), 2 * random.between(1, 20), 10));
    for (const double small : activated({{-8 - random.number(), random.number(6)}, 1, 2})) {
        all.push_back(1e5 * small);
    }
    return all;
}

struct Experts {
    int n_experts;
    int rows;
    int cols;
    std::vector<std::uint8_t> codes;   // (n_experts, rows, cols / 32, 16)
    std::vector<std::uint8_t> scales;  // (n_experts, rows, cols / 32)
    Matrix bias;                       // (n_experts, rows)
};

Experts experts_of(int n_experts, int rows, int cols, std::uint8_t code) {
    const std::size_t n_blocks = std::size_t(n_experts * rows * cols / 32);
    return {n_experts,
            rows,
            cols,
            std::vector<std::uint8_t>(16 * n_blocks, code),
            std::vector<std::uint8_t>(n_blocks, 127),
            {Floats(std::size_t(n_experts * rows), 0), n_experts, rows}};
}

Numbers through(const Experts& e, const Matrix& x, XRows x_rows, const Ids& ids, int n_tokens) {
    const int top_k = int(ids.size()) / n_tokens;
    ExpertStack stack;
    stack.codes = e.codes.data();
    stack.scales = e.scales.data();
    stack.n_experts = e.n_experts;
    stack.rows = e.rows;
    stack.cols = e.cols;
    Matrix y = unwritten(int(ids.size()), e.rows);
    ExpertLinear::call(x.view(), x_rows, {ids.data(), n_tokens, top_k}, stack, e.bias.view(),
                       y.out());
    return numbers(y.values);
}

Numbers hidden_experts(Random& random) {
    Experts e =
        experts_of(random.between(2, 4), random.between(1, 6), 32 * random.between(1, 2), 0);
    e.codes = random.bytes(int(e.codes.size()), 0, 255);
    e.scales = random.bytes(int(e.scales.size()), 122, 130);
    e.bias.values = random.floats(int(e.bias.values.size()));
    const Ids ids{random.below(e.n_experts), random.below(e.n_experts), 0, 1};
    const bool is_per_rank = random.below(2) == 1;
    const Matrix x = random.matrix(is_per_rank ? 4 : 2, e.cols);
    return through(e, x, is_per_rank ? XRows::per_rank : XRows::per_token, ids, 2);
}

// One expert of 32 rows and columns, in which only weight (0, 1) is 1; x is 1, 2, ... 32.
Numbers square(XRows x_rows) {
    Experts e = experts_of(1, 32, 32, 0);
    e.codes[0] = 0x20;
    Matrix x{{}, 1, 32};
    for (int i = 1; i <= 32; ++i) {
        x.values.push_back(float(i));
    }
    return through(e, x, x_rows, {0}, 1);
}

Numbers combined(const Matrix& expert_out, const Matrix& weights) {
    Matrix out = unwritten(weights.rows, expert_out.cols);
    Combine::call(expert_out.view(), weights.view(), out.out());
    return numbers(out.values);
}

Numbers hidden_combine(Random& random) {
    const int n_tokens = random.between(1, 3);
    const int top_k = random.between(1, 4);
    const Matrix weights = random.matrix(n_tokens, top_k);
    return combined(random.matrix(n_tokens * top_k, random.between(1, 20)), weights);
}

Numbers with_bias() {
    Experts e = experts_of(2, 2, 32, 0x22);
    e.bias.values = {0.5f, -0.5f, 100, 200};
    return through(e, {Floats(32, 1), 1, 32}, XRows::per_token, {0}, 1);
}

Numbers second_first() {
    Experts e = experts_of(2, 1, 32, 0x22);
    e.scales = {127, 128};  // ones, and twos
    return through(e, {Floats(32, 1), 1, 32}, XRows::per_token, {1, 0}, 1);
}

Numbers low_nibble() {
    Experts e = experts_of(1, 1, 32, 0x21);
    Matrix x{Floats(32, 0), 1, 32};
    x.values[0] = 1;
    return through(e, x, XRows::per_token, {0}, 1);
}

Numbers row_per_rank() {
    Experts e = experts_of(1, 1, 32, 0x22);
    Matrix x{Floats(64, 1), 2, 32};
    x.values[32] = 5;
    return through(e, x, XRows::per_rank, {0, 0}, 1);
}

}  // namespace

std::vector<Exercise> lesson_7() {
    Numbers first_of_square(32, 0);
    first_of_square[0] = 2;
    std::vector<WorkedCase> route{
        {"two of two, both 0: halves", {0, 1, 0.5, 0.5}, [] { return routed({{0, 0}, 1, 2}, 2); }},
        {"the best 2 of 0, 2, -1, 1: experts 1, 3; softmax of 2 and 1",
         {1, 3, 0.73105858, 0.26894142},
         [] { return routed({{0, 2, -1, 1}, 1, 4}, 2); }},
        {"equal logits: the lower id first",
         {1, 2, 0.5, 0.5},
         [] { return routed({{0, 1, 1, 1}, 1, 4}, 2); }},
        {"by value, not by magnitude", {1, 1}, [] { return routed({{-9, 0.5f, -1}, 1, 3}, 1); }},
        {"every token by itself", {1, 0, 1, 1}, [] { return routed({{0, 1, 1, 0}, 2, 2}, 1); }},
    };
    std::vector<WorkedCase> swiglu{
        {"gate 0: nothing passes", {0}, [] { return activated({{0, 0}, 1, 2}); }},
        {"gate 1, up 1: sigmoid(1.702) = 0.8457958, times 1 + 1",
         {1.69159153},
         [] { return activated({{1, 1}, 1, 2}); }},
        {"gate 8 is clamped to 7", {6.99995313}, [] { return activated({{8, 0}, 1, 2}); }},
        {"gate -8 is not clamped: no lower bound",
         {-3.90657155e-5},
         [] { return activated({{-8, 3}, 1, 2}); }},
        {"up -9 is clamped to -7: times -6",
         {-17.8915721},
         [] { return activated({{3, -9}, 1, 2}); }},
        {"gate and up alternate: (1, 1), (0.5, -0.25)",
         {1.69159153, 0.26279133},
         [] { return activated({{1, 1, 0.5f, -0.25f}, 1, 4}); }},
    };
    std::vector<WorkedCase> expert_linear{
        {"weights all 1, x all 1: 32",
         {32, 32},
         [] {
             return through(experts_of(1, 2, 32, 0x22), {Floats(32, 1), 1, 32}, XRows::per_token,
                            {0}, 1);
         }},
        {"weights of 0: nothing but the bias, which is 0",
         {0},
         [] {
             return through(experts_of(1, 1, 32, 0), {Floats(32, 1), 1, 32}, XRows::per_token, {0},
                            1);
         }},
        {"the bias is the chosen expert's", {32.5, 31.5}, with_bias},
        {"ranks in the order of ids: expert 1 (twos), then 0", {64, 32}, second_first},
        {"code 0x21: weight 0 is the low nibble, 0.5", {0.5}, low_nibble},
        {"per rank, rank 1 reads row 1: 5 + 31", {32, 36}, row_per_rank},
        {"w[0][1] = 1 in a square: output 0 is x[1] = 2", first_of_square,
         [] { return square(XRows::per_rank); }},
    };
    std::vector<WorkedCase> combine{
        {"0.25 of (4, 8) and 0.75 of (12, 16)",
         {10, 14},
         [] { return combined({{4, 8, 12, 16}, 2, 2}, {{0.25f, 0.75f}, 1, 2}); }},
        {"two tokens with one expert each",
         {3, 20},
         [] { return combined({{3, 10}, 2, 1}, {{1, 2}, 2, 1}); }},
    };
    return {{"route", route, hidden_route},
            {"swiglu", swiglu, hidden_swiglu},
            {"expert_linear", expert_linear, hidden_experts},
            {"combine", combine, hidden_combine}};
}

}  // namespace gptoss::course
