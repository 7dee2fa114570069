/* byte_alphabet.c: see byte_alphabet.h. */
#include "text/byte_alphabet.h"

#include "text/unicode.h"

static bool is_itself(uint32_t c) {
    return (c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xff && c != 0xad);
}

/* Those that are not themselves are 00-20, 7F-A0 and AD: 33, 34 and 1. */
uint32_t fm_byte_to_char(uint8_t byte) {
    if (is_itself(byte)) return byte;
    return 0x100 + (byte <= 0x20 ? byte : byte == 0xad ? 67u : byte - 0x7fu + 33u);
}

int fm_byte_from_char(uint32_t code) {
    if (code < 0x100) return is_itself(code) ? (int)code : -1;
    uint32_t index = code - 0x100;
    if (index < 33) return (int)index;
    if (index < 67) return (int)(index - 33 + 0x7f);
    return index == 67 ? 0xad : -1;
}

bool fm_bytes_from_alphabet(const char *text, size_t size, fm_buf *out) {
    const uint8_t *p = (const uint8_t *)text, *end = p + size;
    size_t before = out->size;
    while (p < end) {
        uint32_t code;
        p += fm_utf8_decode(p, end, &code);
        int byte = fm_byte_from_char(code);
        if (byte < 0) {
            out->size = before;
            return false;
        }
        fm_buf_putc(out, (char)byte);
    }
    return true;
}

void fm_bytes_to_alphabet(const void *bytes, size_t size, fm_buf *out) {
    for (size_t i = 0; i < size; i++) {
        char text[4];
        fm_buf_append(out, text, fm_utf8_encode(fm_byte_to_char(((const uint8_t *)bytes)[i]), text));
    }
}
