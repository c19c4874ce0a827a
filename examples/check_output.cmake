# cmake -DPROGRAM=... -DSOURCE=... -P check_output.cmake
# Runs PROGRAM and compares its output with the lines after "// Expected output:" in SOURCE.
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE got RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ended with status ${status}")
endif()

file(READ "${SOURCE}" text)
string(REGEX MATCH "// Expected output:\n(.*)$" found "${text}")
if(NOT found)
    message(FATAL_ERROR "${SOURCE} has no '// Expected output:' block")
endif()
# By the line feed in front: ^ would match again behind each replacement, inside a line.
string(REGEX REPLACE "\n// ?" "\n" expected "\n${CMAKE_MATCH_1}")

string(STRIP "${got}" got)
string(STRIP "${expected}" expected)
if(NOT got STREQUAL expected)
    message(FATAL_ERROR "output differs\n--- expected\n${expected}\n--- got\n${got}")
endif()
