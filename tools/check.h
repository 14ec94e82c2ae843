/* `heapalloc check`: is heapalloc active in a process? */
/* SPDX-License-Identifier: MIT */
#pragma once

int check_run(int argc, char **argv);
