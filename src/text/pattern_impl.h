/* pattern_impl.h: what the files of the pattern compiler share: parser -> program -> tables. Private.
 */
#ifndef FM_TEXT_PATTERN_IMPL_H
#define FM_TEXT_PATTERN_IMPL_H

#include "text/charset.h"
#include "text/pattern.h"
#include "text/unicode.h"

/* One instruction of the nondeterministic program. */
typedef struct fm_pattern_step {
    enum {
        FM_STEP_SET,   /* takes one character of `set`, goes on behind */
        FM_STEP_LOOK,  /* goes on behind if the next character is in `set`, or, with at_end, if there is none
                        */
        FM_STEP_SPLIT, /* goes to x, or if that fails to y */
        FM_STEP_JUMP,  /* goes to x */
        FM_STEP_MATCH  /* the end of the pattern */
    } kind;
    uint16_t x, y;
    uint16_t set;
    bool at_end;
} fm_pattern_step;

/* Parser's output. */
typedef struct fm_pattern_program {
    fm_pattern_step *steps; /* FM_PATTERN_MAX_STEPS of them */
    int count;
    fm_charset sets[FM_PATTERN_MAX_SETS]; /* tidy, all different */
    int set_count;
} fm_pattern_program;

/* pattern_parse.c. The program is the caller's storage, zeroed, with `steps` allocated. */
fm_status fm_pattern_parse(fm_pattern_program *program, const char *regex, size_t size, fm_error *err);

enum { FM_PATTERN_PAGE = 256, FM_PATTERN_PAGES = FM_UNICODE_LIMIT / FM_PATTERN_PAGE + 1 };

struct fm_pattern {
    char *source;
    int kinds;                       /* kinds of characters; number `kinds` stands for the end of the text */
    int states;                      /* state 0 is dead, state 1 the start */
    int stride;                      /* kinds + 1 */
    uint8_t ascii[128];              /* kind of each ASCII character */
    uint16_t page[FM_PATTERN_PAGES]; /* code point >> 8 -> block of 256 entries in `blocks` */
    uint8_t *blocks;                 /* kinds */
    uint16_t *next; /* [states, stride]: next state << 1 | "a match ends before this character" */
};

/* pattern_table.c: fills kinds, pages and transitions. */
fm_status fm_pattern_build(fm_pattern *pattern, const fm_pattern_program *program, fm_error *err);

#endif
