#include "gptoss/core/version.hpp"

#include <string>

#include "catch.hpp"

TEST_CASE("version: the text and the numbers are one version", "[version]") {
    const std::string numbers = std::to_string(GPTOSS_VERSION_MAJOR) + "." +
                                std::to_string(GPTOSS_VERSION_MINOR) + "." +
                                std::to_string(GPTOSS_VERSION_PATCH);
    CHECK(numbers == GPTOSS_VERSION);
}

TEST_CASE("version: a later one has the greater number", "[version]") {
    CHECK(GPTOSS_VERSION_NUMBER / 10000 == GPTOSS_VERSION_MAJOR);
    CHECK(GPTOSS_VERSION_NUMBER / 100 % 100 == GPTOSS_VERSION_MINOR);
    CHECK(GPTOSS_VERSION_NUMBER % 100 == GPTOSS_VERSION_PATCH);
#if GPTOSS_VERSION_NUMBER < 200
    FAIL("the preprocessor computes another number");
#endif
}
