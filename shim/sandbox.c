/* The flag of sandbox.h, for the static library too, in which nothing sets it. */
/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

bool sandbox_entered = false;
