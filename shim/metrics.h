/* The file of metrics that is rewritten at an interval: the options `metrics` and `interval`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* The options say what is in force now. */
void metrics_update(void);

/* Write the file: a temporary one beside it, which then takes its place, so that readers see all of one or the other.
 */
void metrics_write(void);
