/* The explorer's shell: which command a line asks for. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"

static void help(struct shell *shell);

static void run_exit(struct shell *shell) {
    uint64_t code = 0;
    if (shell->word_count > 1 && !shell_number(shell->words[1], &code)) {
        shell_fail(shell, "`%s` is not a number to end with\n", shell->words[1]);
        return;
    }
    shell->exits = true;
    shell->has_code = shell->word_count > 1;
    shell->code = code;
}

static const struct shell_command commands[] = {
    {"alloc", "SIZE [NAME]", "allocate a block; it gets the next number, and a name if you like", shell_alloc, 1, 2},
    {"free", "BLOCK", "free a block", shell_free, 1, 1},
    {"realloc", "BLOCK SIZE", "make a block larger or smaller, where it stands or elsewhere", shell_realloc, 2, 2},
    {"name", "BLOCK [NAME]", "give a block another name, or none", shell_rename, 1, 2},
    {"leaks", "", "blocks without a name that no word of a named block leads to", shell_leaks, 0, 0},
    {"collect", "", "free those blocks", shell_collect, 0, 0},
    {"status", "", "the blocks allocated here, and their sums", shell_status, 0, 0},
    {"visualize", "[PLACE [BYTES]]",
     "a picture of the heap; of the slab or extent at PLACE; of so many BYTES from there", shell_visualize, 0, 2},
    {"walk", "[PLACE]", "every extent of the heap; every block of the one at PLACE", shell_walk, 0, 1},
    {"block", "PLACE", "what lies there: size, state, neighbours", shell_show_block, 1, 1},
    {"freelist", "[SIZE|medium|large]", "the lists of free blocks as they are linked", shell_freelist, 0, 1},
    {"peek", "PLACE [WORDS]", "read memory", shell_peek, 1, 2},
    {"poke", "PLACE VALUE", "write a word of memory: a number, or a place by name or +0x...", shell_poke, 2, 2},
    {"check", "", "is the heap whole, and if not, what is wrong where", shell_check, 0, 0},
    {"stats", "", "sums over the whole heap", shell_stats, 0, 0},
    {"flush", "", "put what is kept for the next requests back where it merges with its neighbours", shell_flush, 0, 0},
    {"trim", "", "flush, and give free memory back to the system", shell_trim, 0, 0},
    {"origin", "[PLACE]", "where addresses count from; 0x0: from zero", shell_origin, 0, 1},
    {"help", "[COMMAND]", "this", help, 0, 1},
    {"exit", "[CODE]", "leave; without CODE by 1 when a line failed, else 0", run_exit, 0, 1},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const struct shell_command *named_in(const struct shell_command *table, uint32_t count, const char *name) {
    for (uint32_t i = 0; i < count; i++)
        if (shell_same(table[i].name, name)) return &table[i];
    return NULL;
}

/* A platform's command replaces the shell's of the same name. */
static const struct shell_command *command_named(const struct shell *shell, const char *name) {
    const struct shell_command *command = named_in(shell->platform->commands, shell->platform->command_count, name);
    return command ? command : named_in(commands, COMMAND_COUNT, name);
}

/* The commands of the shell, as its platform has them, and then those that only its platform has. */
static const struct shell_command *command_at(const struct shell *shell, uint32_t index) {
    if (index < COMMAND_COUNT) return command_named(shell, commands[index].name);
    index -= COMMAND_COUNT;
    for (uint32_t i = 0; i < shell->platform->command_count; i++) {
        const struct shell_command *command = &shell->platform->commands[i];
        if (!named_in(commands, COMMAND_COUNT, command->name) && index-- == 0) return command;
    }
    return NULL;
}

const char *shell_command_name(const struct shell *shell, uint32_t index) {
    const struct shell_command *command = command_at(shell, index);
    return command ? command->name : NULL;
}

static void unknown(struct shell *shell, const char *name) {
    const char *nearest = shell_nearest(name, &commands[0].name, COMMAND_COUNT, sizeof(commands[0]));
    if (!nearest && shell->platform->command_count > 0)
        nearest = shell_nearest(name, &shell->platform->commands[0].name, shell->platform->command_count,
                                sizeof(shell->platform->commands[0]));
    if (nearest)
        shell_fail(shell, "there is no command `%s`; did you mean `%s`?\n", name, nearest);
    else
        shell_fail(shell, "there is no command `%s`; `help` lists them\n", name);
}

static uint32_t text_length(const char *text) {
    uint32_t length = 0;
    while (text[length]) length++;
    return length;
}

/* Print a command in two columns; the second begins on a line of its own when the first is long. */
static void describe_command(struct shell *shell, const struct shell_command *command) {
    enum { COLUMN = 28 };
    uint32_t used = text_length(command->name) + 1 + text_length(command->arguments);
    shell_say(shell, "  %s %s", command->name, command->arguments);
    for (; used < COLUMN; used++) shell_say(shell, " ");
    shell_say(shell, " %s\n", command->help);
}

static void help(struct shell *shell) {
    const struct shell_command *command;
    if (shell->word_count > 1) {
        command = command_named(shell, shell->words[1]);
        if (command)
            describe_command(shell, command);
        else
            unknown(shell, shell->words[1]);
        return;
    }
    for (uint32_t i = 0; (command = command_at(shell, i)); i++)
        if (command->help[0]) describe_command(shell, command);
    if (shell->platform->places)
        shell_say(shell, "%s", shell->platform->places);
    else
        shell_say(shell, "A BLOCK is a number or a name; a PLACE is a BLOCK or an address, 0x... or "
                         "+0x... from the origin,\n"
                         "and so are 3+8, line:3 and slot:3, the entries that describe block 3. # "
                         "begins a comment.\n");
}

static void run(struct shell *shell) {
    const struct shell_command *command = command_named(shell, shell->words[0]);
    uint32_t given = shell->word_count - 1;
    if (!command)
        unknown(shell, shell->words[0]);
    else if (given < command->least || given > command->most)
        shell_fail(shell, "%s: %s %s\n", given < command->least ? "something is missing" : "that is too much",
                   command->name, command->arguments);
    else
        command->run(shell);
}

void shell_begin(struct shell *shell, const struct shell_platform *platform) {
    *shell = (struct shell){.platform = platform};
}

void shell_line(struct shell *shell, const char *line) {
    shell->failed = false;
    if (!shell_split(shell, line))
        shell_fail(shell, "that line is too long: %u words and %u letters at most\n", SHELL_WORDS_MAX,
                   SHELL_LINE_MAX - 1);
    else if (shell->word_count > 0)
        run(shell);
    shell->lines += shell->word_count > 0;
    shell->failures += shell->failed;
}

void shell_end(struct shell *shell) {
    if (shell->lines == 0) return;
    shell_count(shell, shell->lines, "line");
    if (shell->failures > 0) shell_say(shell, ", %u failed", shell->failures);
    if (shell->last_number > 0) {
        shell_say(shell, ", ");
        shell_count(shell, shell->last_number, "block");
        shell_say(shell, " allocated, %u freed, %u resized, at most %zu bytes asked for at a time", shell->frees,
                  shell->resizes, shell->most_bytes);
    }
    shell_say(shell, "\n");
}

uint64_t shell_code(const struct shell *shell) {
    return shell->has_code ? shell->code : shell->failures > 0;
}
