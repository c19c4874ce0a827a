// What the emulated device tells the sanitizers that kernels are built with: nothing, without one. Its own
// files are built without, so that what it does between threads is seen by none.
#pragma once
#include <cstddef>

#ifdef EMULATED_WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef EMULATED_WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace emulated {

#ifdef EMULATED_WITH_TSAN
inline constexpr bool kFindsRaces = true;
inline void* new_tsan_fiber() {
    return __tsan_create_fiber(0);
}
inline void* current_tsan_fiber() {
    return __tsan_get_current_fiber();
}
inline void become_tsan_fiber(void* fiber) {
    const unsigned without_an_order = 1;  // __tsan_switch_to_fiber_no_sync
    __tsan_switch_to_fiber(fiber, without_an_order);
}
// What was done before a release of a thing comes before what is done after an acquire of it.
inline void release_order(void* thing) {
    __tsan_release(thing);
}
inline void acquire_order(void* thing) {
    __tsan_acquire(thing);
}
#else
inline constexpr bool kFindsRaces = false;
inline void* new_tsan_fiber() {
    return nullptr;
}
inline void* current_tsan_fiber() {
    return nullptr;
}
inline void become_tsan_fiber(void*) {}
inline void release_order(void*) {}
inline void acquire_order(void*) {}
#endif

#ifdef EMULATED_WITH_ASAN
inline constexpr bool kFindsStrays = true;
inline void forbid(const void* memory, std::size_t bytes) {
    __asan_poison_memory_region(memory, bytes);
}
inline void allow(const void* memory, std::size_t bytes) {
    __asan_unpoison_memory_region(memory, bytes);
}
// Around a switch to another stack: start before it, finish behind it, on the new one.
inline void start_switch(void** saved, const void* stack, std::size_t bytes) {
    __sanitizer_start_switch_fiber(saved, stack, bytes);
}
inline void finish_switch(void* saved, const void** from, std::size_t* bytes) {
    __sanitizer_finish_switch_fiber(saved, from, bytes);
}
#else
inline constexpr bool kFindsStrays = false;
inline void forbid(const void*, std::size_t) {}
inline void allow(const void*, std::size_t) {}
inline void start_switch(void**, const void*, std::size_t) {}
inline void finish_switch(void*, const void**, std::size_t*) {}
#endif

}  // namespace emulated
