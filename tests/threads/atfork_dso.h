/* How often the handlers of the library ran: 0 before fork, 1 in the parent, 2 in the child. */
/* SPDX-License-Identifier: MIT */
#pragma once

unsigned atfork_calls(unsigned which);
