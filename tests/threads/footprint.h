/* How large the process is: addresses, resident memory, mappings; read without allocating. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "team.h"

struct footprint {
    size_t address_kib, resident_kib, mappings;
};

static struct footprint footprint(void) {
    const char *status = "/proc/self/status";
    return (struct footprint){kernel_bytes(status, "VmSize:") >> 10, kernel_bytes(status, "VmRSS:") >> 10, mappings()};
}
