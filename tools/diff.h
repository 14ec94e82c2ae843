/* `heapalloc diff`: what grew and shrank from one heap profile to another. */
/* SPDX-License-Identifier: MIT */
#pragma once

int diff_run(int argc, char **argv);
