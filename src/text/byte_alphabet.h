/* byte_alphabet.h: the printable characters that stand for bytes in tokenizer.json and GGUF vocabularies.
 *
 * GPT-2's rule: the bytes 21-7E, A1-AC and AE-FF (hexadecimal) stand for themselves as code points; the other
 * 68, in ascending order, are U+0100, U+0101 ... (so a space is U+0120).
 */
#ifndef FM_TEXT_BYTE_ALPHABET_H
#define FM_TEXT_BYTE_ALPHABET_H

#include <stdint.h>

#include "base/buf.h"

/* The code point of a byte, and the byte of a code point (-1: none). */
uint32_t fm_byte_to_char(uint8_t byte);
int fm_byte_from_char(uint32_t code);

/* Appends the bytes that `text` stands for; false (and *out unchanged) when a character stands for none. */
bool fm_bytes_from_alphabet(const char *text, size_t size, fm_buf *out);

/* Appends the characters that stand for the bytes. */
void fm_bytes_to_alphabet(const void *bytes, size_t size, fm_buf *out);

#endif
