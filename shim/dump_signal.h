/* Statistics when a signal asks for them: the option `signal`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* The option says which signal it is now; one that the program has a use for already is left to it, which is told. */
void dump_signal_update(void);

/* Write what a signal has asked for. */
void dump_signal_write(void);
