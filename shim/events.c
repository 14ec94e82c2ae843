/* Pending events. */
/* SPDX-License-Identifier: MIT */
#include "events.h"
#include "shim.h"

STARTUP_DATA uint8_t events_due = 0;
