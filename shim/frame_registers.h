/* The registers of a frame, by the numbers that DWARF gives them. */
/* SPDX-License-Identifier: MIT */
#pragma once

#if defined(__x86_64__)
enum { FRAME_POINTER = 6, FRAME_STACK = 7, FRAME_RETURN = 16, FRAME_REGISTERS = 17 };
#elif defined(__aarch64__)
enum { FRAME_POINTER = 29, FRAME_RETURN = 30, FRAME_STACK = 31, FRAME_REGISTERS = 32 };
#else
enum { FRAME_RETURN = 1, FRAME_STACK = 2, FRAME_POINTER = 8, FRAME_REGISTERS = 32 };
#endif
