/* What the bounded paths of the heap cost, call by call. */
#pragma once

/* A line "PATH name cost calls" for each cost that was met. */
void path_cost_print(void);
