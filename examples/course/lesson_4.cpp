// Lesson 4, positions: RoPE and YaRN.
#include "functions.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

using InvFreq = Remote<"rope_inv_freq", &gptoss::rope_inv_freq>;

// Four channels, theta 10,000, no YaRN.
Config plain_config() {
    Config c;
    c.head_dim = 4;
    c.rope_theta = 10000;
    c.rope_scaling_factor = 1;
    return c;
}

Config random_config(Random& random) {
    Config c;
    c.rope_theta = float(random.between(100, 500)) * 1000;
    c.rope_scaling_factor = float(random.between(2, 40));
    c.initial_context_length = 1024 << random.between(0, 3);
    return c;
}

Numbers frequencies(const Config& c, const std::vector<int>& pairs) {
    Numbers found;
    for (const int d : pairs) {
        found.push_back(double(InvFreq::call(c, d)));
    }
    return found;
}

Numbers hidden_inv_freq(Random& random) {
    const Config c = random_config(random);
    Numbers logarithms;  // they span seven decades
    for (const double f :
         frequencies(c, {random.below(8), random.between(8, 17), random.between(18, 31)})) {
        logarithms.push_back(std::log(f));
    }
    return logarithms;
}

Numbers table_of(const Config& c, const Ids& positions) {
    Matrix table = unwritten(int(positions.size()), c.head_dim);
    RopeTable::call(c, {positions.data(), table.rows}, table.out());
    return numbers(table.values);
}

// Of pair 0, whose frequency is 1: cos and sin of each position.
Numbers first_pair(const Config& c, const Ids& positions) {
    const Numbers all = table_of(c, positions);
    Numbers pairs;
    for (std::size_t t = 0; t < positions.size(); ++t) {
        const std::size_t row = t * std::size_t(c.head_dim);
        append(pairs, Numbers{all[row], all[row + std::size_t(c.head_dim / 2)]});
    }
    return pairs;
}

// Of the last pair, the slowest.
Numbers last_pair(const Config& c, int position) {
    const Numbers all = table_of(c, {position});
    return {all[std::size_t(c.head_dim / 2 - 1)], all[std::size_t(c.head_dim - 1)]};
}

Numbers hidden_table(Random& random) {
    const int first = random.between(1, 500);
    return table_of(random_config(random), {first, first + 1, first + random.between(2, 900)});
}

Numbers turned(const Matrix& x, const Matrix& table) {
    Matrix y = unwritten(x.rows, x.cols);
    Rope::call(x.view(), table.view(), y.out());
    return numbers(y.values);
}

Numbers hidden_rope(Random& random) {
    const int half = random.between(2, 16);
    const int n_tokens = random.between(1, 3);
    const Matrix x = random.matrix(n_tokens, random.between(1, 3) * 2 * half);
    return turned(x, random.matrix(n_tokens, 2 * half));
}

const Matrix kStill{{1, 1, 0, 0}, 1, 4};    // cos 1, sin 0
const Matrix kQuarter{{0, 1, 1, 0}, 1, 4};  // pair 0 by a quarter turn, pair 1 not at all

}  // namespace

std::vector<Exercise> lesson_4() {
    std::vector<WorkedCase> inv_freq{
        {"no YaRN, pair 0: theta^0 = 1", {1}, [] { return frequencies(plain_config(), {0}); }},
        {"no YaRN, pair 1 of 2: 10000^(-1/2) = 0.01",
         {0.01},
         [] { return frequencies(plain_config(), {1}); }},
        {"20b, pair 8, before the ramp: 150000^(-1/4)",
         {0.0508132748},
         [] { return frequencies(Config{}, {8}); }},
        {"20b, pair 12, on the ramp (8.09 to 17.40): 0.00679496",
         {0.00679495949},
         [] { return frequencies(Config{}, {12}); }},
        {"20b, pair 31, behind it: a 32nd of 150000^(-62/64)",
         {3.02351143e-7},
         [] { return frequencies(Config{}, {31}); }},
    };
    std::vector<WorkedCase> table{
        {"no YaRN, position 0: cos 1, 1, sin 0, 0",
         {1, 1, 0, 0},
         [] { return table_of(plain_config(), {0}); }},
        {"no YaRN, position 1, pair 0: cos 1 and sin 1",
         {0.54030231, 0.84147098},
         [] { return first_pair(plain_config(), {1}); }},
        {"20b, position 0: the concentration 0.1 ln 32 + 1 = 1.3465736, and 0",
         {1.3465736, 0},
         [] { return first_pair(Config{}, {0}); }},
        {"20b, position 1: cos 1 and sin 1 times 1.3465736",
         {0.72755682, 1.1331026},
         [] { return first_pair(Config{}, {1}); }},
        {"20b, position 5, pair 31: 1.5e-6 radians, so 1.3465736 and 0.000002",
         {1.3465736, 2.036e-6},
         [] { return last_pair(Config{}, 5); }},
        {"positions are absolute: 5 and 7",
         {0.38197201, -1.2912621, 1.0151849, 0.8846808},
         [] { return first_pair(Config{}, {5, 7}); }},
    };
    std::vector<WorkedCase> rope{
        {"an angle of 0 turns nothing",
         {1, 2, 3, 4},
         [] { return turned({{1, 2, 3, 4}, 1, 4}, kStill); }},
        {"(1, 3) by a quarter turn is (-3, 1); pairs are (d, d + half)",
         {-3, 2, 1, 4},
         [] { return turned({{1, 2, 3, 4}, 1, 4}, kQuarter); }},
        {"two heads are turned alike",
         {-3, 2, 1, 4, -7, 6, 5, 8},
         [] { return turned({{1, 2, 3, 4, 5, 6, 7, 8}, 1, 8}, kQuarter); }},
    };
    return {{"rope_inv_freq", inv_freq, hidden_inv_freq},
            {"rope_table", table, hidden_table},
            {"rope", rope, hidden_rope}};
}

}  // namespace gptoss::course
