/* pattern_table.c: from a program of steps to tables: kinds of characters, then deterministic states.
 *
 * A state is the ordered list of the steps at which the nondeterministic program stands, the preferred one
 * first; lists stop at a match, for what is less preferred can no longer win. Lookahead steps stay in the
 * list until the next kind is known. Private to the pattern compiler.
 */
#include <stdlib.h>
#include <string.h>

#include "text/pattern_impl.h"

static fm_status no_memory(fm_error *err) {
    return fm_error_set(err, FM_ERR_MEMORY, "pattern: no memory for its tables");
}

/* ---- kinds ---- */

enum { WORDS = FM_PATTERN_MAX_SETS / 64 };

typedef struct kinds {
    uint64_t member[FM_PATTERN_MAX_KINDS][WORDS]; /* which sets each kind belongs to */
    int count;
} kinds;

static bool kind_in(const kinds *k, int kind, int set) { return k->member[kind][set / 64] >> set % 64 & 1; }

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The kind with these memberships, made if it is new; -1 over the limit. */
static int kind_of(kinds *k, const uint64_t member[WORDS]) {
    for (int i = 0; i < k->count; i++)
        if (memcmp(k->member[i], member, sizeof k->member[i]) == 0) return i;
    if (k->count == FM_PATTERN_MAX_KINDS) return -1;
    memcpy(k->member[k->count], member, sizeof k->member[0]);
    return k->count++;
}

/* Writes the kind of every character to of[0..FM_UNICODE_LIMIT]: between two neighbouring borders of sets all
 * characters belong to the same sets. */
static fm_status sort_characters(kinds *k, uint8_t *of, const fm_pattern_program *program, fm_error *err) {
    size_t room = 2, count = 0;
    for (int i = 0; i < program->set_count; i++) room += 2 * (size_t)program->sets[i].count;
    uint32_t *borders = malloc(room * sizeof *borders);
    int cursor[FM_PATTERN_MAX_SETS] = {0};
    if (borders == NULL) return no_memory(err);
    borders[count++] = 0;
    borders[count++] = FM_UNICODE_LIMIT + 1;
    for (int i = 0; i < program->set_count; i++) {
        for (int j = 0; j < program->sets[i].count; j++) {
            borders[count++] = program->sets[i].ranges[j].first;
            borders[count++] = program->sets[i].ranges[j].last + 1;
        }
    }
    qsort(borders, count, sizeof *borders, by_value);
    for (size_t b = 0; b + 1 < count; b++) {
        if (borders[b] == borders[b + 1]) continue;
        uint64_t member[WORDS] = {0};
        for (int i = 0; i < program->set_count; i++) {
            const fm_charset *set = &program->sets[i];
            while (cursor[i] < set->count && set->ranges[cursor[i]].last < borders[b]) cursor[i]++;
            if (cursor[i] < set->count && set->ranges[cursor[i]].first <= borders[b])
                member[i / 64] |= 1ull << i % 64;
        }
        int kind = kind_of(k, member);
        if (kind < 0) {
            free(borders);
            return fm_error_set(err, FM_ERR_LIMIT, "pattern: tells more than %d kinds of characters apart",
                                FM_PATTERN_MAX_KINDS);
        }
        memset(of + borders[b], kind, borders[b + 1] - borders[b]);
    }
    free(borders);
    return FM_OK;
}

static uint64_t page_hash(const uint8_t *page) {
    uint64_t hash = 0, word;
    for (int i = 0; i < FM_PATTERN_PAGE; i += 8) {
        memcpy(&word, page + i, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 29;
    }
    return hash;
}

/* Stores of[] as pages, equal pages once. */
static fm_status store_pages(fm_pattern *pattern, const uint8_t *of, fm_error *err) {
    uint64_t hashes[FM_PATTERN_PAGES];
    int count = 0;
    pattern->blocks = malloc((size_t)FM_PATTERN_PAGES * FM_PATTERN_PAGE);
    if (pattern->blocks == NULL) return no_memory(err);
    for (int page = 0; page < FM_PATTERN_PAGES; page++) {
        const uint8_t *content = of + (size_t)page * FM_PATTERN_PAGE;
        uint64_t hash = page_hash(content);
        int block = count - 1; /* the latest are the likeliest to be the same */
        while (block >= 0 &&
               (hashes[block] != hash ||
                memcmp(pattern->blocks + (size_t)block * FM_PATTERN_PAGE, content, FM_PATTERN_PAGE) != 0))
            block--;
        if (block < 0) {
            block = count++;
            hashes[block] = hash;
            memcpy(pattern->blocks + (size_t)block * FM_PATTERN_PAGE, content, FM_PATTERN_PAGE);
        }
        pattern->page[page] = (uint16_t)block;
    }
    uint8_t *fitted = realloc(pattern->blocks, (size_t)count * FM_PATTERN_PAGE);
    if (fitted) pattern->blocks = fitted;
    memcpy(pattern->ascii, of, sizeof pattern->ascii);
    return FM_OK;
}

/* ---- states ---- */

typedef struct builder {
    const fm_pattern_program *program;
    const kinds *kinds;
    uint16_t *lists[FM_PATTERN_MAX_STATES]; /* steps of each state */
    int sizes[FM_PATTERN_MAX_STATES];
    int states;
    uint16_t list[FM_PATTERN_MAX_STEPS]; /* the state being made */
    int size;
    bool closed;                              /* a match was reached: nothing behind it counts */
    bool queued[FM_PATTERN_MAX_STEPS];        /* steps seen while making `list` */
    bool resolved[FM_PATTERN_MAX_STEPS];      /* steps seen while resolving lookahead */
    uint16_t stack[2 * FM_PATTERN_MAX_STEPS]; /* each step is put on it at most twice */
    uint16_t look_stack[2 * FM_PATTERN_MAX_STEPS];
} builder;

/* Appends to the list the steps that `step` leads to without taking a character, in order of preference. */
static void add_closure(builder *b, uint16_t step) {
    int top = 0;
    b->stack[top++] = step;
    while (top > 0 && !b->closed) {
        uint16_t here = b->stack[--top];
        if (b->queued[here]) continue;
        b->queued[here] = true;
        const fm_pattern_step *s = &b->program->steps[here];
        if (s->kind == FM_STEP_SPLIT) {
            b->stack[top++] = s->y;
            b->stack[top++] = s->x;
        } else if (s->kind == FM_STEP_JUMP) {
            b->stack[top++] = s->x;
        } else {
            b->list[b->size++] = here;
            b->closed = s->kind == FM_STEP_MATCH;
        }
    }
}

/* Takes kind `kind` (or the end of the text) at `step`, looking ahead where the program does. Returns true
 * when a match is reached, which ends the search. */
static bool take_kind(builder *b, uint16_t step, int kind, bool at_end) {
    int top = 0;
    b->look_stack[top++] = step;
    while (top > 0) {
        uint16_t here = b->look_stack[--top];
        if (b->resolved[here]) continue;
        b->resolved[here] = true;
        const fm_pattern_step *s = &b->program->steps[here];
        switch (s->kind) {
        case FM_STEP_MATCH: return true;
        case FM_STEP_SET:
            if (!at_end && kind_in(b->kinds, kind, s->set)) add_closure(b, (uint16_t)(here + 1));
            break;
        case FM_STEP_LOOK:
            if (at_end ? s->at_end : kind_in(b->kinds, kind, s->set))
                b->look_stack[top++] = (uint16_t)(here + 1);
            break;
        case FM_STEP_JUMP: b->look_stack[top++] = s->x; break;
        case FM_STEP_SPLIT:
            b->look_stack[top++] = s->y;
            b->look_stack[top++] = s->x;
            break;
        }
    }
    return false;
}

static void begin_list(builder *b) {
    b->size = 0;
    b->closed = false;
    memset(b->queued, 0, sizeof b->queued);
}

/* The number of the state whose list was just made: 0 for the empty one; -1 over the limit, -2 without
 * memory. */
static int find_state(builder *b) {
    if (b->size == 0) return 0;
    for (int i = 1; i < b->states; i++)
        if (b->sizes[i] == b->size && memcmp(b->lists[i], b->list, (size_t)b->size * sizeof *b->list) == 0)
            return i;
    if (b->states == FM_PATTERN_MAX_STATES) return -1;
    uint16_t *list = malloc((size_t)b->size * sizeof *list);
    if (list == NULL) return -2;
    memcpy(list, b->list, (size_t)b->size * sizeof *list);
    b->lists[b->states] = list;
    b->sizes[b->states] = b->size;
    return b->states++;
}

static fm_status state_error(int state, fm_error *err) {
    if (state == -2) return no_memory(err);
    return fm_error_set(err, FM_ERR_LIMIT, "pattern: needs more than the limit of %d states",
                        FM_PATTERN_MAX_STATES);
}

static fm_status make_states(fm_pattern *pattern, builder *b, fm_error *err) {
    b->states = 1; /* state 0: the empty list */
    begin_list(b);
    add_closure(b, 0);
    int start = find_state(b);
    if (start != 1) return state_error(start, err);
    for (int state = 1; state < b->states; state++) {
        if (state == 1 || state % 64 == 0) { /* rows are added 64 at a time */
            size_t size = (size_t)(state / 64 + 1) * 64 * (size_t)pattern->stride;
            uint16_t *next = realloc(pattern->next, size * sizeof *next);
            if (next == NULL) return no_memory(err);
            pattern->next = next;
            if (state == 1) memset(next, 0, (size_t)pattern->stride * sizeof *next);
        }
        for (int kind = 0; kind <= pattern->kinds; kind++) {
            bool matched = false;
            begin_list(b);
            memset(b->resolved, 0, sizeof b->resolved);
            for (int i = 0; i < b->sizes[state] && !matched; i++)
                matched = take_kind(b, b->lists[state][i], kind, kind == pattern->kinds);
            int target = find_state(b);
            if (target < 0) return state_error(target, err);
            if (matched && state == 1)
                return fm_error_set(err, FM_ERR_UNSUPPORTED, "pattern: matches the empty string");
            pattern->next[(size_t)state * (size_t)pattern->stride + (size_t)kind] =
                (uint16_t)(target << 1 | (matched ? 1 : 0));
        }
    }
    pattern->states = b->states;
    return FM_OK;
}

fm_status fm_pattern_build(fm_pattern *pattern, const fm_pattern_program *program, fm_error *err) {
    fm_status status = FM_OK;
    kinds *k = calloc(1, sizeof *k);
    builder *b = calloc(1, sizeof *b);
    uint8_t *of = calloc((size_t)FM_PATTERN_PAGES, FM_PATTERN_PAGE);
    if (k == NULL || b == NULL || of == NULL) {
        status = no_memory(err);
        goto fail;
    }
    FM_TRY(sort_characters(k, of, program, err));
    FM_TRY(store_pages(pattern, of, err));
    pattern->kinds = k->count;
    pattern->stride = k->count + 1;
    b->program = program;
    b->kinds = k;
    FM_TRY(make_states(pattern, b, err));
fail:
    for (int i = 1; b && i < b->states; i++) free(b->lists[i]);
    free(b);
    free(k);
    free(of);
    return status;
}
