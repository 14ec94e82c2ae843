/* The function of the program that the library of first_call calls from its constructor. */
/* SPDX-License-Identifier: MIT */
#pragma once

void first_call_in_library(int argc, char **argv) __attribute__((weak));
