// Instruction sets: what the tuned kernels are compiled for, and which of them this machine has.
//
//     portable   plain C++ for any machine; on x86-64 that is SSE2
//     neon       every 64-bit ARM
//     avx2       with FMA, and F16C, which every processor with AVX2 has: x86-64 since 2013
//     avx512     F, BW, DQ and VL: servers since 2017
//
// No build flag is needed: each kernel carries its own target attribute (fast/kernels/avx2.hpp), and one is
// chosen when the program runs. Nobody can change the choice; a test passes another set instead.
//
// Source   Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 14;
//          __builtin_cpu_supports also asks whether the operating system saves the registers.
#pragma once

namespace gptoss::fast {

enum class InstructionSet { portable, neon, avx2, avx512 };

inline constexpr InstructionSet kInstructionSets[] = {
    InstructionSet::portable, InstructionSet::neon, InstructionSet::avx2, InstructionSet::avx512};

inline bool can_run(InstructionSet set) {
    if (set == InstructionSet::portable) return true;
#if defined(__x86_64__)
    if (set == InstructionSet::avx2) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    }
    if (set == InstructionSet::avx512) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    }
#elif defined(__aarch64__)
    if (set == InstructionSet::neon) return true;
#endif
    return false;
}

inline InstructionSet best_instruction_set() {
    InstructionSet best = InstructionSet::portable;
    for (const InstructionSet set : kInstructionSets) {
        if (can_run(set)) best = set;
    }
    return best;
}

inline const char* instruction_set_name(InstructionSet set) {
    if (set == InstructionSet::neon) return "neon";
    if (set == InstructionSet::avx2) return "avx2";
    if (set == InstructionSet::avx512) return "avx512";
    return "portable";
}

}  // namespace gptoss::fast
