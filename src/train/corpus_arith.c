/* corpus_arith.c: working out the equation of a word problem in the steps a pupil would write. */
#include "train/corpus_parts.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 1000000000, DEPTH = 16, PLACES = 1000 };

typedef struct fraction { /* num / den in lowest terms, den > 0, |num|, den <= MOST */
    int64_t num, den;
} fraction;

typedef struct parser {
    const char *at;
    fm_buf *steps;
    int depth;
    bool bad;
} parser;

static fraction reduced(int64_t num, int64_t den, bool *bad) {
    if (den == 0) {
        *bad = true;
        return (fraction){0, 1};
    }
    if (den < 0) num = -num, den = -den;
    int64_t a = num < 0 ? -num : num, b = den;
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    num /= a;
    den /= a;
    if (num > MOST || num < -MOST || den > MOST) {
        *bad = true;
        return (fraction){0, 1};
    }
    return (fraction){num, den};
}

/* As a decimal of at most three places; false when it is none. */
static bool decimal(fraction f, char *out, size_t room) {
    if (PLACES % f.den) return false;
    int64_t scaled = f.num * (PLACES / f.den), whole = scaled / PLACES, rest = scaled % PLACES;
    if (rest < 0) rest = -rest;
    snprintf(out, room, "%s%lld.%03lld", scaled < 0 && whole == 0 ? "-" : "", (long long)whole,
             (long long)rest);
    size_t n = strlen(out);
    while (out[n - 1] == '0') out[--n] = '\0';
    if (out[n - 1] == '.') out[--n] = '\0';
    return true;
}

static fraction sum(parser *p);

static fraction atom(parser *p) {
    fraction none = {0, 1};
    if (*p->at == '(') {
        if (++p->depth > DEPTH) p->bad = true;
        if (p->bad) return none;
        p->at++;
        fraction inner = sum(p);
        p->bad = p->bad || *p->at != ')';
        p->at += *p->at == ')';
        p->depth--;
        return inner;
    }
    int64_t num = 0, den = 1;
    bool any = false, point = false;
    for (; (*p->at >= '0' && *p->at <= '9') || (*p->at == '.' && !point); p->at++) {
        if (*p->at == '.') {
            point = true;
            continue;
        }
        any = true;
        num = num * 10 + (*p->at - '0');
        if (point) den *= 10;
        if (num > MOST || den > MOST) p->bad = true;
        if (p->bad) return none;
    }
    if (*p->at == '%') { /* a percentage is spelled as it is read */
        p->at++;
        den *= 100;
    }
    p->bad = p->bad || !any;
    return p->bad ? none : reduced(num, den, &p->bad);
}

static fraction apply(parser *p, fraction a, char sign, fraction b) {
    if (p->bad) return a;
    fraction r;
    if (sign == '*' || sign == '/') {
        r = sign == '*' ? reduced(a.num * b.num, a.den * b.den, &p->bad)
                        : reduced(a.num * b.den, a.den * b.num, &p->bad);
    } else { /* both products stay below 10^18 */
        int64_t left = a.num * b.den, right = b.num * a.den;
        r = reduced(sign == '+' ? left + right : left - right, a.den * b.den, &p->bad);
    }
    char x[40], y[40], z[40];
    if (p->bad || !decimal(a, x, sizeof x) || !decimal(b, y, sizeof y) || !decimal(r, z, sizeof z)) {
        p->bad = true;
        return r;
    }
    fm_buf_printf(p->steps, "%s%s %s %s = %s", p->steps->size ? "\n" : "", x,
                  sign == '*'   ? "×"
                  : sign == '/' ? "÷"
                  : sign == '+' ? "+"
                                : "-",
                  y, z);
    return r;
}

static fraction product(parser *p) {
    fraction left = atom(p);
    while (!p->bad && (*p->at == '*' || *p->at == '/')) {
        char sign = *p->at++;
        left = apply(p, left, sign, atom(p));
    }
    return left;
}

static fraction sum(parser *p) {
    fraction left = product(p);
    while (!p->bad && (*p->at == '+' || *p->at == '-')) {
        char sign = *p->at++;
        left = apply(p, left, sign, product(p));
    }
    return left;
}

bool fm_corpus_arithmetic(const char *expression, fm_buf *steps, char *result, size_t room) {
    fm_buf_clear(steps);
    parser p = {.at = expression, .steps = steps};
    fraction value = sum(&p);
    return !p.bad && *p.at == '\0' && steps->size > 0 && !steps->failed && decimal(value, result, room);
}
