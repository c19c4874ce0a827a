// The main function of the tests of the CUDA path: without a device they are skipped, all at once.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif
#include <cstdio>

#include "device.hpp"

int main(int argc, char** argv) {
    const int kSkipStatus = 77;
    const std::string problem = gptoss::test::device_problem();
    if (!problem.empty()) {
        std::printf("SKIPPED: cuda: the tests did not run: %s\n", problem.c_str());
        return kSkipStatus;
    }
    if (gptoss::test::is_emulated()) std::printf("On an emulated device: no GPU was used.\n");
    return Catch::Session().run(argc, argv);
}
