// The one place that knows which Catch2 is installed: v2 on Debian 12, v3 elsewhere.
#pragma once
#include <iostream>
#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
namespace Catch::Matchers {
inline auto ContainsSubstring(const std::string& text) {
    return Contains(text);
}
}  // namespace Catch::Matchers
#endif

// By name, not all of them: Catch2 has a Message too.
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::Matches;
using Catch::Matchers::StartsWith;
using Catch::Matchers::WithinAbs;

// Ends a test case early and says why; scripts/test.sh counts these lines and prints them.
// (Catch2 v2 has no SKIP, so the case is left by an exception-free return at the call site.)
inline void report_skip(const std::string& reason) {
    std::cout << "SKIPPED: " << Catch::getResultCapture().getCurrentTestName() << ": " << reason
              << std::endl;
}
#define skip_test(reason)    \
    do {                     \
        report_skip(reason); \
        SUCCEED("skipped");  \
        return;              \
    } while (false)
