// Lesson 1, the map: a row per token, a score per word, the largest score.
#include <limits>

#include "functions.hpp"
#include "in_model.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

using Greedy = Remote<"greedy", &gptoss::greedy>;

Numbers embedded(const Ids& ids, const Matrix& table) {
    Matrix y = unwritten(int(ids.size()), table.cols);
    Embed::call({ids.data(), y.rows}, table.dense(), y.out());
    return numbers(y.values);
}

Numbers hidden_embed(Random& random) {
    const Matrix table = random.matrix(random.between(3, 20), random.between(1, 9));
    Ids ids;
    for (int t = random.between(1, 6); t > 0; --t) {
        ids.push_back(random.below(table.rows));
    }
    return embedded(ids, table);
}

Numbers unembedded(const Matrix& x, const Matrix& w) {
    Matrix logits = unwritten(x.rows, w.rows);
    Unembed::call(x.view(), w.dense(), logits.out());
    return numbers(logits.values);
}

Numbers hidden_unembed(Random& random) {
    const int hidden_size = random.between(2, 40);
    const Matrix x = random.matrix(random.between(1, 4), hidden_size, 3);
    return unembedded(x, random.matrix(random.between(1, 30), hidden_size));
}

Numbers greedy_of(const Floats& logits) {
    return {double(Greedy::call({logits.data(), int(logits.size())}))};
}

Numbers hidden_greedy(Random& random) {
    Floats logits = random.floats(random.between(1, 50), 10);
    const std::size_t n = logits.size();
    const float added = random.number(100);
    for (float& logit : logits) {
        logit += added;
    }
    logits[random.word() % n] = logits[random.word() % n];  // perhaps the largest one twice
    return greedy_of(logits);
}

// Sixteen tokens behind "1, 2, 3", each the likeliest.
Numbers greedy_text() {
    Transformer<ScalarOps> transformer(course_weights());
    Ids ids{1, 2, 3};
    transformer.feed({ids.data(), 3});
    Numbers chosen;
    for (int n = 0; n < 16; ++n) {
        const MatrixView logits = transformer.a.logits;
        const std::int32_t id = Greedy::call({logits.row(0), logits.cols});
        chosen.push_back(id);
        const bool is_token = id >= 0 && id < logits.cols;
        if (!is_token) break;
        transformer.feed({&id, 1});
    }
    return chosen;
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

std::vector<Exercise> lesson_1() {
    std::vector<WorkedCase> embed{
        {"ids 2, 0, 2 pick rows 2, 0, 2",
         {5, 6, 1, 2, 5, 6},
         [] { return embedded({2, 0, 2}, {{1, 2, 3, 4, 5, 6}, 3, 2}); }},
        {"a table with one column", {8}, [] { return embedded({1}, {{7, 8, 9}, 3, 1}); }},
        {"nothing is scaled: 0.5, -0.25, 0.125, 8 stay",
         {0.5, -0.25, 0.125, 8},
         [] { return embedded({0}, {{0.5f, -0.25f, 0.125f, 8}, 1, 4}); }},
    };
    std::vector<WorkedCase> unembed{
        {"(1, 2) with rows (1, 0), (0, 1), (3, -1): 1, 2, 3 - 2",
         {1, 2, 1},
         [] { return unembedded({{1, 2}, 1, 2}, {{1, 0, 0, 1, 3, -1}, 3, 2}); }},
        {"every token has logits of its own",
         {3, 30},
         [] { return unembedded({{1, 1, 10, 10}, 2, 2}, {{1, 2}, 1, 2}); }},
    };
    std::vector<WorkedCase> greedy{
        {"1, 3, 2: the largest is at 1", {1}, [] { return greedy_of({1, 3, 2}); }},
        {"all negative: -3, -1, -2", {1}, [] { return greedy_of({-3, -1, -2}); }},
        {"a tie goes to the lower id: 2, 5, 5", {1}, [] { return greedy_of({2, 5, 5}); }},
        {"a NaN is never chosen: NaN, 0, 1", {2}, [] { return greedy_of({kNan, 0, 1}); }},
        {"the last one counts too", {3}, [] { return greedy_of({0, 1, 2, 7}); }},
    };
    return {{"embed", embed, hidden_embed},
            {"unembed", unembed, hidden_unembed},
            {"greedy", greedy, hidden_greedy, greedy_text, "sixteen tokens of a model's text"}};
}

}  // namespace gptoss::course
