# emulate(OUT FILE...): copies of CUDA sources in the folder OUT that a C++ compiler understands.
#
#     kernel<<<grid, block>>>(arguments)   ->   ::emulated::launch(kernel, grid, block)(arguments)
#     #pragma unroll N                     ->
#     alignas(A) __shared__ T name[N];     ->   auto& name = ::emulated::shared<T[N]>(..., A);
#
# FILE is relative to the folder ROOT. A .cu becomes a .cpp.
function(emulate out root)
    foreach(file IN LISTS ARGN)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${root}/${file}")
        file(READ "${root}/${file}" text)
        string(REGEX REPLACE "([A-Za-z_0-9:]+)<<<([^;]*)>>>\\(" "::emulated::launch(\\1, \\2)(" text
               "${text}")
        string(REGEX REPLACE "#pragma unroll[^\n]*" "" text "${text}")
        set(name "[] { static char name; return &name; }()")
        string(REGEX REPLACE "alignas\\(([A-Za-z]+)\\) __shared__ ([A-Za-z_:0-9]+) ([a-z_]+)([^;]*);"
               "auto& \\3 = ::emulated::shared<\\2\\4>(${name}, \\1);" text "${text}")
        string(REGEX REPLACE "__shared__ ([A-Za-z_:0-9]+) ([a-z_]+)([^;]*);"
               "auto& \\2 = ::emulated::shared<\\1\\3>(${name});" text "${text}")
        if(text MATCHES "__shared__")
            message(FATAL_ERROR "${file}: emulate.cmake does not understand a shared variable")
        endif()
        if(text MATCHES "<<<")
            message(FATAL_ERROR "${file}: emulate.cmake does not understand one of its launches")
        endif()
        string(REGEX REPLACE "\\.cu$" ".cpp" copy "${out}/${file}")
        file(CONFIGURE OUTPUT "${copy}" CONTENT "${text}" @ONLY)
    endforeach()
endfunction()
