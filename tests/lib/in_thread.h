/* Runs a part of a test in a thread of its own, and then the verifier. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/verify.h"
#include "test.h"
#include <pthread.h>

static inline void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

static inline void run(void *(*body)(void *), void *argument) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, body, argument), 0);
    pthread_join(thread, NULL);
    sound();
}
