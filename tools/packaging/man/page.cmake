# Makes one manual page by scdoc, which reads stdin and writes stdout.
# Usage: cmake -D SCDOC=scdoc -D FROM=page.scd -D TO=page -P page.cmake
# SPDX-License-Identifier: MIT
execute_process(COMMAND ${SCDOC} INPUT_FILE ${FROM} OUTPUT_FILE ${TO} RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    file(REMOVE ${TO})
    message(FATAL_ERROR "scdoc does not accept ${FROM}")
endif()
