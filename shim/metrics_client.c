/* Answers a client of the metrics' socket. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "metrics_client.h"
#include "live_metrics.h"
#include "syscall.h"
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum { REQUEST_MS = 200, REQUEST_BYTES = 4096 };

static bool has_come(int client) {
    struct pollfd wait = {.fd = client, .events = POLLIN};
    struct timespec time = {0, REQUEST_MS * 1000000L};
    return syscall_6(SYS_ppoll, (long)&wait, 1, (long)&time, 0, 0, 0) == 1;
}

/* Read what the client sends, up to an empty line; a client that sends nothing is not waited for long. All of it is
 * read, because the client loses the answer if something is left. True: it is a request in HTTP. */
static bool read_request(int client) {
    static const char get[] = "GET ", end[] = "\r\n\r\n";
    char bytes[256];
    size_t all = 0, begun = 0, ended = 0;
    while (ended < sizeof(end) - 1 && all < REQUEST_BYTES && has_come(client)) {
        long got = syscall_6(SYS_recvfrom, client, (long)bytes, sizeof(bytes), MSG_DONTWAIT, 0, 0);
        if (got <= 0) break;
        for (long i = 0; i < got; i++, all++) {
            if (begun == all && begun < sizeof(get) - 1 && bytes[i] == get[begun]) begun++;
            ended = bytes[i] == end[ended] ? ended + 1 : bytes[i] == end[0];
            if (ended == sizeof(end) - 1) break;
        }
    }
    return begun == sizeof(get) - 1;
}

void metrics_client_answer(int client) {
    static const char head[] = "HTTP/1.0 200 OK\r\n"
                               "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
                               "Connection: close\r\n\r\n";
    static const char later[] = "HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\n";
    struct live_stats stats;
    struct timeval patience = {1, 0};
    struct sink sink = {.file = client};
    syscall_6(SYS_setsockopt, client, SOL_SOCKET, SO_SNDTIMEO, (long)&patience, sizeof(patience), 0);
    bool http = read_request(client), read = live_stats_read(&stats);
    if (http) report_add(&sink.report, read ? head : later);
    if (read)
        live_metrics_write(&sink, &stats);
    else
        sink_end(&sink);
}
