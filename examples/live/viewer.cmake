# gptoss_add_viewer(TARGET): compiles the viewer's page into TARGET (viewer_html.hpp).
set(gptoss_viewer_folder "${CMAKE_CURRENT_LIST_DIR}")

function(gptoss_add_viewer target)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/viewer_html.cpp")
    file(GLOB page CONFIGURE_DEPENDS "${gptoss_viewer_folder}/page/*")
    file(GLOB headers CONFIGURE_DEPENDS "${gptoss_viewer_folder}/../../include/gptoss/layers/*.hpp")
    add_custom_command(OUTPUT "${source}"
        COMMAND ${CMAKE_COMMAND} "-DCPP=${source}" -P "${gptoss_viewer_folder}/assemble.cmake"
        DEPENDS "${gptoss_viewer_folder}/assemble.cmake" ${page} ${headers}
        COMMENT "Assembling the viewer" VERBATIM)
    target_sources(${target} PRIVATE "${source}")
    target_include_directories(${target} PRIVATE "${gptoss_viewer_folder}")
    set_source_files_properties("${source}" PROPERTIES
        SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "-w")
endfunction()
