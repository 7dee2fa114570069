/* test_task.c: the verifiable tasks: every answer passes its judge, every line of arithmetic in a worked
 * solution is recomputed by an evaluator that knows nothing of the generators, wrong answers fail, train and
 * test do not meet, nothing can be guessed from the wording. */
#include "support/support.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/task_eval.h"
#include "task/decontam.h"
#include "task/task.h"
#include "task/task_chat.h"

enum { PER_CELL = 200 }; /* problems per family, level, language and split */

typedef void (*visit_fn)(const fm_task_problem *p, void *context);

static void draw(fm_task_problem *p, int family, int level, int lang, int split, uint64_t seed,
                 uint64_t index) {
    fm_error err = {0};
    fm_test_ok(fm_task_generate(p, family, level, lang, split, seed, index, &err), &err);
}

static void visit_cell(int family, int level, int lang, int split, int count, visit_fn visit, void *context) {
    static fm_task_problem p;
    for (int i = 0; i < count; i++) {
        draw(&p, family, level, lang, split, 11, (uint64_t)i);
        visit(&p, context);
    }
}

static void visit_all(int count, visit_fn visit, void *context) {
    for (int family = 0; family < FM_TASK_FAMILIES; family++)
        for (int level = 1; level <= FM_TASK_LEVELS; level++)
            for (int lang = 0; lang < FM_LANGS; lang++)
                for (int split = 0; split < FM_TASK_SPLITS; split++)
                    visit_cell(family, level, lang, split, count, visit, context);
}

#define CHECK(p, condition)                                                                                  \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fail_msg("%s level %d %s %s: %s\n%s\n---\n%s\n---\n%s\n(%s)", fm_task_name((p)->family),         \
                     (p)->level, fm_lang_name((p)->lang), fm_task_split_name((p)->split), #condition,        \
                     (p)->prompt, (p)->reasoning, (p)->answer, (p)->expected);                               \
    } while (0)

/* ---- form ---- */

static bool valid_utf8(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int more = *p < 0x80                 ? 0
                   : *p >= 0xC2 && *p < 0xE0 ? 1
                   : *p >= 0xE0 && *p < 0xF0 ? 2
                   : *p >= 0xF0 && *p < 0xF5 ? 3
                                             : -1;
        if (more < 0) return false;
        for (p++; more > 0; more--, p++)
            if ((*p & 0xC0) != 0x80) return false;
    }
    return true;
}

static bool has_hanzi(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text >= 0xE4 && (unsigned char)*text <= 0xE9) return true;
    return false;
}

static void check_form(const fm_task_problem *p, void *context) {
    (void)context;
    CHECK(p, fm_task_judge(p, p->answer));
    CHECK(p, valid_utf8(p->prompt) && valid_utf8(p->reasoning) && valid_utf8(p->answer));
    CHECK(p, p->prompt[0] && p->answer[0] && p->expected[0]);
    CHECK(p, p->direct_ok || p->reasoning[0]);
    CHECK(p, strchr(p->prompt, '{') == NULL && strstr(p->prompt, "(null)") == NULL); /* an unfilled place */
    CHECK(p, strstr(p->prompt, "  ") == NULL || p->family == FM_TASK_CODE);
    CHECK(p, strstr(p->reasoning, "\n\n") == NULL && p->reasoning[0] != ' ');
    CHECK(p, strstr(p->reasoning, "think>") == NULL && strstr(p->prompt, "think>") == NULL);
    CHECK(p, strlen(p->prompt) <= 360 && strlen(p->answer) <= 60);
    CHECK(p, strlen(p->reasoning) <= (size_t)(p->level == 1 ? 200 : p->level == 2 ? 260 : 480));
    CHECK(p, (p->key % 8 == 0) == (p->split == FM_TASK_TEST));
    CHECK(p, p->chance >= 0 && p->chance <= 0.5);
    if (p->lang == FM_LANG_EN && p->family != FM_TASK_COUNT)
        CHECK(p, !has_hanzi(p->prompt) && !has_hanzi(p->answer));
    if (p->lang == FM_LANG_EN) CHECK(p, !has_hanzi(p->answer));
}

static void every_answer_passes(void **state) {
    (void)state;
    visit_all(PER_CELL, check_form, NULL);
}

static void same_arguments_same_problem(void **state) {
    (void)state;
    static fm_task_problem a, b, c;
    int differ = 0;
    for (int family = 0; family < FM_TASK_FAMILIES; family++)
        for (int i = 0; i < 20; i++) {
            draw(&a, family, 1 + i % 3, i % 2, i / 2 % 2, 5, (uint64_t)i);
            draw(&c, family, 1 + i % 3, i % 2, i / 2 % 2, 6, (uint64_t)i);
            draw(&b, family, 1 + i % 3, i % 2, i / 2 % 2, 5, (uint64_t)i);
            assert_memory_equal(&a, &b, sizeof a);
            differ += strcmp(a.prompt, c.prompt) != 0;
        }
    assert_true(differ > FM_TASK_FAMILIES * 20 * 9 / 10); /* another seed, another problem */
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    static fm_task_problem p;
    fm_error err = {0};
    fm_test_refused(fm_task_generate(&p, FM_TASK_FAMILIES, 1, 0, 0, 1, 0, &err), &err, FM_ERR_ARG, "13",
                    NULL);
    err = (fm_error){0};
    fm_test_refused(fm_task_generate(&p, FM_TASK_CODE, 4, 0, 0, 1, 0, &err), &err, FM_ERR_ARG, "code", "4",
                    "3", NULL);
    err = (fm_error){0};
    fm_test_refused(fm_task_generate(&p, FM_TASK_CODE, 1, 2, 0, 1, 0, &err), &err, FM_ERR_ARG, "language 2",
                    NULL);
    fm_task_family family;
    assert_true(fm_task_find("clock", &family) && family == FM_TASK_CLOCK);
    assert_false(fm_task_find("clocks", &family));
}

/* ---- the arithmetic of the worked solutions ---- */

static double sum_value(const char **at);

static double factor_value(const char **at) {
    if (**at == '-') return (*at)++, -factor_value(at);
    if (**at == '(') {
        (*at)++;
        double value = sum_value(at);
        if (**at != ')') return NAN;
        (*at)++;
        return value;
    }
    if (!isdigit((unsigned char)**at)) return NAN;
    char *end;
    double value = strtod(*at, &end);
    *at = end;
    return value;
}

static double sum_value(const char **at) {
    double sum = 0;
    char sign = '+';
    for (;;) {
        double term = factor_value(at);
        while (**at == '*' || **at == '/') {
            char op = *(*at)++;
            double other = factor_value(at);
            term = op == '*' ? term * other : term / other;
        }
        sum = sign == '+' ? sum + term : sum - term;
        if (**at != '+' && **at != '-') return sum;
        sign = *(*at)++;
    }
}

/* Goes through every run of digits, operators and relations; counts the relations it could check in *checked.
 * Returns false at the first that does not hold. In the code family a relation is a condition, and the word
 * behind it says whether it holds. */
static bool arithmetic_holds(const char *text, bool conditions, int *checked) {
    static const char *const marks = "0123456789.+-*/()=<>";
    for (const char *p = text; *p;) {
        size_t n = strspn(p, marks);
        if (n == 0) {
            p++;
            continue;
        }
        char run[256];
        if (n >= sizeof run) return false;
        memcpy(run, p, n);
        run[n] = '\0';
        const char *behind = p + n;
        p = behind;
        bool have = false;
        double left = 0;
        char relation[3] = "";
        for (const char *at = run; *at;) {
            if (strchr("=<>", *at)) {
                size_t k = strspn(at, "=<>");
                if (k > 2) return false;
                memcpy(relation, at, k);
                relation[k] = '\0';
                at += k;
                continue;
            }
            double right = sum_value(&at);
            if (isnan(right)) { /* words stand where a number would be, or an operator ends the run */
                have = false;
                while (*at && !strchr("=<>", *at)) at++;
                continue;
            }
            if (have && relation[0]) {
                bool holds = strcmp(relation, "=") == 0   ? left == right
                             : strcmp(relation, "<") == 0 ? left < right
                             : strcmp(relation, ">") == 0 ? left > right
                                                          : strcmp(relation, ">=") == 0 && left >= right;
                bool want = true;
                if (conditions && *at == '\0')
                    want = strncmp(behind, " no", 3) != 0 && strncmp(behind, " 不对", 7) != 0;
                if (holds != want) return false;
                ++*checked;
            }
            left = right;
            have = true;
        }
    }
    return true;
}

static void check_arithmetic(const fm_task_problem *p, void *context) {
    int *checked = context;
    CHECK(p, arithmetic_holds(p->reasoning, p->family == FM_TASK_CODE, &checked[p->family]));
    CHECK(p, p->family == FM_TASK_COUNTDOWN || arithmetic_holds(p->answer, false, &checked[p->family]));
}

static void workings_are_right(void **state) {
    (void)state;
    int checked[FM_TASK_FAMILIES] = {0};
    visit_all(PER_CELL, check_arithmetic, checked);
    for (int f = 0; f < FM_TASK_FAMILIES; f++) {
        bool has_arithmetic = f != FM_TASK_LOGIC && f != FM_TASK_COUNT;
        if (has_arithmetic && checked[f] < 6 * PER_CELL)
            fail_msg("%s: only %d equations seen", fm_task_name(f), checked[f]);
    }
}

/* The checker itself must notice: one digit changed in a worked sum. */
static void checker_notices_errors(void **state) {
    (void)state;
    int checked = 0;
    assert_true(arithmetic_holds("047+285\n7+5=12|2\n4+8+1=13|32\n-(3-2)\n3=3,4<5", false, &checked));
    assert_int_equal(checked, 4);
    assert_false(arithmetic_holds("7+5=13|3", false, &checked));
    assert_false(arithmetic_holds("3=3,5<4", false, &checked));
    assert_false(arithmetic_holds("a=3+4=8", false, &checked));
    assert_false(arithmetic_holds("13<13 yes", true, &checked));
    assert_true(arithmetic_holds("13<13 no", true, &checked));
    static fm_task_problem p;
    int caught = 0, tried = 0;
    for (int i = 0; i < 200; i++) {
        draw(&p, FM_TASK_ADDSUB, 2, 0, 0, 3, (uint64_t)i);
        char *mark = strrchr(p.reasoning, '=');
        mark += mark[1] == '-' ? 2 : 1;
        *mark = *mark == '9' ? '1' : (char)(*mark + 1);
        tried++;
        caught += !arithmetic_holds(p.reasoning, false, &checked);
    }
    assert_int_equal(caught, tried);
}

/* The running result behind "|" of sums and differences must be the last digits of the true result. */
static void check_sum(const fm_task_problem *p, void *context) {
    (void)context;
    long v[4];
    int n = 0;
    for (const char *c = p->prompt; *c && n < 4;) {
        if (!isdigit((unsigned char)*c)) {
            c++;
            continue;
        }
        char *end;
        bool minus = c > p->prompt && c[-1] == '-' && (c - 1 == p->prompt || !isdigit((unsigned char)c[-2]));
        v[n++] = minus ? -strtol(c, &end, 10) : strtol(c, &end, 10);
        c = end;
    }
    CHECK(p, n == 2);
    long want = strtol(p->expected, NULL, 10), sum = v[0] + v[1], difference = v[0] - v[1];
    CHECK(p, p->form == 0 ? want == sum : labs(want) == labs(difference));
    for (const char *bar = p->reasoning; (bar = strchr(bar, '|')) != NULL; bar++) {
        long scale = 1, value = strtol(bar + 1, NULL, 10);
        for (const char *d = bar + 1; isdigit((unsigned char)*d); d++) scale *= 10;
        CHECK(p, labs(want) % scale == value);
        const char *result = bar; /* the column's own result, whose last digit was put in front */
        while (isdigit((unsigned char)result[-1])) result--;
        bool last_digit = bar[1] == bar[-1], whole = strncmp(bar + 1, result, (size_t)(bar - result)) == 0;
        CHECK(p, last_digit || whole);
    }
}

static void sums_are_right(void **state) {
    (void)state;
    for (int level = 1; level <= FM_TASK_LEVELS; level++)
        for (int lang = 0; lang < FM_LANGS; lang++)
            for (int split = 0; split < FM_TASK_SPLITS; split++)
                visit_cell(FM_TASK_ADDSUB, level, lang, split, 1000, check_sum, NULL);
}

/* ---- judging ---- */

typedef struct previous {
    fm_task_problem p;
    int compared;
} previous;

/* The answer to another problem of the same family is wrong unless the two results agree. */
/* (Two countdowns may list the same numbers in another order: their keys agree.) */
static void check_other_answer(const fm_task_problem *p, void *context) {
    previous *last = context;
    bool comparable = last->p.family == p->family && last->p.lang == p->lang && last->p.prompt[0];
    if (comparable && strcmp(last->p.expected, p->expected) != 0 && last->p.form == p->form &&
        last->p.key != p->key) {
        if (fm_task_judge(p, last->p.answer))
            fail_msg("%s\nexpected %s, and %s passed", p->prompt, p->expected, last->p.answer);
        last->compared++;
    }
    last->p = *p;
}

static void wrong_answers_fail(void **state) {
    (void)state;
    static previous last;
    visit_all(PER_CELL, check_other_answer, &last);
    assert_true(last.compared > 10000);
}

static fm_task_problem fixed(fm_task_family family, int form, const char *expected) {
    fm_task_problem p = {.family = family, .level = 1, .form = form};
    snprintf(p.expected, sizeof p.expected, "%s", expected);
    return p;
}

static void judge_reads_like_a_person(void **state) {
    (void)state;
    static const struct {
        fm_task_family family;
        int form;
        const char *expected, *answer;
        bool right;
    } cases[] = {
        {FM_TASK_ADDSUB, 0, "1234", "The answer is 1,234.", true},
        {FM_TASK_ADDSUB, 0, "1234", "1000 + 234 = 1234", true},
        {FM_TASK_ADDSUB, 0, "1234", "答案是１２３４。", true},
        {FM_TASK_ADDSUB, 0, "1234", "**1234**", true},
        {FM_TASK_ADDSUB, 0, "1234", "1234.0", true},
        {FM_TASK_ADDSUB, 0, "1234", "<think>1+1=2</think>1234", true},
        {FM_TASK_ADDSUB, 0, "1234", "<think>it is 1234", false},
        {FM_TASK_ADDSUB, 0, "1234", "1234</think>", false},
        {FM_TASK_ADDSUB, 0, "1234", "1234 or 1235", false},
        {FM_TASK_ADDSUB, 0, "1234", "-1234", false},
        {FM_TASK_ADDSUB, 0, "1234", "", false},
        {FM_TASK_ADDSUB, 0, "-5", "3-8=-5", true},
        {FM_TASK_ADDSUB, 0, "-5",
         "The answer is \xE2\x88\x92"
         "5.",
         true},
        {FM_TASK_ADDSUB, 0, "-5", "答案是负5。", true},
        {FM_TASK_ADDSUB, 0, "-5", "8-5", false},
        {FM_TASK_ADDSUB, 0, "5", "10-5", true},
        {FM_TASK_MULDIV, 2, "12, 3", "12 remainder 3", true},
        {FM_TASK_MULDIV, 2, "12, 3", "商12余3", true},
        {FM_TASK_MULDIV, 2, "12, 3", "3 remainder 12", false},
        {FM_TASK_MULDIV, 2, "12, 3", "12", false},
        {FM_TASK_COUNTDOWN, 0, "24: 3, 5, 8", "(8-5)*(3)", false},
        {FM_TASK_COUNTDOWN, 0, "24: 3, 5, 2, 4", "(5-2)*(4+3)", false},
        {FM_TASK_COUNTDOWN, 0, "24: 3, 5, 4, 1", "(3+5-4)*1", false},
        {FM_TASK_COUNTDOWN, 0, "24: 3, 5, 2", "It works: (3+5)*2 = 16", false},
        {FM_TASK_COUNTDOWN, 0, "16: 3, 5, 2", "It works: (3+5)*2 = 16.", true},
        {FM_TASK_COUNTDOWN, 0, "16: 3, 5, 2", "（３＋５）×２", true},
        {FM_TASK_COUNTDOWN, 0, "16: 3, 5, 2", "2*(5+3)=17", false},
        {FM_TASK_COUNTDOWN, 0, "16: 3, 5, 2", "16", false},
        {FM_TASK_COUNTDOWN, 0, "16: 3, 5, 2", "1+(3+5)*2", false},
        {FM_TASK_COUNTDOWN, 0, "16: 3, 5, 2", "(3+5)*2+0", false},
        {FM_TASK_COUNTDOWN, 0, "16: 3, 5, 2", "((((((((((((((((((((((((3+5)*2", false},
        {FM_TASK_COMPARE, 4, "1, 22, 333", "1 22 333", true},
        {FM_TASK_COMPARE, 4, "1, 22, 333", "1,22,333", true},
        {FM_TASK_COMPARE, 4, "1, 22, 333", "[1, 22, 333]", true},
        {FM_TASK_COMPARE, 4, "1, 22, 333", "22, 1, 333", false},
        {FM_TASK_COMPARE, 4, "1, 22, 333", "1, 22, 333, 4", false},
        {FM_TASK_COMPARE, 6, "9.9", "9.90", true},
        {FM_TASK_COMPARE, 6, "9.9", "9.11", false},
        {FM_TASK_CLOCK, 0, "7:05", "It is 07:05", true},
        {FM_TASK_CLOCK, 0, "7:05", "七点 7：05。", true},
        {FM_TASK_CLOCK, 0, "7:05", "7:50", false},
        {FM_TASK_CLOCK, 4, "Friday", "It is FRIDAY!", true},
        {FM_TASK_CLOCK, 4, "Friday", "Monday, no, Friday.", true},
        {FM_TASK_CLOCK, 4, "Friday", "Friday or Monday", false},
        {FM_TASK_CLOCK, 4, "星期日", "是星期天。", true},
        {FM_TASK_CLOCK, 4, "星期五", "周五", true},
        {FM_TASK_CLOCK, 5, "March 5", "It is march 5.", true},
        {FM_TASK_CLOCK, 5, "March 5", "April 5", false},
        {FM_TASK_LOGIC, 0, "Tom", "It is tom.", true},
        {FM_TASK_LOGIC, 0, "Tom", "Not Tom but Anna", false},
        {FM_TASK_LOGIC, 2, "yes", "Yes, it is.", true},
        {FM_TASK_LOGIC, 2, "yes", "No.", false},
        {FM_TASK_LOGIC, 2, "是", "不是。", false},
        {FM_TASK_LOGIC, 2, "不是", "不是。", true},
        {FM_TASK_LIST, 7, "olleh", "\"olleh\"", true},
        {FM_TASK_LIST, 7, "olleh", "xolleh", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fm_task_problem p = fixed(cases[i].family, cases[i].form, cases[i].expected);
        if (fm_task_judge(&p, cases[i].answer) != cases[i].right)
            fail_msg("%s: \"%s\" against %s should be %s", fm_task_name(cases[i].family), cases[i].answer,
                     cases[i].expected, cases[i].right ? "right" : "wrong");
    }
}

/* Any bytes may come out of a model. */
static void judge_survives_rubbish(void **state) {
    (void)state;
    static fm_task_problem p;
    static char rubbish[40000];
    fm_rng rng = fm_rng_init(9, "rubbish");
    static const char *const bits[] = {
        "(", ")", "+",  "-",        "*", "\xE6", "\xF0\x9F", "9999999999999999999999",
        ",", ".", "\n", "</think>", "1", "=",    "<think>",  "\xEF\xBC"};
    for (int i = 0; i < 4000; i++) {
        draw(&p, i % FM_TASK_FAMILIES, 1 + i % 3, i % 2, 1, 2, (uint64_t)i);
        rubbish[0] = '\0';
        size_t used = 0, want = i % 50 == 0 ? 39000 : fm_rng_below(&rng, 60);
        while (used < want) {
            const char *bit = bits[fm_rng_below(&rng, 16)];
            strcpy(rubbish + used, bit);
            used += strlen(bit);
        }
        fm_task_judge(&p, rubbish);
    }
}

/* ---- guessing ---- */

typedef struct tally {
    char answer[600][64];
    int count[600];
    int kinds, total, direct;
    double chance;
    int yes, no, honest, liar;
} tally;

static void count_answer(const fm_task_problem *p, void *context) {
    tally *t = context;
    t->total++;
    t->chance += p->chance;
    t->direct += p->direct_ok;
    t->yes += strcmp(p->expected, "yes") == 0 || strcmp(p->expected, "是") == 0;
    t->no += strcmp(p->expected, "no") == 0 || strcmp(p->expected, "不是") == 0;
    t->honest += strcmp(p->expected, "honest") == 0 || strcmp(p->expected, "老实人") == 0;
    t->liar += strcmp(p->expected, "liar") == 0 || strcmp(p->expected, "骗子") == 0;
    for (int i = 0; i < t->kinds; i++)
        if (strcmp(t->answer[i], p->expected) == 0) {
            t->count[i]++;
            return;
        }
    if (t->kinds == 600 || strlen(p->expected) >= 64) return;
    strcpy(t->answer[t->kinds], p->expected);
    t->count[t->kinds++] = 1;
}

static void nothing_can_be_guessed(void **state) {
    (void)state;
    static tally t;
    for (int family = 0; family < FM_TASK_FAMILIES; family++)
        for (int level = 1; level <= FM_TASK_LEVELS; level++)
            for (int lang = 0; lang < FM_LANGS; lang++)
                for (int split = 0; split < FM_TASK_SPLITS; split++) {
                    t = (tally){.total = 0};
                    visit_cell(family, level, lang, split, 400, count_answer, &t);
                    int best = 0;
                    for (int i = 1; i < t.kinds; i++)
                        if (t.count[i] > t.count[best]) best = i;
                    double share = (double)t.count[best] / t.total, chance = t.chance / t.total;
                    double limit = family == FM_TASK_COUNT                ? 0.36
                                   : family == FM_TASK_LIST && level == 1 ? 0.22
                                                                          : 0.18;
                    if (share > limit)
                        fail_msg("%s level %d %s %s: \"%s\" is right in %.0f %%", fm_task_name(family), level,
                                 fm_lang_name(lang), fm_task_split_name(split), t.answer[best], 100 * share);
                    if (fabs(chance - fm_task_chance(family, level)) > 0.06)
                        fail_msg("%s level %d: chance %.3f, stated %.3f", fm_task_name(family), level, chance,
                                 fm_task_chance(family, level));
                    if (family == FM_TASK_LOGIC) {
                        assert_true(t.yes + t.no > 40 && abs(t.yes - t.no) < (t.yes + t.no) / 2);
                        assert_true(t.honest + t.liar > 40 &&
                                    abs(t.honest - t.liar) < (t.honest + t.liar) / 2);
                    }
                }
}

/* ---- train against test ---- */

static void add_to_set(const fm_task_problem *p, void *context) {
    fm_error err = {0};
    fm_test_ok(fm_decontam_add(context, p->prompt, strlen(p->prompt), &err), &err);
}

static void check_apart(const fm_task_problem *p, void *context) {
    CHECK(p, !fm_decontam_hit(context, p->prompt, strlen(p->prompt)));
}

static void train_and_test_do_not_meet(void **state) {
    (void)state;
    fm_decontam set = {0};
    enum { EACH = 300 }; /* 23,400 prompts a side */
    for (int side = 0; side < 2; side++)
        for (int family = 0; family < FM_TASK_FAMILIES; family++)
            for (int level = 1; level <= FM_TASK_LEVELS; level++)
                for (int lang = 0; lang < FM_LANGS; lang++)
                    visit_cell(family, level, lang, side ? FM_TASK_TRAIN : FM_TASK_TEST, EACH,
                               side ? check_apart : add_to_set, &set);
    fm_decontam_release(&set);
}

static void decontamination_notices(void **state) {
    (void)state;
    fm_decontam set = {0};
    fm_error err = {0};
    fm_test_ok(fm_decontam_add_tasks(&set, 1, 20, &err), &err);
    static fm_task_problem p;
    char text[2 * FM_TASK_PROMPT_BYTES];
    for (int i = 0; i < 20; i++) {
        draw(&p, FM_TASK_WORD, 3, i % 2, FM_TASK_TEST, 1, (uint64_t)i);
        snprintf(text, sizeof text, "Some other words before. %s And after.",
                 p.prompt); /* inside a longer text */
        assert_true(fm_decontam_hit(&set, text, strlen(text)));
        for (char *c = text; *c; c++)
            *c = (char)toupper((unsigned char)*c); /* in capitals, without its marks */
        for (char *c = text; *c; c++)
            if (ispunct((unsigned char)*c)) *c = ' ';
        assert_true(fm_decontam_hit(&set, text, strlen(text)));
        draw(&p, FM_TASK_ADDSUB, 1, i % 2, FM_TASK_TEST, 1, (uint64_t)i); /* shorter than a window */
        assert_true(fm_decontam_hit(&set, p.prompt, strlen(p.prompt)));
    }
    const char *other =
        "The weather was fine and all of us went down to the river to swim until the evening came.";
    assert_false(fm_decontam_hit(&set, other, strlen(other)));
    fm_decontam_release(&set);
}

/* Level 3's depths: chains of 3 or 5 operations are trained, chains of 4 tested. */
static void check_depth(const fm_task_problem *p, void *context) {
    int *seen = context;
    if (p->form != 1) return;
    int ops = 0;
    for (const char *c = p->prompt; (c = strpbrk(c, "+-")) != NULL; c++) ops += c[1] == ' ';
    CHECK(p, p->split == FM_TASK_TEST ? ops == 4 : ops == 3 || ops == 5);
    ++*seen;
}

static void test_depth_is_not_trained(void **state) {
    (void)state;
    int seen = 0;
    for (int split = 0; split < FM_TASK_SPLITS; split++)
        visit_cell(FM_TASK_EQUATION, 3, FM_LANG_EN, split, 400, check_depth, &seen);
    assert_true(seen > 100);
}

/* ---- conversation and scoring ---- */

static void becomes_a_chat(void **state) {
    (void)state;
    static fm_task_problem p;
    fm_error err = {0};
    draw(&p, FM_TASK_ADDSUB, 2, FM_LANG_ZH, FM_TASK_TRAIN, 1, 0);
    for (int think = 0; think < 2; think++) {
        fm_chat chat = {0};
        fm_test_ok(fm_task_to_chat(&chat, &p, think, &err), &err);
        assert_int_equal(chat.count, 2);
        assert_string_equal(chat.messages[0].content, p.prompt);
        assert_string_equal(chat.messages[1].content, p.answer);
        if (think)
            assert_string_equal(chat.messages[1].reasoning, p.reasoning);
        else
            assert_null(chat.messages[1].reasoning);
        fm_chat_release(&chat);
    }
}

/* Right in three of four, and never in Chinese at level 3. */
static fm_status stub(void *context, const fm_task_problem *problems, size_t count, fm_buf *replies,
                      fm_error *err) {
    (void)err;
    int *calls = context;
    for (size_t i = 0; i < count; i++) {
        const fm_task_problem *p = &problems[i];
        bool right = ++*calls % 4 != 0 && !(p->level == 3 && p->lang == FM_LANG_ZH);
        fm_buf_printf(&replies[i], "<think>\n%s\n</think>%s", p->reasoning,
                      right ? p->answer : "I do not know.");
    }
    return FM_OK;
}

static void scores_are_counted(void **state) {
    (void)state;
    fm_interval none = fm_wilson_interval(0, 10), half = fm_wilson_interval(50, 100),
                all = fm_wilson_interval(10, 10);
    assert_true(none.low == 0 && fabs(none.high - 0.2775) < 1e-3); /* published tables of the interval */
    assert_true(fabs(half.low - 0.4038) < 1e-3 && fabs(half.high - 0.5962) < 1e-3);
    assert_true(fabs(all.low - 0.7225) < 1e-3 && all.high == 1);
    fm_task_eval_options options = fm_task_eval_options_default();
    options.count = 20;
    static fm_task_eval eval;
    fm_error err = {0};
    int calls = 0;
    fm_test_ok(fm_task_eval_run(&eval, &options, stub, &calls, &err), &err);
    assert_int_equal(calls, FM_TASK_FAMILIES * 3 * 2 * 20);
    assert_int_equal(eval.asked, (uint64_t)calls);
    for (int f = 0; f < FM_TASK_FAMILIES; f++) {
        fm_task_score score = fm_task_eval_score(&eval, f, 1, FM_LANGS);
        assert_int_equal(score.asked, 40);
        assert_int_equal(score.right, 30);
        assert_int_equal(fm_task_eval_score(&eval, f, 3, FM_LANG_ZH).right, 0);
    }
    assert_true(fabs(fm_task_eval_mean(&eval, 1) - 0.75) < 1e-9);
    assert_true(eval.small_sums.asked >= 40 && eval.small_sums.right < eval.small_sums.asked);
    assert_true(eval.in_language < eval.asked && eval.in_language > eval.asked * 7 / 10);
    fm_buf text = {0};
    fm_task_eval_markdown(&eval, &text);
    assert_non_null(strstr(text.data, "| addsub | en | 75 (53-89) |"));
    fm_buf_clear(&text);
    fm_test_ok(fm_task_eval_json(&eval, &text, &err), &err);
    assert_non_null(strstr(text.data, "\"level1_zh\""));
    fm_buf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_passes),        cmocka_unit_test(same_arguments_same_problem),
        cmocka_unit_test(bad_arguments_are_refused),  cmocka_unit_test(workings_are_right),
        cmocka_unit_test(checker_notices_errors),     cmocka_unit_test(sums_are_right),
        cmocka_unit_test(wrong_answers_fail),         cmocka_unit_test(judge_reads_like_a_person),
        cmocka_unit_test(judge_survives_rubbish),     cmocka_unit_test(nothing_can_be_guessed),
        cmocka_unit_test(train_and_test_do_not_meet), cmocka_unit_test(decontamination_notices),
        cmocka_unit_test(test_depth_is_not_trained),  cmocka_unit_test(becomes_a_chat),
        cmocka_unit_test(scores_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
