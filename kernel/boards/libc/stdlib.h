/* The part of stdlib that the test programs use. */
/* SPDX-License-Identifier: MIT */
#pragma once

_Noreturn void exit(int code);
_Noreturn void abort(void);
