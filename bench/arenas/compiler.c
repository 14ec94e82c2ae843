/* A compiler's front end: text becomes tokens with names, tokens become a tree, which is folded, printed, and freed.
 *
 *   compiler [ROUNDS]      malloc and free, then an arena: CPU time of each */
/* SPDX-License-Identifier: MIT */
#include "arenas.h"

enum { FUNCTIONS = 3000, STATEMENTS = 8, DEPTH = 5, TEXT_BYTES = 24 << 20 };

enum kind { NUMBER, NAME, SIGN, END, BINARY, ASSIGN, BODY };

struct token {
    enum kind kind;
    char sign;
    long number;
    char *name;
    struct token *next;
};

struct tree {
    enum kind kind;
    char sign;
    long number;
    char *name;
    struct tree *left, *right, *next; /* next: the statement after this one */
};

static char *text, *at;
static struct token *token;

/* ---- The source: functions of assignments of random terms ------------------------------------------------------ */

static char *print_term(char *to, int depth, uint64_t *state) {
    uint64_t random = draw(state);
    if (depth == 0 || random % 5 == 0)
        return to + (random & 8 ? sprintf(to, "%u", (unsigned)(random >> 8) % 1000)
                                : sprintf(to, "variable%u", (unsigned)(random >> 8) % 60));
    *to++ = '(';
    to = print_term(to, depth - 1, state);
    *to++ = "+-"[random >> 4 & 1];
    to = print_term(to, depth - 1, state);
    *to++ = ')';
    return to;
}

static void write_source(void) {
    uint64_t state = 88172645463325252u;
    char *to = text = malloc(TEXT_BYTES);
    if (!text) abort();
    for (int i = 0; i < FUNCTIONS; i++) {
        *to++ = '{';
        for (int k = 0; k < STATEMENTS; k++) {
            to += sprintf(to, "result%d=", k);
            to = print_term(to, DEPTH, &state);
            *to++ = ';';
        }
        *to++ = '}';
    }
    *to = 0;
    if (to - text > TEXT_BYTES) abort();
}

/* ---- Tokens ----------------------------------------------------------------------------------------------------- */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static struct token *new_token(enum kind kind) {
    struct token *new = take(sizeof(*new));
    *new = (struct token){.kind = kind};
    return new;
}

static struct token *read_token(void) {
    struct token *new;
    if (*at >= '0' && *at <= '9') {
        new = new_token(NUMBER);
        while (*at >= '0' && *at <= '9') new->number = new->number * 10 + (*at++ - '0');
    } else if (is_letter(*at)) {
        const char *start = at;
        new = new_token(NAME);
        while (is_letter(*at)) at++;
        new->name = take((size_t)(at - start) + 1);
        memcpy(new->name, start, (size_t)(at - start));
        new->name[at - start] = 0;
    } else {
        new = new_token(*at ? SIGN : END);
        new->sign = *at;
        at += *at != 0;
    }
    return new;
}

/* The tokens of one function. */
static struct token *read_tokens(void) {
    struct token *first = NULL, **last = &first;
    do {
        *last = read_token();
        last = &(*last)->next;
    } while (at[-1] != '}');
    *last = new_token(END);
    return first;
}

static void drop_tokens(struct token *one) {
    for (struct token *next; one; one = next) {
        next = one->next;
        free(one->name);
        free(one);
    }
}

/* ---- The tree --------------------------------------------------------------------------------------------------- */

static struct tree *new_tree(enum kind kind, struct tree *left, struct tree *right) {
    struct tree *new = take(sizeof(*new));
    *new = (struct tree){.kind = kind, .left = left, .right = right};
    return new;
}

static char *copy_name(const char *name) {
    size_t bytes = strlen(name) + 1;
    return memcpy(take(bytes), name, bytes);
}

static struct tree *parse_term(void) {
    struct token *now = token;
    token = token->next;
    if (now->kind == SIGN) {
        struct tree *left = parse_term();
        char sign = token->sign;
        token = token->next;
        struct tree *new = new_tree(BINARY, left, parse_term());
        new->sign = sign;
        token = token->next; /* ) */
        return new;
    }
    struct tree *new = new_tree(now->kind, NULL, NULL);
    new->number = now->number;
    if (now->name) new->name = copy_name(now->name);
    return new;
}

static struct tree *parse_body(void) {
    struct tree *body = new_tree(BODY, NULL, NULL), **last = &body->left;
    for (token = token->next; token->sign != '}'; token = token->next) {
        struct tree *new = new_tree(ASSIGN, NULL, NULL);
        new->name = copy_name(token->name);
        token = token->next->next;
        new->left = parse_term();
        *last = new;
        last = &new->next;
    }
    return body;
}

static void drop_tree(struct tree *tree) {
    for (struct tree *next; tree; tree = next) {
        next = tree->next;
        drop_tree(tree->left);
        drop_tree(tree->right);
        free(tree->name);
        free(tree);
    }
}

/* Fold constants; folding makes a new tree, as in compilers that keep the old one. */
static struct tree *fold(struct tree *tree) {
    if (tree->kind != BINARY) return tree;
    struct tree *left = fold(tree->left), *right = fold(tree->right);
    if (left->kind == NUMBER && right->kind == NUMBER) {
        struct tree *new = new_tree(NUMBER, NULL, NULL);
        new->number = tree->sign == '+' ? left->number + right->number : left->number - right->number;
        give(left);
        give(right);
        give(tree);
        return new;
    }
    tree->left = left;
    tree->right = right;
    return tree;
}

static uint64_t sum_of(const struct tree *tree) {
    uint64_t sum = 0;
    for (; tree; tree = tree->next) {
        sum = sum * 31 + (uint64_t)tree->number + (uint64_t)tree->sign + (tree->name ? (uint64_t)tree->name[0] : 0);
        sum += sum_of(tree->left) * 7 + sum_of(tree->right) * 11;
    }
    return sum;
}

/* All functions are kept until the end, like the tree of a file. */
static uint64_t compile(void) {
    struct tree *functions = NULL;
    uint64_t sum = 0;
    for (at = text; *at;) {
        struct token *tokens = token = read_tokens();
        struct tree *body = parse_body();
        for (struct tree *one = body->left; one; one = one->next) one->left = fold(one->left);
        if (!arena) drop_tokens(tokens);
        body->next = functions;
        functions = body;
    }
    sum = sum_of(functions);
    if (!arena) drop_tree(functions);
    return sum;
}

int main(int argc, char **argv) {
    write_source();
    return compare("compiler", compile, argc > 1 ? atoi(argv[1]) : 15);
}
