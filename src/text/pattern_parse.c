/* pattern_parse.c: from a regular expression to a program of steps; the syntax stands in pattern.h.
 *
 * Recursive descent. A piece is parsed once; each further copy that a quantifier asks for is moved code. The
 * program's size bounds the work.
 */
#include <stdio.h>
#include <string.h>

#include "text/pattern_impl.h"

typedef struct parser {
    fm_pattern_program *program;
    const uint8_t *text, *end, *at;
    bool fold; /* (?i) is on */
    int depth;
    fm_error *err;
    fm_pattern_step piece[FM_PATTERN_MAX_STEPS]; /* the piece being repeated; never in use during a descent */
    uint16_t splits[FM_PATTERN_MAX_STEPS];       /* and the splits that leave its repetition */
} parser;

static fm_status refuse(parser *p, const uint8_t *where, const char *what) {
    return fm_error_set(p->err, FM_ERR_UNSUPPORTED, "pattern: %s at byte %zu is not supported", what,
                        (size_t)(where - p->text));
}

static fm_status wrong(parser *p, const uint8_t *where, const char *what) {
    return fm_error_set(p->err, FM_ERR_FORMAT, "pattern: %s at byte %zu", what, (size_t)(where - p->text));
}

static fm_status too_long(parser *p) {
    return fm_error_set(p->err, FM_ERR_LIMIT, "pattern: needs more than the limit of %d steps",
                        FM_PATTERN_MAX_STEPS);
}

static bool looking_at(const parser *p, const char *word) {
    size_t size = strlen(word);
    return (size_t)(p->end - p->at) >= size && memcmp(p->at, word, size) == 0;
}

static bool take(parser *p, const char *word) {
    if (!looking_at(p, word)) return false;
    p->at += strlen(word);
    return true;
}

static fm_status emit(parser *p, fm_pattern_step step, int *index) {
    if (p->program->count == FM_PATTERN_MAX_STEPS) return too_long(p);
    if (index) *index = p->program->count;
    p->program->steps[p->program->count++] = step;
    return FM_OK;
}

/* The number of `set` among the program's sets; takes the set over. */
static fm_status intern(parser *p, fm_charset *set, uint16_t *number) {
    fm_pattern_program *program = p->program;
    fm_charset_tidy(set);
    if (set->failed) {
        fm_charset_release(set);
        return fm_error_set(p->err, FM_ERR_MEMORY, "pattern: no memory for a character class");
    }
    for (int i = 0; i < program->set_count; i++) {
        if (fm_charset_equal(&program->sets[i], set)) {
            fm_charset_release(set);
            *number = (uint16_t)i;
            return FM_OK;
        }
    }
    if (program->set_count == FM_PATTERN_MAX_SETS) {
        fm_charset_release(set);
        return fm_error_set(p->err, FM_ERR_LIMIT, "pattern: more than %d different characters and classes",
                            FM_PATTERN_MAX_SETS);
    }
    *number = (uint16_t)program->set_count;
    program->sets[program->set_count++] = *set;
    *set = (fm_charset){0};
    return FM_OK;
}

/* Adds the other case of the set's ASCII letters, with the two characters beyond ASCII that fold to one. */
static fm_status fold_case(parser *p, fm_charset *set, const uint8_t *where) {
    fm_charset_tidy(set);
    int count = set->count;
    for (int i = 0; i < count; i++) {
        fm_char_range range = set->ranges[i];
        if (range.last >= 0x80) return refuse(p, where, "(?i) with characters beyond ASCII");
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
static fm_status parse_hex(parser *p, int digits, uint32_t *code) {
    const uint8_t *where = p->at;
    bool braces = take(p, "{");
    uint32_t value = 0;
    int n = 0;
    while (p->at < p->end && hex_digit(*p->at) >= 0 && n < (braces ? 8 : digits) &&
           value < FM_UNICODE_LIMIT) {
        value = value << 4 | (uint32_t)hex_digit(*p->at++);
        n++;
    }
    if (n == 0 || (!braces && n != digits) || (braces && !take(p, "}")))
        return wrong(p, where, "bad hexadecimal number");
    if (value >= FM_UNICODE_LIMIT) return wrong(p, where, "code point above 10FFFF");
    *code = value;
    return FM_OK;
}

/* After \p or \P: a category letter, or {name} or {^name}. Appends to *set. */
static fm_status parse_property(parser *p, bool negate, fm_charset *set) {
    const uint8_t *where = p->at, *name = p->at;
    size_t size = 1;
    if (take(p, "{")) {
        if (take(p, "^")) negate = !negate;
        name = p->at;
        while (p->at < p->end && *p->at != '}') p->at++;
        size = (size_t)(p->at - name);
        if (!take(p, "}")) return wrong(p, where, "\\p{ without }");
    } else if (p->at < p->end) {
        p->at++;
    } else {
        return wrong(p, where, "\\p without a name");
    }
    uint32_t mask = fm_unicode_category_mask((const char *)name, size);
    bool han = size == 3 && memcmp(name, "Han", 3) == 0;
    if (mask == 0 && !han) {
        char what[64];
        snprintf(what, sizeof what, "property \\p{%.*s}", (int)(size < 32 ? size : 32), (const char *)name);
        return refuse(p, where, what);
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
static fm_status parse_escape(parser *p, fm_charset *set, bool *single, uint32_t *code) {
    if (p->at >= p->end) return wrong(p, p->at, "backslash at the end");
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
            return *code == FM_UNICODE_INVALID ? wrong(p, where, "a byte that is not UTF-8") : FM_OK;
        }
        char what[] = "escape \\?";
        what[sizeof what - 2] = (char)c;
        return refuse(p, where, what);
    }
    *single = false;
    fm_charset_tidy(&one);
    if (c == 'S' || c == 'D') fm_charset_negate(&one);
    fm_charset_add_set(set, &one);
    fm_charset_release(&one);
    return FM_OK;
}

/* ---- classes ---- */

static fm_status parse_class(parser *p, fm_charset *set);

/* One member of a class: a nested class, an escape, a character; *single says whether a range may begin with
 * it. */
static fm_status parse_member(parser *p, fm_charset *set, bool *single, uint32_t *code) {
    const uint8_t *where = p->at;
    *single = false;
    if (looking_at(p, "[:")) return refuse(p, where, "POSIX class");
    if (take(p, "[")) {
        fm_charset inner = {0};
        fm_status status = parse_class(p, &inner);
        fm_charset_add_set(set, &inner);
        fm_charset_release(&inner);
        return status;
    }
    if (take(p, "\\")) return parse_escape(p, set, single, code);
    *single = true;
    p->at += fm_utf8_decode(p->at, p->end, code);
    return *code == FM_UNICODE_INVALID ? wrong(p, where, "a byte that is not UTF-8") : FM_OK;
}

/* Members up to ] or &&, which stay. */
static fm_status parse_union(parser *p, fm_charset *set, bool first) {
    const uint8_t *where = p->at;
    fm_status status = FM_OK;
    while (p->at < p->end && (*p->at != ']' || (first && p->at == where)) && !looking_at(p, "&&")) {
        const uint8_t *member = p->at;
        bool single;
        uint32_t low = 0, high;
        if (looking_at(p, "--") || looking_at(p, "~~")) return refuse(p, member, "set difference in a class");
        FM_TRY(parse_member(p, set, &single, &low));
        if (!single) continue;
        high = low;
        if (looking_at(p, "-") && p->at + 1 < p->end && p->at[1] != ']' && !looking_at(p, "--")) {
            p->at++;
            bool high_single;
            FM_TRY(parse_member(p, set, &high_single, &high));
            if (!high_single || high < low) return wrong(p, member, "bad range in a class");
        }
        fm_charset_add(set, low, high);
    }
    if (p->fold) status = fold_case(p, set, where);
    fm_charset_tidy(set);
fail:
    return status;
}

/* After [: up to and with ]. *set is empty at first and tidy afterwards. */
static fm_status parse_class(parser *p, fm_charset *set) {
    const uint8_t *where = p->at - 1;
    fm_status status = FM_OK;
    fm_charset other = {0};
    if (++p->depth > FM_PATTERN_MAX_DEPTH) return wrong(p, where, "nesting too deep");
    bool negate = take(p, "^");
    FM_TRY(parse_union(p, set, true));
    while (take(p, "&&")) {
        FM_TRY(parse_union(p, &other, false));
        fm_charset_intersect(set, &other);
        fm_charset_release(&other);
    }
    if (!take(p, "]")) {
        status = wrong(p, where, "[ without ]");
        goto fail;
    }
    if (negate) fm_charset_negate(set);
    p->depth--;
fail:
    fm_charset_release(&other);
    return status;
}

/* ---- pieces ---- */

static fm_status parse_alternatives(parser *p);

/* One character or class at p->at into *set; *found false when something else stands there. */
static fm_status parse_set(parser *p, fm_charset *set, bool *found) {
    const uint8_t *where = p->at;
    bool single = true;
    uint32_t code = 0;
    *found = true;
    if (take(p, "[")) return parse_class(p, set);
    if (take(p, ".")) {
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
        if (code == FM_UNICODE_INVALID) return wrong(p, where, "a byte that is not UTF-8");
    }
    if (single) fm_charset_add(set, code, code);
    return p->fold ? fold_case(p, set, where) : FM_OK;
}

/* After (?= or (?!: one character or class and the closing parenthesis. */
static fm_status parse_lookahead(parser *p, bool negate) {
    const uint8_t *where = p->at - 3;
    fm_charset set = {0};
    bool found;
    uint16_t number;
    fm_status status = FM_OK;
    FM_TRY(parse_set(p, &set, &found));
    if (!found || !take(p, ")")) {
        status = refuse(p, where, "lookahead for more than one character");
        goto fail;
    }
    fm_charset_tidy(&set);
    if (negate) fm_charset_negate(&set);
    FM_TRY(intern(p, &set, &number));
    return emit(p, (fm_pattern_step){.kind = FM_STEP_LOOK, .set = number, .at_end = negate}, NULL);
fail:
    fm_charset_release(&set);
    return status;
}

/* After (: a group of some kind, with the closing parenthesis. */
static fm_status parse_group(parser *p) {
    const uint8_t *where = p->at - 1;
    bool fold = p->fold;
    fm_status status = FM_OK;
    if (take(p, "?")) {
        if (take(p, "=")) return parse_lookahead(p, false);
        if (take(p, "!")) return parse_lookahead(p, true);
        if (looking_at(p, "<=") || looking_at(p, "<!")) return refuse(p, where, "lookbehind");
        if (looking_at(p, ">")) return refuse(p, where, "atomic group");
        if (looking_at(p, "<") || looking_at(p, "P<")) return refuse(p, where, "named group");
        if (take(p, "i:")) {
            p->fold = true;
        } else if (take(p, "i)")) {
            p->fold = true; /* up to the end of the group around it, which restores */
            return FM_OK;
        } else if (!take(p, ":")) {
            return refuse(p, where, "group option other than (?i)");
        }
    }
    if (++p->depth > FM_PATTERN_MAX_DEPTH) return wrong(p, where, "nesting too deep");
    FM_TRY(parse_alternatives(p));
    if (!take(p, ")")) return wrong(p, where, "( without )");
    p->depth--;
    p->fold = fold;
fail:
    return status;
}

/* One piece without its quantifier: emits steps that fall through to what follows. */
static fm_status parse_piece(parser *p) {
    const uint8_t *where = p->at;
    if (take(p, "(")) return parse_group(p);
    fm_charset set = {0};
    bool found;
    uint16_t number;
    fm_status status = parse_set(p, &set, &found);
    if (status == FM_OK && !found) {
        if (take(p, "$") || take(p, "\\z")) {
            if ((status = intern(p, &set, &number)) != FM_OK) return status;
            return emit(p, (fm_pattern_step){.kind = FM_STEP_LOOK, .set = number, .at_end = true}, NULL);
        }
        status = *where == '^' ? refuse(p, where, "anchor ^")
                               : wrong(p, where, "quantifier without anything to repeat");
    }
    if (status == FM_OK && (status = intern(p, &set, &number)) == FM_OK)
        return emit(p, (fm_pattern_step){.kind = FM_STEP_SET, .set = number}, NULL);
    fm_charset_release(&set);
    return status;
}

enum { UNBOUNDED = 1 << 20 };

/* The number in a {m,n}, at most `limit`; -1 when there is none. */
static int parse_number(parser *p) {
    int value = -1;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') {
        value = (value < 0 ? 0 : value) * 10 + (*p->at++ - '0');
        if (value > FM_PATTERN_MAX_STEPS) value = FM_PATTERN_MAX_STEPS + 1;
    }
    return value;
}

static fm_status parse_quantifier(parser *p, int *min, int *max, bool *lazy) {
    const uint8_t *where = p->at;
    *min = *max = 1;
    *lazy = false;
    if (take(p, "*")) {
        *min = 0, *max = UNBOUNDED;
    } else if (take(p, "+")) {
        *max = UNBOUNDED;
    } else if (take(p, "?")) {
        *min = 0;
    } else if (take(p, "{")) {
        *min = *max = parse_number(p);
        if (*min >= 0 && take(p, ",")) {
            *max = parse_number(p);
            if (*max < 0) *max = UNBOUNDED;
        }
        if (*min < 0 || !take(p, "}")) return wrong(p, where, "bad {m,n}");
        if (*max < *min || *max == 0) return wrong(p, where, "empty {m,n}");
        if (*min > FM_PATTERN_MAX_STEPS || (*max > FM_PATTERN_MAX_STEPS && *max != UNBOUNDED))
            return too_long(p);
    } else {
        return FM_OK;
    }
    *lazy = take(p, "?");
    if (looking_at(p, "+")) return refuse(p, p->at, "possessive quantifier");
    if (looking_at(p, "*") || looking_at(p, "?") || looking_at(p, "{"))
        return refuse(p, p->at, "quantifier of a quantifier");
    return FM_OK;
}

/* SPLIT at `split` between going on (behind itself) and leaving to `exit`. */
static void set_split(parser *p, int split, int exit, bool lazy) {
    fm_pattern_step *step = &p->program->steps[split];
    step->x = (uint16_t)(lazy ? exit : split + 1);
    step->y = (uint16_t)(lazy ? split + 1 : exit);
}

/* Appends the `size` steps of p->piece, which were made for position `start`. */
static fm_status emit_copy(parser *p, int start, int size) {
    fm_status status = FM_OK;
    int shift = p->program->count - start;
    for (int i = 0; i < size && status == FM_OK; i++) {
        fm_pattern_step step = p->piece[i];
        if (step.kind == FM_STEP_SPLIT) step.y = (uint16_t)(step.y + shift);
        if (step.kind == FM_STEP_SPLIT || step.kind == FM_STEP_JUMP) step.x = (uint16_t)(step.x + shift);
        status = emit(p, step, NULL);
    }
    return status;
}

/* x{m,n} is m copies and then n - m copies each behind a split to the end; x* is a loop round a split, x+ has
 * its split behind the body. */
static fm_status parse_repeated(parser *p) {
    int start = p->program->count, min, max, split = 0, split_count = 0, copy = start;
    bool lazy;
    fm_status status = FM_OK;
    FM_TRY(parse_piece(p));
    FM_TRY(parse_quantifier(p, &min, &max, &lazy));
    if (min == 1 && max == 1) return FM_OK;
    int size = p->program->count - start;
    memcpy(p->piece, p->program->steps + start, (size_t)size * sizeof *p->piece);
    p->program->count = start;
    int copies = max != UNBOUNDED ? max : min == 0 ? 1 : min;
    for (int i = 0; i < copies; i++) {
        copy = p->program->count;
        if (i >= min) {
            FM_TRY(emit(p, (fm_pattern_step){.kind = FM_STEP_SPLIT}, &split));
            p->splits[split_count++] = (uint16_t)split;
        }
        FM_TRY(emit_copy(p, start, size));
    }
    if (max == UNBOUNDED && min == 0)
        FM_TRY(emit(p, (fm_pattern_step){.kind = FM_STEP_JUMP, .x = (uint16_t)copy}, NULL));
    if (max == UNBOUNDED && min > 0) {
        FM_TRY(emit(p, (fm_pattern_step){.kind = FM_STEP_SPLIT}, &split));
        uint16_t out = (uint16_t)(split + 1), back = (uint16_t)copy;
        p->program->steps[split].x = lazy ? out : back;
        p->program->steps[split].y = lazy ? back : out;
    }
    for (int i = 0; i < split_count; i++) set_split(p, p->splits[i], p->program->count, lazy);
fail:
    return status;
}

/* a|b|c: split(a, split(b, c)), each followed by a jump to the end. Ends at ) or the end of the text. */
static fm_status parse_alternatives(parser *p) {
    fm_status status = FM_OK;
    int jumps = -1; /* the jumps to the end, chained through x until their target is known */
    bool fold = p->fold;
    for (;;) {
        int split = 0, jump = 0;
        /* Reserved before it is known whether another alternative follows; becomes a jump to the next step if
         * not. */
        FM_TRY(emit(p, (fm_pattern_step){.kind = FM_STEP_SPLIT}, &split));
        while (p->at < p->end && *p->at != '|' && *p->at != ')') FM_TRY(parse_repeated(p));
        if (!take(p, "|")) {
            p->program->steps[split] = (fm_pattern_step){.kind = FM_STEP_JUMP, .x = (uint16_t)(split + 1)};
            break;
        }
        FM_TRY(emit(p, (fm_pattern_step){.kind = FM_STEP_JUMP, .x = (uint16_t)jumps}, &jump));
        jumps = jump;
        set_split(p, split, p->program->count, false);
    }
    while (jumps >= 0) {
        uint16_t previous = p->program->steps[jumps].x;
        p->program->steps[jumps].x = (uint16_t)p->program->count;
        jumps = previous == UINT16_MAX ? -1 : previous;
    }
    p->fold = fold;
fail:
    return status;
}

fm_status fm_pattern_parse(fm_pattern_program *program, const char *regex, size_t size, fm_error *err) {
    if (size > FM_PATTERN_MAX_BYTES)
        return fm_error_set(err, FM_ERR_LIMIT, "pattern: %zu bytes, limit %d", size, FM_PATTERN_MAX_BYTES);
    if (memchr(regex, 0, size)) return fm_error_set(err, FM_ERR_FORMAT, "pattern: holds a zero byte");
    const uint8_t *text = (const uint8_t *)regex;
    parser p = {.program = program, .text = text, .end = text + size, .at = text, .err = err};
    fm_status status = parse_alternatives(&p);
    if (status != FM_OK) return status;
    if (p.at < p.end) return wrong(&p, p.at, ") without (");
    return emit(&p, (fm_pattern_step){.kind = FM_STEP_MATCH}, NULL);
}
