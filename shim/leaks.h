/* Leaks: live blocks that nothing of the program points to any more, told at exit when the option `leaks` asks. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Look for leaks and say on `file` how many blocks are lost. Other threads stand still meanwhile. At exit only. */
void leaks_tell(int file);
