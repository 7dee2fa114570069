/* pattern.h: the regular expressions of pre-tokenisers, compiled to a table-driven matcher.
 *
 * Where it stands: text/tokenizer cuts a text into words with one to a few of these before any merge.
 *
 * Syntax: literals; \r \n \t \f \v \xHH \x{H...} \uHHHH \u{H...}; escaped punctuation; . (not \n); \s \S \d
 * \D \pL \p{...} \P{...} \p{^...} with the general categories and Han; [...] and [^...] with ranges, the same
 * escapes, nested classes and &&; (...) and (?:...) for grouping, (?i:...) and (?i) for ASCII letters (and
 * the two characters that fold to them, U+017F and U+212A); | ; * + ? {m} {m,} {m,n}, each also lazy; $ and
 * \z: the end of the text; (?=X) and
 * (?!X) where X is one character or class.
 * Meaning: leftmost, first alternative first, as in Perl and Oniguruma. Everything else (possessive
 * quantifiers, lookbehind, longer lookahead, back references, word boundaries, scripts ...) is refused by
 * name and offset, and so is a pattern that matches the empty string.
 *
 * Method: the characters are sorted into the few kinds that the pattern can tell apart; a Thompson automaton
 * with priorities over these kinds becomes a deterministic one at compile time (lookahead of one character is
 * decided when the next kind is known). A match takes one step per character; where a match attempt runs
 * ahead in vain, positions already known to be hopeless are remembered (Reps, "Maximal munch tokenization in
 * linear time", 1998), so that any text is cut in linear time.
 *
 * Thread safety: a compiled pattern is read-only; the scratch belongs to one thread.
 */
#ifndef FM_TEXT_PATTERN_H
#define FM_TEXT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Limits of compilation; a pattern beyond one is refused with the limit named. */
enum {
    FM_PATTERN_MAX_BYTES = 1 << 16,
    FM_PATTERN_MAX_DEPTH = 32,
    FM_PATTERN_MAX_STEPS = 2000, /* instructions after {m,n} are written out */
    FM_PATTERN_MAX_SETS = 256,
    FM_PATTERN_MAX_KINDS = 254,
    FM_PATTERN_MAX_STATES = 1000
};

typedef struct fm_pattern fm_pattern;

/* Compiles UTF-8 `regex`. *out is the caller's to free. Messages name the construct and its byte offset. */
fm_status fm_pattern_compile(fm_pattern **out, const char *regex, size_t size, fm_error *err);
void fm_pattern_free(fm_pattern *pattern);

/* The text it was compiled from (borrowed, NUL-terminated). */
const char *fm_pattern_source(const fm_pattern *pattern);

/* What a run over one text remembers. {0} at the beginning of each text; release at the end. Without memory
 * the matcher goes on, only slower on hostile text. */
typedef struct fm_pattern_scratch {
    uint64_t *hopeless; /* one bit per state and block of 64 bytes: no match ends after here */
    size_t room;        /* 64-bit words */
} fm_pattern_scratch;

void fm_pattern_scratch_release(fm_pattern_scratch *scratch);

/* Finds the first match in text[from..size) that begins at or after `from` (a character boundary). The end of
 * the text is text + size. Returns false when there is none; otherwise *begin < *end. */
bool fm_pattern_next(const fm_pattern *pattern, fm_pattern_scratch *scratch, const uint8_t *text, size_t size,
                     size_t from, size_t *begin, size_t *end);

#endif
