# The CUDA path, with -DGPTOSS_CUDA=ON only: nvcc, and the flags that every .cu of ours needs.
#
# CMAKE_CUDA_ARCHITECTURES is the usual variable; without it there is code for sm_80 and sm_90, and
# PTX for what is newer.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
endif()
enable_language(CUDA)

add_library(gptoss_cuda_flags INTERFACE)
target_link_libraries(gptoss_cuda_flags INTERFACE gptoss::gptoss)
target_compile_features(gptoss_cuda_flags INTERFACE cuda_std_20)
target_compile_options(gptoss_cuda_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr --default-stream per-thread
        -Xcompiler=-Wall,-Wextra,-Wconversion>)
