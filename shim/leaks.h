/* Leaks: live blocks that nothing of the program points to any more, told at exit when the option `leaks` asks. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* An address below the caller's frame, and above what the caller calls next needs but for a few words. */
uintptr_t leaks_stack(void);

/* Look for leaks and say on `file` how many blocks are lost. `stack`: the program's begins here, with its registers;
 * what is below is our own, and holds no block. Other threads stand still meanwhile. At exit only. */
void leaks_tell(int file, uintptr_t stack);
