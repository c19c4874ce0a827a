// Lesson 2, norms and matrices.
#include "functions.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

Numbers normed(const Matrix& x, const Floats& gain, float eps) {
    Matrix y = unwritten(x.rows, x.cols);
    Rmsnorm::call(x.view(), {gain.data(), int(gain.size())}, eps, y.out());
    return numbers(y.values);
}

// Small rows, where eps counts.
Numbers hidden_rmsnorm(Random& random) {
    const int hidden_size = random.between(2, 64);
    const Matrix x = random.matrix(random.between(1, 4), hidden_size, 0.01f);
    return normed(x, random.floats(hidden_size, 2), 1e-5f);
}

Numbers multiplied(const Matrix& x, const Matrix& w, const Floats& bias) {
    Matrix y = unwritten(x.rows, w.rows);
    Linear::call(x.view(), w.dense(), {bias.data(), int(bias.size())}, y.out());
    return numbers(y.values);
}

Numbers hidden_linear(Random& random) {
    const int in = random.between(2, 64);
    const int out = random.between(1, 20);
    const Matrix x = random.matrix(random.between(1, 4), in);
    return multiplied(x, random.matrix(out, in), random.floats(out));
}

Numbers added(const Matrix& x, const Matrix& y) {
    Matrix out = unwritten(x.rows, x.cols);
    AddResidual::call(x.view(), y.view(), out.out());
    return numbers(out.values);
}

Numbers hidden_residual(Random& random) {
    const int n_tokens = random.between(1, 5);
    const int hidden_size = random.between(1, 50);
    const Matrix x = random.matrix(n_tokens, hidden_size, 100);
    return added(x, random.matrix(n_tokens, hidden_size));
}

}  // namespace

std::vector<Exercise> lesson_2() {
    std::vector<WorkedCase> rmsnorm{
        {"3 and 4: mean square 12.5, 1 / root is 0.2828427; gains 1, 2",
         {0.8485281, 2.2627417},
         [] { return normed({{3, 4}, 1, 2}, {1, 2}, 0); }},
        {"1 and -1: mean square 1, so they stay",
         {1, -1},
         [] { return normed({{1, -1}, 1, 2}, {1, 1}, 0); }},
        {"every token by itself: 1, 1 and 2, 2 both become 1, 1",
         {1, 1, 1, 1},
         [] { return normed({{1, 1, 2, 2}, 2, 2}, {1, 1}, 0); }},
        {"eps inside the root: 0.001 / sqrt(1e-6 + 1e-5)",
         {0.30151134, 0.30151134},
         [] { return normed({{0.001f, 0.001f}, 1, 2}, {1, 1}, 1e-5f); }},
    };
    std::vector<WorkedCase> linear{
        {"(1, 2) with rows (3, 4), (5, 6), (7, 8) and bias 0.5, 0, -1",
         {11.5, 17, 22},
         [] { return multiplied({{1, 2}, 1, 2}, {{3, 4, 5, 6, 7, 8}, 3, 2}, {0.5f, 0, -1}); }},
        {"a token of zeros gives the bias",
         {0.5, -1},
         [] { return multiplied({{0, 0, 0}, 1, 3}, {Floats(6, 1), 2, 3}, {0.5f, -1}); }},
        {"every token by itself",
         {3, 30},
         [] { return multiplied({{1, 1, 10, 10}, 2, 2}, {{1, 2}, 1, 2}, {0}); }},
    };
    std::vector<WorkedCase> residual{
        {"(1, 2) and (10, -20)",
         {11, -18},
         [] { return added({{1, 2}, 1, 2}, {{10, -20}, 1, 2}); }},
        {"two tokens",
         {1, 2, 3, 4},
         [] { return added({{1, 2, 0, 0}, 2, 2}, {{0, 0, 3, 4}, 2, 2}); }},
    };
    return {{"rmsnorm", rmsnorm, hidden_rmsnorm},
            {"linear", linear, hidden_linear},
            {"add_residual", residual, hidden_residual}};
}

}  // namespace gptoss::course
