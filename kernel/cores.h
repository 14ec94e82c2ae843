/* All cores: starting them, giving them work, meeting at a barrier. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "core.h"
#include "machine.h"

/* Start every other core of the machine; exits with 3 or 4 when one does not start. */
void cores_start(const struct machine *machine);

/* Run `job(argument)` on every core, this one (core 0) included, and wait for the last. A core that
 * does not finish within the boot argument patience= ends the machine with code 4. */
void cores_run(void (*job)(void *argument), void *argument);

/* Jobs meet here: nobody leaves before all `core_count()` have come. */
void cores_meet(void);
