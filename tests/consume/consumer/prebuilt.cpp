// The ten lines of the README, with Model compiled apart.
#include "gptoss/prebuilt.hpp"

#include <iostream>

int main(int, char** argv) {
    gptoss::Model<gptoss::FastOps> model(argv[1]);
    std::cout << model.ask("What is 17 + 25?") << "\n";
}
