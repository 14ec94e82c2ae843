/* A program with known blocks in its heap, which then sleeps, damages its heap or crashes, as its first argument says.
 * */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 1000, BLOCK_BYTES = 200, LOST = 300, LOST_BYTES = 1500, MANY = 100000 };
static char *blocks[BLOCKS], *volatile large; /* what points to them */

/* One thread frees 100 MB, says so, and allocates nothing from then on. */
static int idle(void) {
    static char *many[MANY];
    for (int i = 0; i < MANY; i++)
        if ((many[i] = malloc(1000))) memset(many[i], 1, 1000);
    for (int i = 0; i < MANY; i++) free(many[i]);
    if (write(STDOUT_FILENO, "idle\n", 5) != 5) return 1;
    alarm(120);
    pause();
    return 0;
}

static void *fill(void *part) {
    for (int i = part ? BLOCKS / 2 : 0; i < (part ? BLOCKS : BLOCKS / 2); i++) {
        blocks[i] = malloc(BLOCK_BYTES);
        if (!blocks[i]) abort();
        memset(blocks[i], i, BLOCK_BYTES);
    }
    return part;
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "sleep";
    pthread_t thread;
    if (strcmp(what, "idle") == 0) return idle();
    fill(NULL);
    if (pthread_create(&thread, NULL, fill, blocks) != 0) return 1;
    pthread_join(thread, NULL);
    for (int i = 0; i < BLOCKS; i += 4) free(blocks[i]);
    large = malloc(5 << 20);
    if (!large) return 1;
    memset(large, 1, 5 << 20);
    for (int i = 0; i < LOST && strcmp(what, "lose") == 0; i++)
        if (!malloc(LOST_BYTES)) return 1;
    if (strcmp(what, "damage") == 0) memset(blocks[100], 'x', 16);        /* was freed */
    printf("%p\n", (void *)blocks[strcmp(what, "first") == 0 ? 1 : 101]); /* the first ones have red zones */
    fflush(stdout);
    if (strcmp(what, "crash") == 0) abort();
    alarm(120);
    pause();
    return 0;
}
