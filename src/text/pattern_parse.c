/* pattern_parse.c: from a regular expression to a program of steps; the syntax stands in pattern.h.
 *
 * Recursive descent. A piece is parsed once; each further copy that a quantifier asks for is moved code. The
 * program's size bounds the work.
 */
#include <string.h>

#include "text/pattern_parser.h"

static fm_status too_long(fm_pattern_parser *p) {
    return fm_error_set(p->err, FM_ERR_LIMIT, "pattern: needs more than the limit of %d steps",
                        FM_PATTERN_MAX_STEPS);
}

static fm_status emit(fm_pattern_parser *p, fm_pattern_step step, int *index) {
    if (p->program->count == FM_PATTERN_MAX_STEPS) return too_long(p);
    if (index) *index = p->program->count;
    p->program->steps[p->program->count++] = step;
    return FM_OK;
}

/* The number of `set` among the program's sets; takes the set over. */
static fm_status intern(fm_pattern_parser *p, fm_charset *set, uint16_t *number) {
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

/* ---- pieces ---- */

static fm_status parse_alternatives(fm_pattern_parser *p);

/* After (?= or (?!: one character or class and the closing parenthesis. */
static fm_status parse_lookahead(fm_pattern_parser *p, bool negate) {
    const uint8_t *where = p->at - 3;
    fm_charset set = {0};
    bool found;
    uint16_t number;
    fm_status status = FM_OK;
    FM_TRY(fm_pattern_parse_set(p, &set, &found));
    if (!found || !fm_pattern_take(p, ")")) {
        status = fm_pattern_refuse(p, where, "lookahead for more than one character");
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
static fm_status parse_group(fm_pattern_parser *p) {
    const uint8_t *where = p->at - 1;
    bool fold = p->fold;
    fm_status status = FM_OK;
    if (fm_pattern_take(p, "?")) {
        if (fm_pattern_take(p, "=")) return parse_lookahead(p, false);
        if (fm_pattern_take(p, "!")) return parse_lookahead(p, true);
        if (fm_pattern_sees(p, "<=") || fm_pattern_sees(p, "<!"))
            return fm_pattern_refuse(p, where, "lookbehind");
        if (fm_pattern_sees(p, ">")) return fm_pattern_refuse(p, where, "atomic group");
        if (fm_pattern_sees(p, "<") || fm_pattern_sees(p, "P<"))
            return fm_pattern_refuse(p, where, "named group");
        if (fm_pattern_take(p, "i:")) {
            p->fold = true;
        } else if (fm_pattern_take(p, "i)")) {
            p->fold = true; /* up to the end of the group around it, which restores */
            return FM_OK;
        } else if (!fm_pattern_take(p, ":")) {
            return fm_pattern_refuse(p, where, "group option other than (?i)");
        }
    }
    if (++p->depth > FM_PATTERN_MAX_DEPTH) return fm_pattern_wrong(p, where, "nesting too deep");
    FM_TRY(parse_alternatives(p));
    if (!fm_pattern_take(p, ")")) return fm_pattern_wrong(p, where, "( without )");
    p->depth--;
    p->fold = fold;
fail:
    return status;
}

/* One piece without its quantifier: emits steps that fall through to what follows. */
static fm_status parse_piece(fm_pattern_parser *p) {
    const uint8_t *where = p->at;
    if (fm_pattern_take(p, "(")) return parse_group(p);
    fm_charset set = {0};
    bool found;
    uint16_t number;
    fm_status status = fm_pattern_parse_set(p, &set, &found);
    if (status == FM_OK && !found) {
        if (fm_pattern_take(p, "$") || fm_pattern_take(p, "\\z")) {
            if ((status = intern(p, &set, &number)) != FM_OK) return status;
            return emit(p, (fm_pattern_step){.kind = FM_STEP_LOOK, .set = number, .at_end = true}, NULL);
        }
        status = *where == '^' ? fm_pattern_refuse(p, where, "anchor ^")
                               : fm_pattern_wrong(p, where, "quantifier without anything to repeat");
    }
    if (status == FM_OK && (status = intern(p, &set, &number)) == FM_OK)
        return emit(p, (fm_pattern_step){.kind = FM_STEP_SET, .set = number}, NULL);
    fm_charset_release(&set);
    return status;
}

enum { UNBOUNDED = 1 << 20 };

/* The number in a {m,n}, at most `limit`; -1 when there is none. */
static int parse_number(fm_pattern_parser *p) {
    int value = -1;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') {
        value = (value < 0 ? 0 : value) * 10 + (*p->at++ - '0');
        if (value > FM_PATTERN_MAX_STEPS) value = FM_PATTERN_MAX_STEPS + 1;
    }
    return value;
}

static fm_status parse_quantifier(fm_pattern_parser *p, int *min, int *max, bool *lazy) {
    const uint8_t *where = p->at;
    *min = *max = 1;
    *lazy = false;
    if (fm_pattern_take(p, "*")) {
        *min = 0, *max = UNBOUNDED;
    } else if (fm_pattern_take(p, "+")) {
        *max = UNBOUNDED;
    } else if (fm_pattern_take(p, "?")) {
        *min = 0;
    } else if (fm_pattern_take(p, "{")) {
        *min = *max = parse_number(p);
        if (*min >= 0 && fm_pattern_take(p, ",")) {
            *max = parse_number(p);
            if (*max < 0) *max = UNBOUNDED;
        }
        if (*min < 0 || !fm_pattern_take(p, "}")) return fm_pattern_wrong(p, where, "bad {m,n}");
        if (*max < *min || *max == 0) return fm_pattern_wrong(p, where, "empty {m,n}");
        if (*min > FM_PATTERN_MAX_STEPS || (*max > FM_PATTERN_MAX_STEPS && *max != UNBOUNDED))
            return too_long(p);
    } else {
        return FM_OK;
    }
    *lazy = fm_pattern_take(p, "?");
    if (fm_pattern_sees(p, "+")) return fm_pattern_refuse(p, p->at, "possessive quantifier");
    if (fm_pattern_sees(p, "*") || fm_pattern_sees(p, "?") || fm_pattern_sees(p, "{"))
        return fm_pattern_refuse(p, p->at, "quantifier of a quantifier");
    return FM_OK;
}

/* SPLIT at `split` between going on (behind itself) and leaving to `exit`. */
static void set_split(fm_pattern_parser *p, int split, int exit, bool lazy) {
    fm_pattern_step *step = &p->program->steps[split];
    step->x = (uint16_t)(lazy ? exit : split + 1);
    step->y = (uint16_t)(lazy ? split + 1 : exit);
}

/* Appends the `size` steps of p->piece, which were made for position `start`. */
static fm_status emit_copy(fm_pattern_parser *p, int start, int size) {
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
static fm_status parse_repeated(fm_pattern_parser *p) {
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
static fm_status parse_alternatives(fm_pattern_parser *p) {
    fm_status status = FM_OK;
    int jumps = -1; /* the jumps to the end, chained through x until their target is known */
    bool fold = p->fold;
    for (;;) {
        int split = 0, jump = 0;
        /* Reserved before it is known whether another alternative follows; becomes a jump to the next step if
         * not. */
        FM_TRY(emit(p, (fm_pattern_step){.kind = FM_STEP_SPLIT}, &split));
        while (p->at < p->end && *p->at != '|' && *p->at != ')') FM_TRY(parse_repeated(p));
        if (!fm_pattern_take(p, "|")) {
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
    fm_pattern_parser p = {.program = program, .text = text, .end = text + size, .at = text, .err = err};
    fm_status status = parse_alternatives(&p);
    if (status != FM_OK) return status;
    if (p.at < p.end) return fm_pattern_wrong(&p, p.at, ") without (");
    return emit(&p, (fm_pattern_step){.kind = FM_STEP_MATCH}, NULL);
}
