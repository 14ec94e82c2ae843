/* `heapalloc export`: a heap profile in another program's format. */
/* SPDX-License-Identifier: MIT */
#pragma once

int export_run(int argc, char **argv);
