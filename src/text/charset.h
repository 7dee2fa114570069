/* charset.h: sets of characters as sorted ranges, for compiling pre-tokeniser patterns.
 *
 * The universe is [0, FM_UNICODE_LIMIT]: all code points and FM_UNICODE_INVALID, the byte that is no
 * character, which only complements contain. Owner: whoever declared it; {0} is the empty set. Lack of memory
 * sticks in `failed`.
 */
#ifndef FM_TEXT_CHARSET_H
#define FM_TEXT_CHARSET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fm_char_range {
    uint32_t first, last; /* both included */
} fm_char_range;

typedef struct fm_charset {
    fm_char_range *ranges; /* sorted, apart from each other, once fm_charset_tidy ran */
    int count, room;
    bool failed;
} fm_charset;

void fm_charset_add(fm_charset *set, uint32_t first, uint32_t last);
void fm_charset_add_set(fm_charset *set, const fm_charset *other);

/* All characters whose category is in `mask` (1 << category), or which have one of `flags` (text/unicode.h).
 */
void fm_charset_add_class(fm_charset *set, uint32_t mask, uint8_t flags);

/* Sorts and joins ranges; the functions below need tidy sets and leave tidy sets. */
void fm_charset_tidy(fm_charset *set);
void fm_charset_negate(fm_charset *set);
void fm_charset_intersect(fm_charset *set, const fm_charset *other);
bool fm_charset_equal(const fm_charset *a, const fm_charset *b);

void fm_charset_release(fm_charset *set);

#endif
