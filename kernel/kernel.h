/* What the boot found, for everybody to read: the machine, its memory, what was asked for. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "machine.h"
#include "memory.h"
#include "options.h"

extern struct machine machine;
extern struct memory memory;
extern struct options options;
