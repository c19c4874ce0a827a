// The ten lines of the README, with Model compiled apart.
#include <iostream>

#include "gptoss/prebuilt.hpp"

int main(int, char** argv) {
    gptoss::Model<gptoss::FastOps> model(argv[1]);
    std::cout << model.ask("What is 17 + 25?") << "\n";
}
