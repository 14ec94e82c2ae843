/* Serves the metrics from a unix socket, with a thread that exists only where `metrics=unix:PATH` asks for one. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

bool metrics_socket_is_open(void);

/* Open the socket that the option names and start its thread; close one that it does not name any more. No lock may be
 * held. */
void metrics_socket_update(void);

/* Remove the socket's file, unless it is another process's; the thread then ends. */
void metrics_socket_close(void);
