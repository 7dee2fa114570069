/* pattern_parser.h: what the two halves of the pattern parser share: pattern_class.c reads characters and classes,
 * pattern_parse.c everything around them. Private. */
#ifndef FM_TEXT_PATTERN_PARSER_H
#define FM_TEXT_PATTERN_PARSER_H

#include <string.h>

#include "text/pattern_impl.h"

typedef struct fm_pattern_parser {
    fm_pattern_program *program;
    const uint8_t *text, *end, *at;
    bool fold; /* (?i) is on */
    int depth;
    fm_error *err;
    fm_pattern_step piece[FM_PATTERN_MAX_STEPS]; /* the piece being repeated; never in use during a descent */
    uint16_t splits[FM_PATTERN_MAX_STEPS];       /* and the splits that leave its repetition */
} fm_pattern_parser;

/* FM_ERR_UNSUPPORTED and FM_ERR_FORMAT with the byte offset of `where`. */
fm_status fm_pattern_refuse(fm_pattern_parser *p, const uint8_t *where, const char *what);
fm_status fm_pattern_wrong(fm_pattern_parser *p, const uint8_t *where, const char *what);

/* One character or class at p->at into *set, which is {0} at first and the caller's to release whatever happens;
 * *found false when something else stands there. */
fm_status fm_pattern_parse_set(fm_pattern_parser *p, fm_charset *set, bool *found);

static inline bool fm_pattern_sees(const fm_pattern_parser *p, const char *word) {
    size_t size = strlen(word);
    return (size_t)(p->end - p->at) >= size && memcmp(p->at, word, size) == 0;
}

/* Goes past `word` if it stands next. */
static inline bool fm_pattern_take(fm_pattern_parser *p, const char *word) {
    if (!fm_pattern_sees(p, word)) return false;
    p->at += strlen(word);
    return true;
}

#endif
