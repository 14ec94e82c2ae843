/* Names of C++ functions as people say them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Write a function's name without template arguments, parameters and the type that it returns:
 * "char* std::vector<char>::at<int>(unsigned long)" becomes "std::vector::at". What has no room is cut. */
void function_text(const char *name, char *text, size_t room);

/* True when it is one of the C++ library's, which allocates for whoever called it. */
bool function_is_library(const char *name);
