/* Makes the socket that serves metrics. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <sys/un.h>

/* Listen at this address, at a socket with a high number, which programs rarely close by mistake. Returns the socket,
 * or a negated error; *why then says more, if it is not NULL. */
long metrics_listen(const struct sockaddr_un *address, const char **why);
