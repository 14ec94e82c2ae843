# Stops configuring with one sentence where heapalloc does not run, so that the build does not fail half way.
# SPDX-License-Identifier: MIT
include(CheckCSourceCompiles)

function(heapalloc_stop)
    string(CONCAT sentence "heapalloc: " ${ARGN})
    message(FATAL_ERROR "${sentence}")
endfunction()

if(NOT CMAKE_SYSTEM_NAME STREQUAL Linux)
    heapalloc_stop("it runs on Linux, not on ${CMAKE_SYSTEM_NAME}; "
                   "for a machine without a system see kernel/README.md.")
endif()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|aarch64|arm64|riscv64)$" OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
    heapalloc_stop("it runs on 64-bit x86-64, AArch64 and RISC-V, not on ${CMAKE_SYSTEM_PROCESSOR} "
                   "with pointers of ${CMAKE_SIZEOF_VOID_P} bytes.")
endif()
if(NOT CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    heapalloc_stop("it is compiled by gcc or clang, not by ${CMAKE_C_COMPILER_ID}.")
endif()
# The ends of threads, forks and the loader belong to libc, and each libc differs.
check_c_source_compiles("
    #include <features.h>
    #ifndef __GLIBC__
    #error not glibc
    #endif
    int main(void) { return 0; }" HEAPALLOC_HAS_GLIBC)
if(NOT HEAPALLOC_HAS_GLIBC)
    check_c_source_compiles("
        #define _GNU_SOURCE
        #include <features.h>
        #if defined(__GLIBC__) || defined(__UCLIBC__) || defined(__BIONIC__)
        #error not musl
        #endif
        #include <pthread.h>
        int main(void) { pthread_attr_t a; return pthread_getattr_np(pthread_self(), &a); }" HEAPALLOC_HAS_MUSL)
    if(NOT HEAPALLOC_HAS_MUSL)
        heapalloc_stop("it needs glibc or musl, and ${CMAKE_C_COMPILER} compiles for another libc.")
    endif()
endif()
