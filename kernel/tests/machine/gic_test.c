/* Interrupts sent from core to core: each arrives at the core it was sent to. */
/* SPDX-License-Identifier: MIT */
#include "cores.h"
#include "gic.h"
#include "kernel.h"
#include "ktest.h"
#include "timer.h"
#include <stddef.h>

enum { SGI_TEST = 3, ROUNDS = 200 };

static uint64_t received[CORES_MAX];

static void receive(void) {
    uint32_t index = core_self()->index;
    __atomic_store_n(&received[index], received[index] + 1, __ATOMIC_RELEASE);
}

static bool arrives(uint32_t index, uint64_t count) {
    struct deadline deadline = deadline_in_ms(options.patience);

    while (__atomic_load_n(&received[index], __ATOMIC_ACQUIRE) < count) {
        if (deadline_passed(deadline)) return false;
        timer_nap();
    }
    return true;
}

/* A message to the wrong core is one too few here and one too many there. */
KTEST(gic, message_arrives_at_its_core_and_no_other) {
    gic_attach(SGI_TEST, receive);
    for (uint32_t i = 0; i < CORES_MAX; i++) received[i] = 0;
    for (uint64_t round = 1; round <= ROUNDS; round++)
        for (uint32_t i = 0; i < core_count(); i++) {
            gic_send(core_at(i), SGI_TEST);
            require(arrives(i, round));
        }
    for (uint32_t i = 0; i < CORES_MAX; i++) expect(received[i] == (i < core_count() ? ROUNDS : 0));
}

static void send_to_next(void *unused) {
    uint32_t next = (core_self()->index + 1) % core_count();

    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t before = __atomic_load_n(&received[next], __ATOMIC_ACQUIRE);
        gic_send(core_at(next), SGI_TEST);
        expect(arrives(next, before + 1));
    }
}

KTEST(gic, messages_in_a_ring_all_arrive) {
    for (uint32_t i = 0; i < CORES_MAX; i++) received[i] = 0;
    gic_attach(SGI_TEST, receive);
    cores_run(send_to_next, NULL);
    for (uint32_t i = 0; i < core_count(); i++) expect(received[i] == ROUNDS);
}
