/* Faults in the guard slots end the program with a sentence. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Report faults within the slots from now on; all others go to the handler that is there. Called again, it finds a
 * handler that the program has installed meanwhile. */
void guard_watch(void);
