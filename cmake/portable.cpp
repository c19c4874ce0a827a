// For GPTOSS_PORTABLE: what the compiler's own library asks of a C library newer than many machines have
// (glibc 2.36, for std::random_device).
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

extern "C" std::uint32_t arc4random() {
    std::uint32_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != ssize_t(sizeof number)) std::abort();
    return number;
}
