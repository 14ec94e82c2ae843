# Writes files into a C file, each as an array of characters named after the file.
#
#   cmake -D FROM="FILE;..." -D TO=FILE.c -P embed.cmake
# SPDX-License-Identifier: MIT
set(text "#include \"report_page.h\"\n")
foreach(file IN LISTS FROM)
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} name)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
    string(APPEND text "const char ${name}[] = {\n${bytes}0};\n")
endforeach()
file(WRITE ${TO} "${text}")
