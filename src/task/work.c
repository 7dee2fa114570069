/* work.c: the written workings that every family shares: columns, borrowing, partial products, long division.
 *
 * Each line is a simple function of tokens that stand a few places before it: one digit of each operand, the
 * carry visible as the previous line's tens digit, and after "|" the result so far with one digit put in
 * front.
 *
 *   047+285          347-352           347*6                   850/7
 *   7+5=12|2         3=3,4<5           7*6=42|2                8=7*1+1|1
 *   4+8+1=13|32      -(352-347)        4*6=24,24+4=28|82       15=7*2+1|12
 *   0+2+1=3|332      12-7=5|5          3*6=18,18+2=20|2082     10=7*1+3|121
 *   47+285=332       5-1-4=0|05        347*6=2082              850=7*121+3
 *                    3-3=0|005
 *                    347-352=-5
 */
#include "task/make.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 20 };

static int digit_count(int64_t value) {
    int n = 1;
    while (value >= 10) value /= 10, n++;
    return n;
}

static int digit_at(int64_t value, int place) {
    while (place-- > 0) value /= 10;
    return (int)(value % 10);
}

static int wider(int64_t a, int64_t b) {
    int da = digit_count(a), db = digit_count(b);
    return da > db ? da : db;
}

/* The last `digits` digits of value, zeros in front: the result so far. */
static const char *so_far(fm_maker *m, int64_t value, int digits) {
    int64_t scale = 1;
    for (int i = 0; i < digits; i++) scale *= 10;
    return fm_text(m, "%0*" PRId64, digits, value % scale);
}

static int64_t add_columns(fm_maker *m, int64_t a, int64_t b) {
    if (a < 10 && b < 10) return a + b; /* a fact, no columns */
    int width = wider(a, b), carry = 0;
    fm_put_work(m, "%0*" PRId64 "+%0*" PRId64 "\n", width, a, width, b);
    for (int i = 0; i < width; i++) {
        int x = digit_at(a, i), y = digit_at(b, i), sum = x + y + carry;
        fm_put_work(m, carry ? "%d+%d+1=%d|" : "%d+%d=%d|", x, y, sum);
        if (i + 1 < width)
            fm_put_work(m, "%s\n", so_far(m, a + b, i + 1));
        else
            fm_put_work(m, "%" PRId64 "\n", a + b);
        carry = sum >= 10;
    }
    return a + b;
}

/* Digit by digit from the left until they differ: "3=3,4<5". */
static int compare_digits(fm_maker *m, int64_t a, int64_t b) {
    for (int i = wider(a, b) - 1; i >= 0; i--) {
        int x = digit_at(a, i), y = digit_at(b, i);
        fm_put_work(m, "%d%c%d", x, x < y ? '<' : x > y ? '>' : '=', y);
        if (x != y) {
            fm_put_work(m, "\n");
            return x < y ? -1 : 1;
        }
        fm_put_work(m, i ? "," : "\n");
    }
    return 0;
}

/* a - b for a >= b, column by column; "1" in front of the upper digit is the ten that was borrowed, "-1"
 * behind it the one lent to the column before. */
static void sub_columns(fm_maker *m, int64_t a, int64_t b) {
    int width = wider(a, b), borrow = 0;
    for (int i = 0; i < width; i++) {
        int x = digit_at(a, i), y = digit_at(b, i), lend = x - borrow < y;
        fm_put_work(m, "%s%d%s-%d=%d|%s\n", lend ? "1" : "", x, borrow ? "-1" : "", y,
                    x - borrow + 10 * lend - y, so_far(m, a - b, i + 1));
        borrow = lend;
    }
}

static int64_t sub_parts(fm_maker *m, int64_t a, int64_t b) {
    if (a < 10 && b < 10) return a - b;
    int width = wider(a, b);
    fm_put_work(m, "%0*" PRId64 "-%0*" PRId64 "\n", width, a, width, b);
    int order = compare_digits(m, a, b);
    if (order < 0) fm_put_work(m, "-(%0*" PRId64 "-%0*" PRId64 ")\n", width, b, width, a);
    if (order != 0) sub_columns(m, order < 0 ? b : a, order < 0 ? a : b);
    return a - b;
}

int64_t fm_work_add(fm_maker *m, int64_t a, int64_t b) {
    if (a < 0) {
        fm_put_work(m, "%" PRId64 "+%" PRId64 "=%" PRId64 "-%" PRId64 "\n", a, b, b, -a);
        sub_parts(m, b, -a);
    } else
        add_columns(m, a, b);
    fm_put_work(m, "%" PRId64 "+%" PRId64 "=%" PRId64 "\n", a, b, a + b);
    return a + b;
}

int64_t fm_work_sub(fm_maker *m, int64_t a, int64_t b) {
    if (a < 0) {
        fm_put_work(m, "%" PRId64 "-%" PRId64 "=-(%" PRId64 "+%" PRId64 ")\n", a, b, -a, b);
        add_columns(m, -a, b);
    } else
        sub_parts(m, a, b);
    fm_put_work(m, "%" PRId64 "-%" PRId64 "=%" PRId64 "\n", a, b, a - b);
    return a - b;
}

/* Several digits times one digit. */
static void mul_columns(fm_maker *m, int64_t a, int64_t b) {
    int width = digit_count(a), carry = 0;
    fm_put_work(m, "%" PRId64 "*%" PRId64 "\n", a, b);
    for (int i = 0; i < width; i++) {
        int x = digit_at(a, i), product = x * (int)b;
        fm_put_work(m, "%d*%d=%d", x, (int)b, product);
        if (carry) fm_put_work(m, ",%d+%d=%d", product, carry, product + carry);
        carry = (product + carry) / 10;
        if (i + 1 < width)
            fm_put_work(m, "|%s\n", so_far(m, a * b, i + 1));
        else
            fm_put_work(m, "|%" PRId64 "\n", a * b);
    }
}

static bool power_of_ten(int64_t value) {
    while (value >= 10 && value % 10 == 0) value /= 10;
    return value == 1;
}

int64_t fm_work_mul(fm_maker *m, int64_t a, int64_t b) {
    bool fact = (a < 10 && b < 10) || a < 2 || b < 2 || power_of_ten(a) || power_of_ten(b);
    if (fact) {
    } else if (b < 10) {
        mul_columns(m, a, b);
    } else if (a < 10) {
        fm_put_work(m, "%" PRId64 "*%" PRId64 "=%" PRId64 "*%" PRId64 "\n", a, b, b, a);
        mul_columns(m, b, a);
    } else {
        int places = digit_count(b);
        int64_t scale = 1, sum = 0;
        int64_t top = b;
        while (top % 10 == 0) top /= 10;
        bool several = top >= 10; /* 47*30 has one part, 47*38 two */
        if (several) fm_put_work(m, "%" PRId64 "*%" PRId64 "=", a, b);
        for (int i = 0, said = 0; several && i < places; i++, scale *= 10)
            if (digit_at(b, i))
                fm_put_work(m, "%s%" PRId64 "*%" PRId64, said++ ? "+" : "", a, digit_at(b, i) * scale);
        if (several) fm_put_work(m, "\n");
        scale = 1;
        for (int i = 0; i < places; i++, scale *= 10) {
            int digit = digit_at(b, i);
            if (digit == 0) continue;
            fm_work_mul(m, a, digit);
            int64_t part = a * digit * scale;
            if (i) fm_put_work(m, "%" PRId64 "*%" PRId64 "=%" PRId64 "\n", a, digit * scale, part);
            if (sum) fm_work_add(m, sum, part);
            sum += part;
        }
        if (!several) return a * b; /* said already */
    }
    fm_put_work(m, "%" PRId64 "*%" PRId64 "=%" PRId64 "\n", a, b, a * b);
    return a * b;
}

/* Long division by one digit: what is left with the next digit behind it, as divisor * quotient + rest. */
static void div_columns(fm_maker *m, int64_t a, int b) {
    int rest = 0;
    int64_t quotient = 0;
    fm_put_work(m, "%" PRId64 "/%d\n", a, b);
    for (int i = digit_count(a) - 1, first = 1, said = 0; i >= 0; i--, first = 0) {
        int chunk = rest * 10 + digit_at(a, i);
        quotient = quotient * 10 + chunk / b;
        rest = chunk % b;
        fm_put_work(m, first ? "%d=%d*%d+%d|" : "%02d=%d*%d+%d|", chunk, b, chunk / b, rest);
        fm_put_work(m, "%0*" PRId64 "\n", ++said, quotient);
    }
}

int64_t fm_work_div(fm_maker *m, int64_t a, int64_t b, int64_t *rest) {
    int64_t q = a / b, r = a % b;
    if (q >= 10 && b < 10 && b > 1)
        div_columns(m, a, (int)b);
    else if (b >= 10 && !power_of_ten(b) && q > 0) { /* the multiple just below, then what is left */
        fm_put_work(m, "%" PRId64 "*%" PRId64 "=%" PRId64 "\n", b, q, b * q);
        if (r) fm_work_sub(m, a, b * q);
    }
    if (rest == NULL)
        fm_put_work(m, "%" PRId64 "/%" PRId64 "=%" PRId64 "\n", a, b, q);
    else {
        fm_put_work(m, "%" PRId64 "=%" PRId64 "*%" PRId64 "+%" PRId64 "\n", a, b, q, r);
        *rest = r;
    }
    return q;
}

int fm_work_compare(fm_maker *m, int64_t a, int64_t b) {
    int width = wider(a, b);
    if (width > 1) {
        fm_put_work(m, "%0*" PRId64 ",%0*" PRId64 "\n", width, a, width, b);
        compare_digits(m, a, b);
    }
    fm_put_work(m, "%" PRId64 "%c%" PRId64 "\n", a, a < b ? '<' : a > b ? '>' : '=', b);
    return a < b ? -1 : a > b;
}

int64_t fm_work_op(fm_maker *m, int64_t a, char op, int64_t b) {
    switch (op) {
    case '+': return fm_work_add(m, a, b);
    case '-': return fm_work_sub(m, a, b);
    case '*': return fm_work_mul(m, a, b);
    default: return fm_work_div(m, a, b, NULL);
    }
}
