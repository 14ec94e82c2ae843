/* Rewrites the metrics file at an interval: the options `metrics` and `interval`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Schedule the next writing by what the options say now. */
void metrics_update(void);

/* Write a temporary file and rename it, so that readers see the whole old file or the whole new one. */
void metrics_write(void);
