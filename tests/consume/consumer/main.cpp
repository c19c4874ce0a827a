#include <cstdio>

#include "gptoss/layers/rmsnorm.hpp"

int main() {
    const float x[2] = {3, 4};
    const float gain[2] = {1, 1};
    float y[2];
    gptoss::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    std::printf("%.4f %.4f\n", double(y[0]), double(y[1]));
}
