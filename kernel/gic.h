/* The interrupt controller, GICv2 or GICv3: enable, acknowledge, send to another core. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "core.h"
#include "machine.h"
#include <stdint.h>

enum { GIC_IRQS_MAX = 256 };

typedef void gic_handler(void);

void gic_init(struct machine *machine); /* once, before any core's; corrects gic_version */
void gic_init_core(struct core *core);  /* on each core            */

/* Call `handler` for `irq`, which must be below GIC_IRQS_MAX; private ones (below 32) are enabled
 * on the calling core only, shared ones are sent to it. */
void gic_attach(uint32_t irq, gic_handler *handler);
void gic_detach(uint32_t irq);

void gic_send(const struct core *core, uint32_t sgi); /* sgi: 0..15 */

/* Acknowledge the pending interrupt, call its handler, and signal its end. */
void gic_handle(void);
