/* `heapalloc leaks`: the blocks that nothing points to. argv[0] is the command's name. */
/* SPDX-License-Identifier: MIT */
#pragma once

int leaks_run(int argc, char **argv);
