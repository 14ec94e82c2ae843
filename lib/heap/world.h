/* What a world calls beside the functions that it exports: threads begin and end, processes fork, memory goes back. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fork.h"
#include "heap/registry.h"
#include "heap/sample_life.h"
#include "heap/thread.h"
#include "heap/tick.h"
#include "heap/trim.h"
