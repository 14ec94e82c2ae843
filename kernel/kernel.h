/* What the boot found, readable by all: the machine, its memory, the boot arguments. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "machine.h"
#include "memory.h"
#include "options.h"

extern struct machine machine;
extern struct memory memory;
extern struct options options;
