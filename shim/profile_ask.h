/* Starts the profiler: by options, and by the program's calls. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Start the profiler if the options say so, at the rate that they say. */
void profile_update(void);
