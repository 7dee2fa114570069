/* unicode.h: the facts about characters that token ids depend on, and UTF-8.
 *
 * The facts are pinned in unicode_table.c and do not follow the distribution's Unicode tables, because a
 * character that changes its category would change the ids of a text. NFC itself is utf8proc's; which
 * characters it is asked about is pinned here (Unicode's stability policy fixes the answer for those).
 *
 * Text is bytes: a byte that does not belong to well-formed UTF-8 counts as one character of no class.
 */
#ifndef FM_TEXT_UNICODE_H
#define FM_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

/* General categories in the order of the table; two-letter names as in the Unicode Standard, section 4.5. */
enum { FM_UNICODE_CN = 29, FM_UNICODE_CATEGORIES = 30 };

/* Flags of a character: category in the low five bits, then these. */
enum {
    FM_UNICODE_CATEGORY = 0x1f,
    FM_UNICODE_HAN = 0x20,       /* Script=Han */
    FM_UNICODE_SPACE = 0x40,     /* White_Space */
    FM_UNICODE_NFC_ACTIVE = 0x80 /* NFC may change it, reorder it or join it to the character before */
};

enum { FM_UNICODE_LIMIT = 0x110000, FM_UNICODE_INVALID = FM_UNICODE_LIMIT };

/* The table: entry i covers [ranges[i] >> 8, ranges[i + 1] >> 8) with flags ranges[i] & 0xff. */
extern const int fm_unicode_range_count;
extern const uint32_t fm_unicode_ranges[];

/* Flags of a code point below FM_UNICODE_LIMIT. */
uint8_t fm_unicode_flags(uint32_t code);

/* Bit mask (1 << category) of a category by name: "L" or "Lu" style; 0 when there is no such name. */
uint32_t fm_unicode_category_mask(const char *name, size_t size);

/* Decodes the character at p, p < end, into *code; returns its length in bytes. A byte that begins no
 * well-formed character (Unicode 3.9, table 3-7: no overlong forms, no surrogates) gives FM_UNICODE_INVALID
 * and length 1. */
size_t fm_utf8_decode(const uint8_t *p, const uint8_t *end, uint32_t *code);

/* Writes a code point (not a surrogate) as UTF-8 to out[4]; returns the length. */
size_t fm_utf8_encode(uint32_t code, char out[4]);

/* Whether the bytes at p could be the beginning of a character that is cut off at `end`. */
bool fm_utf8_is_cut(const uint8_t *p, const uint8_t *end);

/* Whether text is changed by fm_nfc at all; cheap. */
bool fm_nfc_needed(const uint8_t *text, size_t size);

/* Appends the Normalization Form C (Unicode Standard Annex 15) of text; invalid bytes pass unchanged.
 * FM_ERR_MEMORY only. */
fm_status fm_nfc(const uint8_t *text, size_t size, fm_buf *out, fm_error *err);

#endif
