/* countdown.c: reach the target with all of the given numbers and + - *. Levels: docs/TASKS.md.
 *
 * The worked solution is a search in a fixed order, written out until it succeeds:
 *   level 1  every way to put plus and minus signs, smallest patterns first;
 *   level 2  pick the number used last, list what the others would have to make, list what they do make;
 *   level 3  split four numbers in two pairs, list what each pair makes, look for values that meet.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/make.h"

static const fm_wordings wordings =
    {/* {0} numbers {1} target {2} operations */
     .train = {{"Use the numbers {0} to make {1}. You may use {2}. Use each number once.",
                "Make {1} from {0}. Use every number exactly once with {2}.",
                "Numbers: {0}. Target: {1}. Allowed: {2}. Use all numbers once.",
                "How can you get {1} from {0} with {2}, each number once?",
                "Find an expression for {1} with the numbers {0} and {2}. Each number once.",
                "Reach {1} with {0}. Operations: {2}. Each number is used once.",
                "Combine {0} with {2} so that the result is {1}. Every number once.",
                "Write an expression equal to {1}. Numbers: {0}, each once. Signs: {2}.",
                "Countdown: {0} to {1}. Use {2} and every number once.",
                "With {0} and {2}, make the number {1}. Use each number one time."},
               {"用{0}凑出{1}，可以用{2}，每个数用一次。", "用数字{0}算出{1}，只能用{2}，每个数都用一次。",
                "数字：{0}。目标：{1}。可用：{2}。每个数用一次。", "怎样用{0}和{2}得到{1}？每个数只用一次。",
                "请用{0}写一个等于{1}的算式，符号可用{2}，每个数用一次。",
                "把{0}用{2}连起来，使结果等于{1}，每个数用一次。",
                "凑数：{0}，目标{1}，运算{2}，每个数恰好用一次。", "用{2}把{0}组合成{1}，每个数用一次。",
                "给你{0}，用{2}得到{1}，每个数都要用一次。"}},
     .test = {{"Your numbers are {0}. Can you build {1} out of them with {2}? Use all of them, each once.",
               "The goal is {1}. Take {0}, each exactly once, and join them by {2}.",
               "Can {0} be turned into {1} using {2}, with no number left over?"},
              {"手里有{0}这几个数，请借助{2}做出{1}，每个数恰用一次。",
               "目标数是{1}，请把{0}各用一次，用{2}连接。", "能不能用{2}让{0}变成{1}？数要全部用上。"}}};

static int64_t apply(int64_t a, char op, int64_t b) { return op == '+' ? a + b : op == '-' ? a - b : a * b; }

/* Level 1: first number not subtracted; result never below zero on the way. */
static bool try_signs(fm_maker *m, const int64_t *v, int64_t target) {
    static const struct {
        int order[3];
        char op[2];
    } way[] = {{{0, 1, 2}, {'+', '+'}}, {{0, 1, 2}, {'+', '-'}}, {{0, 2, 1}, {'+', '-'}},
               {{1, 2, 0}, {'+', '-'}}, {{0, 1, 2}, {'-', '-'}}, {{1, 0, 2}, {'-', '-'}},
               {{2, 0, 1}, {'-', '-'}}};
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        int64_t a = v[way[i].order[0]], b = v[way[i].order[1]], c = v[way[i].order[2]];
        int64_t ab = apply(a, way[i].op[0], b), all = apply(ab, way[i].op[1], c);
        fm_put_work(m, "%" PRId64 "%c%" PRId64 "=%" PRId64 ",%" PRId64 "%c%" PRId64 "=%" PRId64 "%s\n", a,
                    way[i].op[0], b, ab, ab, way[i].op[1], c, all,
                    all == target ? fm_say(m, " yes", " 对") : fm_say(m, " no", " 不对"));
        if (all != target) continue;
        fm_put_answer(m, "%" PRId64 "%c%" PRId64 "%c%" PRId64 "=%" PRId64, a, way[i].op[0], b, way[i].op[1],
                      c, target);
        return true;
    }
    return false;
}

/* What two numbers make: sum, difference (not below zero), product, with the way written. */
typedef struct pair {
    int64_t value[3];
    char text[3][24];
} pair;

static pair make_pair(int64_t a, int64_t b) {
    int64_t high = a > b ? a : b, low = a > b ? b : a;
    pair p = {.value = {a + b, high - low, a * b}};
    snprintf(p.text[0], sizeof p.text[0], "%" PRId64 "+%" PRId64, a, b);
    snprintf(p.text[1], sizeof p.text[1], "%" PRId64 "-%" PRId64, high, low);
    snprintf(p.text[2], sizeof p.text[2], "%" PRId64 "*%" PRId64, a, b);
    return p;
}

/* The ways in which v and one more value x give the target: x+v, x-v, v-x, x*v; "?" stands for x.
 * Returns how many, with x in need[] and the form in form[]. */
static int needs(int64_t target, int64_t v, int64_t need[4], char form[4]) {
    int n = 0;
    if (target >= v) need[n] = target - v, form[n++] = '+';
    need[n] = target + v, form[n++] = '-';
    if (v >= target) need[n] = v - target, form[n++] = 'r';
    if (v > 0 && target % v == 0) need[n] = target / v, form[n++] = '*';
    return n;
}

static void say_need(fm_maker *m, int64_t x, char form, int64_t v) {
    if (form == 'r')
        fm_put_work(m, " %" PRId64 "-%" PRId64, v, x);
    else
        fm_put_work(m, " %" PRId64 "%c%" PRId64, x, form, v);
}

static void say_pair(fm_maker *m, const pair *p) {
    for (int i = 0; i < 3; i++) fm_put_work(m, "%s%s=%" PRId64, i ? " " : "", p->text[i], p->value[i]);
}

static const char *joined(fm_maker *m, const char *x, char form, const char *v) {
    return form == 'r' ? fm_text(m, "%s-%s", v, x) : fm_text(m, "%s%c%s", x, form, v);
}

/* Level 2: for each number as the last one, what it needs against what the other two make. */
static bool try_last(fm_maker *m, const int64_t *v, int64_t target) {
    for (int i = 2; i >= 0; i--) {
        int64_t last = v[i], need[4];
        char form[4];
        pair p = make_pair(v[i == 0 ? 1 : 0], v[i == 2 ? 1 : 2]);
        int n = needs(target, last, need, form);
        fm_put_work(m, "%" PRId64 ":", last);
        for (int k = 0; k < n; k++) say_need(m, need[k], form[k], last);
        fm_put_work(m, " | ");
        say_pair(m, &p);
        for (int k = 0; k < n; k++)
            for (int j = 0; j < 3; j++)
                if (p.value[j] == need[k]) {
                    fm_put_work(m, " | %" PRId64 "\n", need[k]);
                    fm_put_answer(m, "%s=%" PRId64,
                                  joined(m, fm_text(m, "(%s)", p.text[j]), form[k], fm_num(m, last)), target);
                    return true;
                }
        fm_put_work(m, " |%s\n", fm_say(m, " no", " 不行"));
    }
    return false;
}

/* Level 3: pairs against pairs. */
static bool try_pairs(fm_maker *m, const int64_t *v, int64_t target) {
    static const int split[3][4] = {{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 3, 1, 2}};
    for (int s = 0; s < 3; s++) {
        pair left = make_pair(v[split[s][0]], v[split[s][1]]),
             right = make_pair(v[split[s][2]], v[split[s][3]]);
        say_pair(m, &left);
        fm_put_work(m, " | ");
        say_pair(m, &right);
        fm_put_work(m, "\n");
        for (int i = 0; i < 3; i++) {
            int64_t need[4];
            char form[4];
            int n = needs(target, left.value[i], need, form);
            fm_put_work(m, "%" PRId64 ":", left.value[i]);
            for (int k = 0; k < n; k++) say_need(m, need[k], form[k], left.value[i]);
            for (int k = 0; k < n; k++)
                for (int j = 0; j < 3; j++)
                    if (right.value[j] == need[k]) {
                        fm_put_work(m, " | %" PRId64 "\n", need[k]);
                        fm_put_answer(m, "%s=%" PRId64,
                                      joined(m, fm_text(m, "(%s)", right.text[j]), form[k],
                                             fm_text(m, "(%s)", left.text[i])),
                                      target);
                        return true;
                    }
            fm_put_work(m, "%s\n", fm_say(m, " no", " 不行"));
        }
    }
    return false;
}

static void make(fm_maker *m) {
    static const char op[] = "+-*";
    int n = m->level == 3 ? 4 : 3;
    int64_t v[4], target;
    do {
        fm_draw_distinct(m, v, n, 1, m->level == 1 ? 12 : m->level == 2 ? 15 : 9);
        int64_t order[4];
        for (int i = 0; i < n; i++) order[i] = v[i];
        fm_draw_shuffle(m, order, n);
        if (m->level == 1)
            target =
                apply(apply(order[0], op[fm_draw_below(m, 2)], order[1]), op[fm_draw_below(m, 2)], order[2]);
        else if (m->level == 2)
            target =
                apply(apply(order[0], op[fm_draw_below(m, 3)], order[1]), op[fm_draw_below(m, 3)], order[2]);
        else
            target = apply(apply(order[0], op[fm_draw_below(m, 3)], order[1]), op[fm_draw_below(m, 3)],
                           apply(order[2], op[fm_draw_below(m, 3)], order[3]));
    } while (target < 1 || target > 100);
    int64_t sorted[4]; /* the same numbers in another order are the same problem */
    memcpy(sorted, v, sizeof sorted);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            if (sorted[j] < sorted[i]) {
                int64_t keep = sorted[i];
                sorted[i] = sorted[j];
                sorted[j] = keep;
            }
    fm_key(m, m->level == 1);
    fm_key(m, target);
    for (int i = 0; i < n; i++) fm_key(m, sorted[i]);
    const char *numbers = fm_joined(m, v, n, fm_say(m, ", ", "、"));
    fm_ask(m, &wordings, numbers, fm_num(m, target),
           m->level == 1 ? fm_say(m, "+ and -", "+和-") : fm_say(m, "+, - and *", "+、-和*"));
    fm_put_work(m, fm_say(m, "Target %" PRId64 " from %s\n", "用%2$s凑%1$" PRId64 "\n"), target,
                fm_joined(m, v, n, " "));
    bool found = m->level == 1   ? try_signs(m, v, target)
                 : m->level == 2 ? try_last(m, v, target)
                                 : try_pairs(m, v, target);
    if (!found) m->overflow = true; /* the search covers every way in which make() builds a target */
    fm_put_expected(m, "%" PRId64 ": %s", target, fm_joined(m, v, n, ", "));
}

/* ---- the judge: evaluates the expression on the last line ---- */

typedef struct reader {
    const char *at;
    int64_t used[16];
    int count, depth;
    bool bad;
} reader;

static int64_t read_sum(reader *r);

static char peek(reader *r) {
    while (*r->at == ' ') r->at++;
    return *r->at;
}

static int64_t read_factor(reader *r) {
    if (peek(r) == '(' && r->depth < 16) {
        r->at++;
        r->depth++;
        int64_t value = read_sum(r);
        r->depth--;
        if (peek(r) != ')')
            r->bad = true;
        else
            r->at++;
        return value;
    }
    if (!isdigit((unsigned char)peek(r)) || r->count == 16) return r->bad = true, 0;
    int64_t value = 0;
    while (isdigit((unsigned char)*r->at) && value < 1000000) value = value * 10 + (*r->at++ - '0');
    if (isdigit((unsigned char)*r->at)) r->bad = true;
    return r->used[r->count++] = value;
}

static int64_t clamp(reader *r, int64_t value) { /* keeps products of products within 64 bits */
    if (value > 1000000000 || value < -1000000000) r->bad = true;
    return r->bad ? 0 : value;
}

static int64_t read_product(reader *r) {
    int64_t value = read_factor(r);
    while (!r->bad && (peek(r) == '*' || peek(r) == 'x')) {
        r->at++;
        value = clamp(r, value * read_factor(r));
    }
    return value;
}

static int64_t read_sum(reader *r) {
    int64_t value = read_product(r);
    while (!r->bad && (peek(r) == '+' || peek(r) == '-')) {
        char op = *r->at++;
        int64_t other = read_product(r);
        value = clamp(r, op == '+' ? value + other : value - other);
    }
    return value;
}

static int compare_values(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The last line holds an expression of + - * ( ) that uses every given number once and gives the target;
 * words may stand before it, "= target" (or "target =" in front) around it. */
static bool judge(const fm_task_problem *p, const char *answer) {
    char text[4096], line[1024];
    if (!fm_read_answer(answer, text, sizeof text) || !fm_read_last_line(text, line, sizeof line))
        return false;
    int64_t want[16];
    int n = fm_read_numbers(p->expected, want, 16) - 1;
    int64_t target = want[0] / 1000;
    for (int i = 0; i < n; i++) want[i] = want[i + 1] / 1000;
    qsort(want, (size_t)n, sizeof *want, compare_values);
    for (char *at = line; *at; at++) {
        if (!isdigit((unsigned char)*at) && *at != '(') continue;
        reader r = {.at = at};
        int64_t value = read_sum(&r);
        if (r.bad || value != target || r.count != n) {
            while (isdigit((unsigned char)at[0]) && isdigit((unsigned char)at[1])) at++;
            continue;
        }
        if (at > line && strchr("+-*x.0123456789()", at[-1])) continue; /* the tail of a longer expression */
        qsort(r.used, (size_t)n, sizeof *r.used, compare_values);
        if (memcmp(r.used, want, (size_t)n * sizeof *want) != 0) continue;
        char after = peek(&r);
        if (after == '=') { /* "= 24": what it claims must be the target and nothing more */
            r.at++;
            char *end;
            while (*r.at == ' ') r.at++;
            if (strtoll(r.at, &end, 10) != target || end == r.at) continue;
            while (*end == '.' || *end == ' ' || *end == '!' || *end == '"') end++;
            if (*end == '\0') return true;
            continue;
        }
        while (*r.at == '.' || *r.at == ' ' || *r.at == '!' || *r.at == '"') r.at++;
        if (*r.at == '\0') return true;
    }
    return false;
}

const fm_task_kind fm_kind_countdown = {"countdown", "reaching a target number", make, judge, {0, 0, 0}};
