/* Writes statistics and the profile when a signal requests them: the option `signal`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Handle the signal that the option names. One that the program ignores or handles is left alone, with a message. */
void dump_signal_update(void);

/* Write what a signal has requested. */
void dump_signal_write(void);
