/* `heapalloc report`: a page about heap profiles, and about the heap of a process or core file. */
/* SPDX-License-Identifier: MIT */
#pragma once

int report_run(int argc, char **argv);
