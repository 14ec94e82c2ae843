/* Fuzzing: an input says how to make a compressed file: its parts, how each is packed, how much is cut off, which byte
 * is changed. A whole file must be unpacked to what was packed; any other is refused with a reason, or what is unpacked
 * is checked by its sums. Also the input itself is read. Built and run by ci/fuzz.sh. */
/* SPDX-License-Identifier: MIT */
#include "unzip.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PLAIN_MAX = 8 << 20, PACKED_MAX = PLAIN_MAX + (1 << 20), REPEAT_MAX = 1 << 15, GZIP_BITS = MAX_WBITS + 16 };

static char plain[PLAIN_MAX], packed[PACKED_MAX];

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

/* Append a part of the file; returns its end. */
static size_t pack(size_t at, const char *from, size_t length, int level) {
    z_stream stream = {.next_in = (Bytef *)(size_t)from,
                       .avail_in = (uInt)length,
                       .next_out = (Bytef *)packed + at,
                       .avail_out = (uInt)(PACKED_MAX - at)};
    if (deflateInit2(&stream, level, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) abort();
    at = PACKED_MAX - stream.avail_out;
    deflateEnd(&stream);
    return at;
}

/* Each part: a length, a level, a count of how often its bytes are repeated, its bytes. Returns the plain length. */
static size_t compose(const unsigned char *input, size_t bytes, size_t *length) {
    size_t made = 0;
    for (*length = 0; bytes >= 4;) {
        size_t count = input[0], repeats = (input[2] | (size_t)input[3] << 8) % REPEAT_MAX + 1, from = made;
        int level = input[1] % 10;
        input += 4, bytes -= 4;
        if (count > bytes) count = bytes;
        for (; repeats > 0 && made + count <= PLAIN_MAX; repeats--, made += count) memcpy(plain + made, input, count);
        *length = pack(*length, plain + from, made - from, level);
        input += count, bytes -= count;
    }
    return made;
}

/* Unpack, and free it. False: it is refused. */
static bool unpack(const char *bytes, size_t length, const char *expected, size_t expected_length) {
    const char *fault = NULL;
    size_t done = 0;
    char *exact = malloc(length + (length == 0)), *out; /* so that a read behind its end is noticed */
    if (!exact) abort();
    memcpy(exact, bytes, length);
    if (is_gzip(exact, length) != (length >= 2 && (uint8_t)bytes[0] == 31 && (uint8_t)bytes[1] == 139))
        wrong("what is compressed is not known as such");
    out = gzip_read(exact, length, &done, &fault);
    free(exact);
    if (!out && !fault) wrong("a file is refused without a reason");
    if (out && expected && (done != expected_length || memcmp(out, expected, done) != 0))
        wrong("a file is not unpacked to what was packed");
    free(out);
    return out != NULL;
}

int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes);
int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes) {
    size_t length, made;
    unpack((const char *)input, bytes, NULL, 0);
    if (bytes < 4) return 0;
    made = compose(input + 4, bytes - 4, &length);
    if (length == 0) return 0;
    if (!unpack(packed, length, plain, made)) wrong("a whole file is refused");
    size_t kept = length - (input[0] | (size_t)input[1] << 8) % length;
    size_t changed = (input[2] | (size_t)input[3] << 8) % kept;
    if (kept < length) unpack(packed, kept, NULL, 0);
    packed[changed] = (char)(packed[changed] ^ 1 << input[0] % 8);
    unpack(packed, kept, NULL, 0);
    return 0;
}
