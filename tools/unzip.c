/* Reads gzip files with zlib, or says that this program was built without it. */
/* SPDX-License-Identifier: MIT */
#include "unzip.h"
#include <limits.h>
#include <stdlib.h>
#ifdef HEAPALLOC_ZLIB
#include <zlib.h>
#endif

bool is_gzip(const char *bytes, size_t length) {
    return length >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

#ifdef HEAPALLOC_ZLIB
enum { PIECE = 1 << 20, GZIP_ONLY = 16 };
static const size_t unpacked_max = (size_t)1 << 30; /* as the largest plain file */

/* Unpack all parts into a growing array. NULL: *fault is set. */
static char *unpack(z_stream *stream, size_t *done, const char **fault) {
    char *out = NULL;
    size_t room = 0;
    int state = Z_OK;
    *done = 0;
    while (state != Z_STREAM_END || stream->avail_in > 0) {
        if (state == Z_STREAM_END && inflateReset(stream) != Z_OK) break;
        if (room - *done < PIECE) {
            bool fits = room < unpacked_max;
            char *grown = fits ? realloc(out, room = 2 * room + PIECE) : NULL;
            if (!grown) {
                *fault = fits ? "there is not enough memory to unpack it" : "what it packs is too large";
                free(out);
                return NULL;
            }
            out = grown;
        }
        stream->next_out = (Bytef *)out + *done;
        stream->avail_out = PIECE;
        state = inflate(stream, Z_NO_FLUSH);
        *done += PIECE - stream->avail_out;
        if (state != Z_OK && state != Z_STREAM_END) break;
    }
    if (state == Z_STREAM_END) return out;
    *fault = state == Z_BUF_ERROR ? "it is compressed, and cut short" : "it is compressed, and damaged";
    free(out);
    return NULL;
}

char *gzip_read(const char *bytes, size_t length, size_t *read_length, const char **fault) {
    z_stream stream = {.next_in = (Bytef *)(size_t)bytes, .avail_in = (uInt)length};
    if (length > UINT_MAX || inflateInit2(&stream, MAX_WBITS + GZIP_ONLY) != Z_OK) {
        *fault = "there is not enough memory to unpack it";
        return NULL;
    }
    char *out = unpack(&stream, read_length, fault);
    inflateEnd(&stream);
    return out;
}

#else

char *gzip_read(const char *bytes, size_t length, size_t *read_length, const char **fault) {
    (void)bytes, (void)length;
    *read_length = 0;
    *fault = "it is compressed, and this program was built without zlib; `gunzip` makes a heap profile of it";
    return NULL;
}

#endif
