/* Answers a client of the metrics' socket. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Answer in HTTP if the client sends "GET", otherwise with the text alone. A client that neither sends nor reads is not
 * waited for long. */
void metrics_client_answer(int client);
