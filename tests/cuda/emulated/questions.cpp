// What the host asks the emulated device, and what it says when it stops.
#include <cstdio>
#include <cstdlib>

#include "emulator.hpp"

void emulated::stop(const std::string& reason) {
    std::fprintf(stderr, "emulated device: %s\n", reason.c_str());
    std::abort();
}

std::string emulated::environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

cudaError_t cudaGetDeviceCount(int* count) {
    *count = 1;
    return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
    *version = 0;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = 0;
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {};
    return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t status) {
    return status == cudaErrorInvalidConfiguration ? "invalid configuration argument" : "an error";
}
const char* cudaGetErrorName(cudaError_t status) {
    return status == cudaErrorInvalidConfiguration ? "cudaErrorInvalidConfiguration" : "cudaError";
}
