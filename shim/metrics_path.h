/* Where the metrics go: what the option names, and the sentence when it cannot be used. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* The path in "unix:PATH", with its patterns; NULL: the text names no socket. */
const char *metrics_socket_path(const char *text);

/* Say on stderr that metrics cannot go to `path`: why, or the error's number. */
void metrics_tell_failure(const char *path, const char *why, long error);
