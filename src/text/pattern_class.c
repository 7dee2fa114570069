/* pattern_class.c: characters, escapes and classes of a regular expression; the syntax stands in pattern.h. */
#include <stdio.h>
#include <string.h>

#include "text/pattern_parser.h"

fm_status fm_pattern_refuse(fm_pattern_parser *p, const uint8_t *where, const char *what) {
    return fm_error_set(p->err, FM_ERR_UNSUPPORTED, "pattern: %s at byte %zu is not supported", what,
                        (size_t)(where - p->text));
}

fm_status fm_pattern_wrong(fm_pattern_parser *p, const uint8_t *where, const char *what) {
    return fm_error_set(p->err, FM_ERR_FORMAT, "pattern: %s at byte %zu", what, (size_t)(where - p->text));
}

/* Adds the other case of the set's ASCII letters, with the two characters beyond ASCII that fold to one. */
static fm_status fold_case(fm_pattern_parser *p, fm_charset *set, const uint8_t *where) {
    fm_charset_tidy(set);
    int count = set->count;
    for (int i = 0; i < count; i++) {
        fm_char_range range = set->ranges[i];
        if (range.last >= 0x80) return fm_pattern_refuse(p, where, "(?i) with characters beyond ASCII");
        for (uint32_t c = range.first; c <= range.last; c++) {
            uint32_t lower = c | 0x20;
            if (lower < 'a' || lower > 'z') continue;
            fm_charset_add(set, lower, lower);
            fm_charset_add(set, lower - 0x20, lower - 0x20);
            if (lower == 's') fm_charset_add(set, 0x17f, 0x17f);
            if (lower == 'k') fm_charset_add(set, 0x212a, 0x212a);
        }
    }
    fm_charset_tidy(set);
    return FM_OK;
}

/* ---- escapes ---- */

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
    return -1;
}

/* After \x or \u: HH or HHHH, or {H...}. */
static fm_status parse_hex(fm_pattern_parser *p, int digits, uint32_t *code) {
    const uint8_t *where = p->at;
    bool braces = fm_pattern_take(p, "{");
    uint32_t value = 0;
    int n = 0;
    while (p->at < p->end && hex_digit(*p->at) >= 0 && n < (braces ? 8 : digits) &&
           value < FM_UNICODE_LIMIT) {
        value = value << 4 | (uint32_t)hex_digit(*p->at++);
        n++;
    }
    if (n == 0 || (!braces && n != digits) || (braces && !fm_pattern_take(p, "}")))
        return fm_pattern_wrong(p, where, "bad hexadecimal number");
    if (value >= FM_UNICODE_LIMIT) return fm_pattern_wrong(p, where, "code point above 10FFFF");
    *code = value;
    return FM_OK;
}

/* After \p or \P: a category letter, or {name} or {^name}. Appends to *set. */
static fm_status parse_property(fm_pattern_parser *p, bool negate, fm_charset *set) {
    const uint8_t *where = p->at, *name = p->at;
    size_t size = 1;
    if (fm_pattern_take(p, "{")) {
        if (fm_pattern_take(p, "^")) negate = !negate;
        name = p->at;
        while (p->at < p->end && *p->at != '}') p->at++;
        size = (size_t)(p->at - name);
        if (!fm_pattern_take(p, "}")) return fm_pattern_wrong(p, where, "\\p{ without }");
    } else if (p->at < p->end) {
        p->at++;
    } else {
        return fm_pattern_wrong(p, where, "\\p without a name");
    }
    uint32_t mask = fm_unicode_category_mask((const char *)name, size);
    bool han = size == 3 && memcmp(name, "Han", 3) == 0;
    if (mask == 0 && !han) {
        char what[64];
        snprintf(what, sizeof what, "property \\p{%.*s}", (int)(size < 32 ? size : 32), (const char *)name);
        return fm_pattern_refuse(p, where, what);
    }
    fm_charset one = {0};
    fm_charset_add_class(&one, mask, han ? FM_UNICODE_HAN : 0);
    fm_charset_tidy(&one);
    if (negate) fm_charset_negate(&one);
    fm_charset_add_set(set, &one);
    fm_charset_release(&one);
    return FM_OK;
}

/* After a backslash. Either a single character (*single true, *code) or a class, appended to *set. */
static fm_status parse_escape(fm_pattern_parser *p, fm_charset *set, bool *single, uint32_t *code) {
    if (p->at >= p->end) return fm_pattern_wrong(p, p->at, "backslash at the end");
    const uint8_t *where = p->at;
    uint8_t c = *p->at++;
    fm_charset one = {0};
    *single = true;
    switch (c) {
    case 'r': *code = '\r'; return FM_OK;
    case 'n': *code = '\n'; return FM_OK;
    case 't': *code = '\t'; return FM_OK;
    case 'f': *code = '\f'; return FM_OK;
    case 'v': *code = '\v'; return FM_OK;
    case 'x': return parse_hex(p, 2, code);
    case 'u': return parse_hex(p, 4, code);
    case 'p':
    case 'P': *single = false; return parse_property(p, c == 'P', set);
    case 's':
    case 'S': fm_charset_add_class(&one, 0, FM_UNICODE_SPACE); break;
    case 'd':
    case 'D': fm_charset_add_class(&one, fm_unicode_category_mask("Nd", 2), 0); break;
    default:
        if (c < 0x80 && ((c | 0x20) < 'a' || (c | 0x20) > 'z') && (c < '0' || c > '9')) {
            *code = c;
            return FM_OK;
        }
        if (c >= 0x80) {
            p->at = where + fm_utf8_decode(where, p->end, code);
            return *code == FM_UNICODE_INVALID ? fm_pattern_wrong(p, where, "a byte that is not UTF-8")
                                               : FM_OK;
        }
        char what[] = "escape \\?";
        what[sizeof what - 2] = (char)c;
        return fm_pattern_refuse(p, where, what);
    }
    *single = false;
    fm_charset_tidy(&one);
    if (c == 'S' || c == 'D') fm_charset_negate(&one);
    fm_charset_add_set(set, &one);
    fm_charset_release(&one);
    return FM_OK;
}

/* ---- classes ---- */

static fm_status parse_class(fm_pattern_parser *p, fm_charset *set);

/* One member of a class: a nested class, an escape, a character; *single says whether a range may begin with
 * it. */
static fm_status parse_member(fm_pattern_parser *p, fm_charset *set, bool *single, uint32_t *code) {
    const uint8_t *where = p->at;
    *single = false;
    if (fm_pattern_sees(p, "[:")) return fm_pattern_refuse(p, where, "POSIX class");
    if (fm_pattern_take(p, "[")) {
        fm_charset inner = {0};
        fm_status status = parse_class(p, &inner);
        fm_charset_add_set(set, &inner);
        fm_charset_release(&inner);
        return status;
    }
    if (fm_pattern_take(p, "\\")) return parse_escape(p, set, single, code);
    *single = true;
    p->at += fm_utf8_decode(p->at, p->end, code);
    return *code == FM_UNICODE_INVALID ? fm_pattern_wrong(p, where, "a byte that is not UTF-8") : FM_OK;
}

/* Members up to ] or &&, which stay. */
static fm_status parse_union(fm_pattern_parser *p, fm_charset *set, bool first) {
    const uint8_t *where = p->at;
    fm_status status = FM_OK;
    while (p->at < p->end && (*p->at != ']' || (first && p->at == where)) && !fm_pattern_sees(p, "&&")) {
        const uint8_t *member = p->at;
        bool single;
        uint32_t low = 0, high;
        if (fm_pattern_sees(p, "--") || fm_pattern_sees(p, "~~"))
            return fm_pattern_refuse(p, member, "set difference in a class");
        FM_TRY(parse_member(p, set, &single, &low));
        if (!single) continue;
        high = low;
        if (fm_pattern_sees(p, "-") && p->at + 1 < p->end && p->at[1] != ']' && !fm_pattern_sees(p, "--")) {
            p->at++;
            bool high_single;
            FM_TRY(parse_member(p, set, &high_single, &high));
            if (!high_single || high < low) return fm_pattern_wrong(p, member, "bad range in a class");
        }
        fm_charset_add(set, low, high);
    }
    if (p->fold) status = fold_case(p, set, where);
    fm_charset_tidy(set);
fail:
    return status;
}

/* After [: up to and with ]. *set is empty at first and tidy afterwards. */
static fm_status parse_class(fm_pattern_parser *p, fm_charset *set) {
    const uint8_t *where = p->at - 1;
    fm_status status = FM_OK;
    fm_charset other = {0};
    if (++p->depth > FM_PATTERN_MAX_DEPTH) return fm_pattern_wrong(p, where, "nesting too deep");
    bool negate = fm_pattern_take(p, "^");
    FM_TRY(parse_union(p, set, true));
    while (fm_pattern_take(p, "&&")) {
        FM_TRY(parse_union(p, &other, false));
        fm_charset_intersect(set, &other);
        fm_charset_release(&other);
    }
    if (!fm_pattern_take(p, "]")) {
        status = fm_pattern_wrong(p, where, "[ without ]");
        goto fail;
    }
    if (negate) fm_charset_negate(set);
    p->depth--;
fail:
    fm_charset_release(&other);
    return status;
}

/* ---- one character, of whatever kind ---- */

fm_status fm_pattern_parse_set(fm_pattern_parser *p, fm_charset *set, bool *found) {
    const uint8_t *where = p->at;
    bool single = true;
    uint32_t code = 0;
    *found = true;
    if (fm_pattern_take(p, "[")) return parse_class(p, set);
    if (fm_pattern_take(p, ".")) {
        fm_charset_add(set, '\n', '\n');
        fm_charset_negate(set);
        return FM_OK;
    }
    if (p->at >= p->end || strchr("()|*+?{$^", *p->at)) {
        *found = false;
        return FM_OK;
    }
    if (*p->at == '\\') {
        if (p->at + 1 < p->end && p->at[1] == 'z') {
            *found = false;
            return FM_OK;
        }
        p->at++;
        fm_status status = parse_escape(p, set, &single, &code);
        if (status != FM_OK) return status;
    } else {
        p->at += fm_utf8_decode(p->at, p->end, &code);
        if (code == FM_UNICODE_INVALID) return fm_pattern_wrong(p, where, "a byte that is not UTF-8");
    }
    if (single) fm_charset_add(set, code, code);
    return p->fold ? fold_case(p, set, where) : FM_OK;
}
