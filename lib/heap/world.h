/* What a world calls, beside the malloc family, when threads begin and end, when it forks, and to give memory back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fork.h"
#include "heap/redzone.h"
#include "heap/registry.h"
#include "heap/sample_life.h"
#include "heap/thread.h"
#include "heap/tick.h"
#include "heap/trim.h"
