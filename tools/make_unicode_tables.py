#!/usr/bin/env python3
"""Writes src/text/unicode_table.c: the Unicode facts that token ids depend on, pinned.

Categories, White_Space and Script=Han come from the `regex` package, the characters that NFC may touch from Python's
unicodedata. Run by hand when the pinned version is to move (ids of newly assigned characters move with it):

    python3 tools/make_unicode_tables.py > src/text/unicode_table.c
"""
import sys
import unicodedata

import regex

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()
HAN, SPACE, NFC_ACTIVE = 0x20, 0x40, 0x80


def members(pattern):
    finder = regex.compile(pattern)
    for start in range(0, 0x110000, 0x10000):
        # Surrogates cannot be written to text but match like other characters.
        text = "".join(map(chr, range(start, start + 0x10000)))
        for match in finder.finditer(text):
            yield from range(start + match.start(), start + match.end())


def nfc_active():
    """Characters that NFC can change, reorder or compose with the character before them."""
    active = set()
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        if unicodedata.combining(chr(c)) or unicodedata.normalize("NFC", chr(c)) != chr(c):
            active.add(c)
        parts = unicodedata.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            active.add(int(parts[1], 16))
    active.update(range(0x1161, 0x1176))  # Hangul vowels and final consonants compose by arithmetic
    active.update(range(0x11A8, 0x11C3))
    return active


def main():
    flags = [CATEGORIES.index("Cn")] * 0x110000
    for index, name in enumerate(CATEGORIES):
        for c in members(r"\p{%s}+" % name):
            flags[c] = index
    for c in members(r"\p{Script=Han}+"):
        flags[c] |= HAN
    for c in members(r"\p{White_Space}+"):
        flags[c] |= SPACE
    for c in nfc_active():
        flags[c] |= NFC_ACTIVE
    ranges = [(c, f) for c, f in enumerate(flags) if c == 0 or flags[c - 1] != f]
    out = sys.stdout
    out.write("/* unicode_table.c: made by tools/make_unicode_tables.py (regex %s, NFC of Unicode %s).\n * Not to be edited.\n"
              % (regex.__version__, unicodedata.unidata_version))
    out.write(" * Each entry begins a range of code points: first << 8 | flags of text/unicode.h. */\n")
    out.write('#include "text/unicode.h"\n\n/* clang-format off */\n')
    out.write("const int fm_unicode_range_count = %d;\n" % len(ranges))
    out.write("const uint32_t fm_unicode_ranges[] = {\n")
    for i in range(0, len(ranges), 9):
        out.write("    " + " ".join("0x%x," % (c << 8 | f) for c, f in ranges[i:i + 9]) + "\n")
    out.write("};\n")


main()
