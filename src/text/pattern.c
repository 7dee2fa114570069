/* pattern.c: the matcher, and the life of a compiled pattern; see pattern.h. */
#include "text/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "text/pattern_impl.h"

fm_status fm_pattern_compile(fm_pattern **out, const char *regex, size_t size, fm_error *err) {
    fm_status status = FM_OK;
    *out = NULL;
    fm_pattern_program *program = calloc(1, sizeof *program);
    fm_pattern *pattern = calloc(1, sizeof *pattern);
    if (program) program->steps = calloc(FM_PATTERN_MAX_STEPS, sizeof *program->steps);
    if (pattern) pattern->source = calloc(1, size + 1);
    if (program == NULL || pattern == NULL || program->steps == NULL || pattern->source == NULL) {
        status = fm_error_set(err, FM_ERR_MEMORY, "no memory for a pattern of %zu bytes", size);
        goto fail;
    }
    memcpy(pattern->source, regex, size);
    FM_TRY(fm_pattern_parse(program, regex, size, err));
    FM_TRY(fm_pattern_build(pattern, program, err));
    *out = pattern;
    pattern = NULL;
fail:
    if (program) {
        for (int i = 0; i < program->set_count; i++) fm_charset_release(&program->sets[i]);
        free(program->steps);
    }
    free(program);
    fm_pattern_free(pattern);
    return status;
}

void fm_pattern_free(fm_pattern *pattern) {
    if (pattern == NULL) return;
    free(pattern->source);
    free(pattern->blocks);
    free(pattern->next);
    free(pattern);
}

const char *fm_pattern_source(const fm_pattern *pattern) { return pattern->source; }

void fm_pattern_scratch_release(fm_pattern_scratch *scratch) {
    free(scratch->hopeless);
    *scratch = (fm_pattern_scratch){0};
}

/* Kind of the character at p and its length. */
static inline unsigned kind_at(const fm_pattern *pattern, const uint8_t *p, const uint8_t *end,
                               size_t *length) {
    uint32_t code = *p;
    if (code < 0x80) {
        *length = 1;
        return pattern->ascii[code];
    }
    *length = fm_utf8_decode(p, end, &code);
    return pattern
        ->blocks[(size_t)pattern->page[code / FM_PATTERN_PAGE] * FM_PATTERN_PAGE + code % FM_PATTERN_PAGE];
}

enum {
    PATIENCE = 32, /* bytes that an attempt may run past its last match before hopeless places are kept */
    BLOCK = 64     /* bytes per remembered position */
};

typedef struct place {
    size_t at;
    unsigned state;
} place;

/* The bit of a place: only the first character boundary of a block has one. */
static size_t bit_of(const fm_pattern *pattern, place here) {
    return here.at / BLOCK * (size_t)pattern->states + here.state;
}

static bool opens_block(size_t at, size_t previous) { return at / BLOCK != previous / BLOCK; }

/* Marks the places from `here` up to `stop`, from which no match was found, as hopeless. */
static void mark_hopeless(const fm_pattern *pattern, fm_pattern_scratch *scratch, const uint8_t *text,
                          size_t size, place here, size_t stop) {
    size_t previous = here.at - 1;
    while (here.state != 0 && here.at < stop && here.at < size) {
        size_t bit = bit_of(pattern, here), length;
        if (opens_block(here.at, previous)) scratch->hopeless[bit / 64] |= 1ull << bit % 64;
        unsigned kind = kind_at(pattern, text + here.at, text + size, &length);
        here.state = pattern->next[here.state * (unsigned)pattern->stride + kind] >> 1;
        previous = here.at;
        here.at += length;
    }
}

/* Goes on from `here`, where a match attempt has run far past its last match. It ends early at a place from
 * which an earlier attempt found nothing, and leaves such marks itself. Returns the end of the last match, or
 * `last`. */
static size_t match_far(const fm_pattern *pattern, fm_pattern_scratch *scratch, const uint8_t *text,
                        size_t size, place here, size_t last) {
    if (scratch->hopeless == NULL) {
        scratch->room = (size / BLOCK + 1) * (size_t)pattern->states / 64 + 1;
        scratch->hopeless = calloc(scratch->room, sizeof *scratch->hopeless);
    }
    place vain = here; /* from here on no match has been found */
    size_t previous = here.at - 1;
    while (here.state != 0) {
        size_t bit = bit_of(pattern, here), length = 0;
        if (scratch->hopeless && here.at < size && opens_block(here.at, previous) &&
            (scratch->hopeless[bit / 64] >> bit % 64 & 1))
            break;
        unsigned kind = (unsigned)pattern->kinds;
        if (here.at < size) kind = kind_at(pattern, text + here.at, text + size, &length);
        unsigned step = pattern->next[here.state * (unsigned)pattern->stride + kind];
        if (step & 1) last = here.at;
        previous = here.at;
        here = (place){here.at + length, step >> 1};
        if (step & 1) vain = here;
    }
    if (scratch->hopeless) mark_hopeless(pattern, scratch, text, size, vain, here.at);
    return last;
}

/* The end of the match that begins at `at`, or `at` when there is none. */
static inline size_t match_here(const fm_pattern *pattern, fm_pattern_scratch *scratch, const uint8_t *text,
                                size_t size, size_t at) {
    const uint16_t *next = pattern->next;
    unsigned stride = (unsigned)pattern->stride, state = 1;
    size_t last = at, i = at;
    while (i < size) {
        size_t length;
        unsigned step = next[state * stride + kind_at(pattern, text + i, text + size, &length)];
        if (step & 1) last = i;
        state = step >> 1;
        if (state == 0) return last;
        i += length;
        if (i - last > PATIENCE) return match_far(pattern, scratch, text, size, (place){i, state}, last);
    }
    return next[state * stride + (unsigned)pattern->kinds] & 1 ? size : last;
}

bool fm_pattern_next(const fm_pattern *pattern, fm_pattern_scratch *scratch, const uint8_t *text, size_t size,
                     size_t from, size_t *begin, size_t *end) {
    const uint16_t *start = pattern->next + pattern->stride;
    for (size_t i = from; i < size;) {
        size_t length;
        if (start[kind_at(pattern, text + i, text + size, &length)] != 0) {
            size_t match = match_here(pattern, scratch, text, size, i);
            if (match > i) {
                *begin = i;
                *end = match;
                return true;
            }
        }
        i += length;
    }
    return false;
}
