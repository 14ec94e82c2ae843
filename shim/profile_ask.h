/* Who asks for a profile: the options, and the program's calls. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* The options say that it is wanted, or how often a sample is taken. */
void profile_update(void);
