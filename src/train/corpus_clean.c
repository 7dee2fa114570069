/* corpus_clean.c: one paragraph or message at a time: one form of quotes, dashes, spaces and Chinese
 * punctuation; refuses what holds characters or words that a small model should not spend itself on. */
#define _GNU_SOURCE /* strcasestr */
#include "train/corpus_parts.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { DROP = 0, ODD = 0xffffffff };

static bool is_han(uint32_t c) { return c >= 0x4e00 && c <= 0x9fff; }
/* Punctuation that only Chinese text uses: what stands beside it is Chinese too. */
static bool is_han_mark(uint32_t c) {
    return (c >= 0x3001 && c <= 0x3011) || (c >= 0xff01 && c <= 0xff1f) || c == 0x201d;
}

static void put(fm_buf *out, uint32_t point) {
    utf8proc_uint8_t bytes[4];
    fm_buf_append(out, bytes, (size_t)utf8proc_encode_char((utf8proc_int32_t)point, bytes));
}

/* English: everything typographic becomes ASCII; Latin letters with accents and a few signs stay. */
static uint32_t map_english(uint32_t c, bool maths) {
    switch (c) {
    case '\t':
    case 0xa0:
    case 0x2002:
    case 0x2003:
    case 0x2009:
    case 0x202f:
    case 0x3000: return ' ';
    case 0xad:
    case 0x200b:
    case 0x200c:
    case 0x200d:
    case 0x200e:
    case 0xfeff: return DROP;
    case 0x2018:
    case 0x2019:
    case 0x201b:
    case 0x2032:
    case '`': return '\'';
    case 0x201c:
    case 0x201d:
    case 0x201e:
    case 0x2033: return '"';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2212: return '-';
    case '_':
    case '*': return maths ? c : DROP;
    case 0xa3:
    case 0x20ac:
    case 0xb0:
    case 0xbd:
    case 0xd7:
    case 0xf7: return c;
    default: break;
    }
    if (c >= 0x20 && c < 0x7f) return c;
    return c >= 0xc0 && c <= 0x17f ? c : ODD;
}

static void english(const uint32_t *in, size_t n, bool maths, fm_buf *out, bool *odd) {
    bool space = true;
    for (size_t i = 0; i < n && !*odd; i++) {
        uint32_t c = in[i];
        if (c == 0x2026) {
            fm_buf_puts(out, "...");
            space = false;
            continue;
        }
        if (c == 0xfb01 || c == 0xfb02) { /* ligatures of old typesetting */
            fm_buf_puts(out, c == 0xfb01 ? "fi" : "fl");
            space = false;
            continue;
        }
        bool dash = c == 0x2014 || c == 0x2015 || (c == '-' && i + 1 < n && in[i + 1] == '-' && !maths);
        if (dash) {
            while (i + 1 < n && (in[i + 1] == '-' || in[i + 1] == 0x2014)) i++;
            if (!space) fm_buf_putc(out, ' ');
            fm_buf_puts(out, "- ");
            space = true;
            continue;
        }
        c = map_english(c, maths);
        *odd = c == ODD;
        if (c == DROP || *odd || (c == ' ' && space)) continue;
        space = c == ' ';
        put(out, c);
    }
    while (out->size && out->data[out->size - 1] == ' ') out->data[--out->size] = '\0';
}

static uint32_t map_chinese(uint32_t c) {
    if (c >= 0xff10 && c <= 0xff19) return c - 0xfee0; /* full-width digits and letters become ASCII */
    if (c >= 0xff21 && c <= 0xff3a) return c - 0xfee0;
    if (c >= 0xff41 && c <= 0xff5a) return c - 0xfee0;
    switch (c) {
    case 0xad:
    case 0x200b:
    case 0x200c:
    case 0x200d:
    case 0x200e:
    case 0xfeff: return DROP;
    case '\t':
    case 0xa0:
    case 0x2002:
    case 0x2003:
    case 0x3000: return ' ';
    case 0x300c:
    case 0x301d:
    case 0xff02: return 0x201c;
    case 0x300d:
    case 0x301e: return 0x201d;
    case 0x300e: return 0x2018;
    case 0x300f: return 0x2019;
    case 0xff0e: return 0x3002; /* a full stop of a different width */
    case 0xff0d:
    case 0x2212:
    case 0x2010:
    case 0x2013: return '-';
    case 0xff0b: return '+';
    case 0xff1d: return '=';
    case 0xff05: return '%';
    case 0xff0f: return '/';
    case 0xff5e: return '~';
    case 0x2022:
    case 0x30fb:
    case 0xb7: return 0xb7;
    case 0xd7:
    case 0xf7:
    case 0x2103:
    case 0xb0: return c;
    default: break;
    }
    if (is_han(c)) return fm_corpus_simplified(c);
    if (c >= 0x20 && c < 0x7f) return c;
    bool mark = c == 0x3001 || c == 0x3002 || c == 0x300a || c == 0x300b || c == 0x3007 || c == 0x2018 ||
                c == 0x2019 || c == 0x201c || c == 0x201d || c == 0xff01 || c == 0xff08 || c == 0xff09 ||
                c == 0xff0c || c == 0xff1a || c == 0xff1b || c == 0xff1f;
    return mark ? c : ODD;
}

/* The full-width form of an ASCII mark that stands in Chinese text. */
static uint32_t full_width(uint32_t c) {
    switch (c) {
    case ',': return 0xff0c;
    case '.': return 0x3002;
    case '!': return 0xff01;
    case '?': return 0xff1f;
    case ':': return 0xff1a;
    case ';': return 0xff1b;
    case '(': return 0xff08;
    case ')': return 0xff09;
    default: return c;
    }
}

static void chinese(const uint32_t *in, size_t n, fm_buf *out, bool *odd) {
    uint32_t last = 0;
    bool quote_open = false;
    for (size_t i = 0; i < n && !*odd; i++) {
        uint32_t c = in[i];
        if (c == 0x2026 || (i + 2 < n && (c == '.' || c == 0x3002) && in[i + 1] == c && in[i + 2] == c)) {
            while (i + 1 < n && (in[i + 1] == c || in[i + 1] == '.')) i++;
            if (last != 0x2026) put(out, 0x2026), put(out, 0x2026);
            last = 0x2026;
            continue;
        }
        if (c == 0x2014 || c == 0x2015 || c == 0x2500 || (c == '-' && i + 1 < n && in[i + 1] == '-')) {
            while (i + 1 < n && (in[i + 1] == c || in[i + 1] == 0x2014)) i++;
            if (last != 0x2014) put(out, 0x2014), put(out, 0x2014);
            last = 0x2014;
            continue;
        }
        c = map_chinese(c);
        *odd = c == ODD;
        if (*odd || c == DROP) continue;
        uint32_t next = i + 1 < n ? map_chinese(in[i + 1]) : 0;
        bool beside = is_han(last) || is_han_mark(last) || (is_han(next) && !(last < 0x80 && last != 0));
        if (c == ' ') { /* no spaces between Chinese characters; single ones between Latin words */
            bool latin = last > ' ' && last < 0x7f && next > ' ' && next < 0x7f;
            if (!latin) continue;
        }
        if (c == '"') {
            c = quote_open ? 0x201d : 0x201c;
            quote_open = !quote_open;
        } else if (c == 0x201c || c == 0x201d) {
            quote_open = c == 0x201c;
        } else if (beside && c < 0x80) {
            bool decimal = c == '.' && next >= '0' && next <= '9';
            if (!decimal) c = full_width(c);
        }
        bool repeat = c == last && (c == 0xff01 || c == 0xff1f || c == 0xff0c || c == 0x3002 || c == '~');
        if (!repeat) put(out, c);
        last = c;
    }
}

bool fm_corpus_clean(const char *text, size_t size, fm_corpus_lang lang, bool maths, fm_buf *out) {
    size_t start = out->size, n = 0, han = 0, letters = 0;
    uint32_t *points = malloc((size + 1) * sizeof *points);
    if (points == NULL) {
        out->failed = true;
        return false;
    }
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &point);
        if (used <= 0) break;
        at += (size_t)used;
        points[n++] = (uint32_t)point;
        han += is_han((uint32_t)point);
        letters += (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
    }
    if (lang == FM_CORPUS_BOTH) lang = han ? FM_CORPUS_ZH : FM_CORPUS_EN;
    bool odd = lang == FM_CORPUS_EN ? han > 0 : letters > 4 && letters > han / 4;
    if (!odd && lang == FM_CORPUS_EN) english(points, n, maths, out, &odd);
    if (!odd && lang == FM_CORPUS_ZH) chinese(points, n, out, &odd);
    free(points);
    if (odd || out->size == start) {
        out->size = start;
        if (out->data) out->data[start] = '\0';
        return false;
    }
    return true;
}

/* Whole-word search for English, substring search for the rest; `text` is NUL-terminated. */
static int count_words(const char *text, const char *const *words) {
    int found = 0;
    for (; *words; words++) {
        size_t n = strlen(*words);
        for (const char *p = text; (p = strcasestr(p, *words)) != NULL; p += n) {
            bool ascii = (unsigned char)(*words)[0] < 0x80;
            unsigned char before = p == text ? ' ' : (unsigned char)p[-1], after = (unsigned char)p[n];
            bool inside = ((before | 32) >= 'a' && (before | 32) <= 'z') ||
                          ((after | 32) >= 'a' && (after | 32) <= 'z');
            found += !(ascii && inside);
        }
    }
    return found;
}

/* Old pronouns and verbs, and the dialect in which old books wrote the speech of people they looked down on.
 */
static const char *const old_words[] = {
    "thou",     "thee",   "thy",     "thine",  "hath",      "doth",     "unto",  "whilst", "quoth",
    "methinks", "'tis",   "'twas",   "ye",     "nay",       "dat",      "dis",   "dey",    "dem",
    "wuz",      "massa",  "sah",     "chile",  "yo'",       "gwine",    "ain't", "d'ye",   "o'er",
    "e'en",     "hither", "thither", "whence", "wherefore", "forsooth", "ere",   NULL};

static const char *const crude_words[] = {"nigger",
                                          "niggers",
                                          "darky",
                                          "darkey",
                                          "darkies",
                                          "negro",
                                          "negroes",
                                          "injun",
                                          "injuns",
                                          "redskin",
                                          "redskins",
                                          "squaw",
                                          "pickaninny",
                                          "savages",
                                          "mammy",
                                          "colored man",
                                          "colored woman",
                                          "colored boy",
                                          "coloured",
                                          "gypsies",
                                          "heathen",
                                          "fuck",
                                          "fucking",
                                          "shit",
                                          "bitch",
                                          "bastard",
                                          "slut",
                                          "whore",
                                          "porn",
                                          "sexy",
                                          "sex",
                                          "rape",
                                          "damn",
                                          "nazi",
                                          "nazis",
                                          "suicide",
                                          "naked",
                                          "drunk",
                                          "cocaine",
                                          "heroin",
                                          "marijuana",
                                          "boobs",
                                          "penis",
                                          "virgin",
                                          "prostitute",
                                          "hitler",
                                          "copyright",
                                          "gutenberg",
                                          "http",
                                          "https",
                                          "www",
                                          "html",
                                          "操你",
                                          "他妈",
                                          "妈的",
                                          "尼玛",
                                          "傻逼",
                                          "傻b",
                                          "煞笔",
                                          "沙比",
                                          "装逼",
                                          "逼格",
                                          "牛逼",
                                          "牛b",
                                          "草泥马",
                                          "卧槽",
                                          "我靠",
                                          "我操",
                                          "屌",
                                          "婊",
                                          "妓",
                                          "嫖",
                                          "鸡巴",
                                          "阴茎",
                                          "阴道",
                                          "强奸",
                                          "做爱",
                                          "性交",
                                          "性爱",
                                          "淫",
                                          "色情",
                                          "裸体",
                                          "自慰",
                                          "约炮",
                                          "黄片",
                                          "毛片",
                                          "贱人",
                                          "滚蛋",
                                          "去死",
                                          "自杀",
                                          "自残",
                                          "毒品",
                                          "吸毒",
                                          "法轮",
                                          "台独",
                                          "习近平",
                                          "共产党",
                                          "纳粹",
                                          "希特勒",
                                          "精神病",
                                          "脑残",
                                          "废物",
                                          "屎",
                                          "老子",
                                          "奶子",
                                          "胸大",
                                          "撸",
                                          "骚",
                                          "变态",
                                          "微博",
                                          "转发",
                                          "http",
                                          NULL};

bool fm_corpus_archaic(const char *text, size_t size) {
    size_t words = 0, sentences = 0;
    for (size_t i = 0; i < size; i++) {
        words += text[i] == ' ' || text[i] == '\n';
        sentences += (text[i] == '.' || text[i] == '!' || text[i] == '?') &&
                     (i + 1 == size || text[i + 1] == ' ' || text[i + 1] == '\n' || text[i + 1] == '"');
    }
    if (words > 40 && words > 24 * (sentences + 1)) return true; /* long-winded */
    return count_words(text, old_words) >= 2;
}

bool fm_corpus_crude(const char *text, size_t size) {
    (void)size;
    return count_words(text, crude_words) > 0;
}
