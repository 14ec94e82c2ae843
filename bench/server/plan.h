/* How much data the server holds at each moment of its run: growing, steady and shrinking phases. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

struct plan_point {
    double at;        /* fraction of the run */
    double level;     /* fraction of the peak */
    const char *name; /* of the phase that begins here */
};

/* The last third begins with a sharp fall, followed only by the usual requests: it shows whether memory goes back. */
static const struct plan_point plan_points[] = {
    {0.00, 0.02, "grows"},   {0.18, 1.00, "steady"}, {0.34, 1.00, "shrinks"},
    {0.42, 0.25, "steady"},  {0.56, 0.25, "grows"},  {0.66, 0.75, "steady"},
    {0.72, 0.75, "shrinks"}, {0.75, 0.10, "quiet"},  {1.00, 0.10, "end"},
};

enum { PLAN_COUNT = sizeof plan_points / sizeof plan_points[0] };

/* The level at fraction `at` of the run, linear between the points. */
static inline double plan_level(double at) {
    size_t i = 1;
    while (i < PLAN_COUNT - 1 && plan_points[i].at <= at) i++;
    const struct plan_point *a = &plan_points[i - 1], *b = &plan_points[i];
    double part = at >= b->at ? 1.0 : (at - a->at) / (b->at - a->at);
    return a->level + part * (b->level - a->level);
}
