/* Of stdlib, what the test programs use. */
#pragma once

_Noreturn void exit(int code);
_Noreturn void abort(void);
