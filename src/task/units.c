/* units.c: conversion between units of length, mass, volume, time, money and counting. Levels: docs/TASKS.md.
 */
#include <inttypes.h>

#include "task/make.h"

enum { FORM_DOWN, FORM_UP, FORM_MIXED, FORM_SPLIT, FORM_TWO_STEPS };

/* One large unit is `factor` small ones. */
typedef struct unit_pair {
    const char *one; /* "1 hour" */
    const char *large[FM_LANGS], *small[FM_LANGS];
    int factor;
    bool everyday; /* level 1 */
} unit_pair;

static const unit_pair units[] = {
    {"meter", {"meters", "米"}, {"centimeters", "厘米"}, 100, true},
    {"kilometer", {"kilometers", "千米"}, {"meters", "米"}, 1000, true},
    {"centimeter", {"centimeters", "厘米"}, {"millimeters", "毫米"}, 10, true},
    {"kilogram", {"kilograms", "千克"}, {"grams", "克"}, 1000, true},
    {"ton", {"tons", "吨"}, {"kilograms", "千克"}, 1000, false},
    {"liter", {"liters", "升"}, {"milliliters", "毫升"}, 1000, true},
    {"hour", {"hours", "小时"}, {"minutes", "分钟"}, 60, true},
    {"minute", {"minutes", "分钟"}, {"seconds", "秒"}, 60, true},
    {"day", {"days", "天"}, {"hours", "小时"}, 24, false},
    {"week", {"weeks", "周"}, {"days", "天"}, 7, true},
    {"year", {"years", "年"}, {"months", "个月"}, 12, false},
    {"dollar", {"dollars", "元"}, {"cents", "分"}, 100, true},
    {"dozen", {"dozen", "打"}, {"pieces", "个"}, 12, false},
    {"meter", {"meters", "米"}, {"decimeters", "分米"}, 10, false},
    {"decimeter", {"decimeters", "分米"}, {"centimeters", "厘米"}, 10, false},
};
enum { UNITS = sizeof units / sizeof *units };

static const fm_wordings wordings =
    {/* {0} quantity with its unit {1} wanted unit */
     .train = {{"How many {1} are {0}?", "Convert {0} to {1}.", "{0} = ? {1}", "{0} is how many {1}?",
                "Change {0} into {1}.", "How many {1} are there in {0}?", "Write {0} in {1}.",
                "What is {0} in {1}?", "{0}: how many {1} is that?", "Express {0} in {1}.",
                "Tell me how many {1} make {0}."},
               {"{0}是多少{1}？", "{0}等于多少{1}？", "把{0}换算成{1}。", "{0}=?{1}", "{0}有多少{1}？",
                "将{0}化成{1}。", "{0}合多少{1}？", "用{1}表示{0}。", "请问{0}是几{1}？",
                "{0}换成{1}是多少？"}},
     .test = {{"If something measures {0}, how much is that in {1}?", "Please turn {0} into {1}.",
               "Find the number of {1} equal to {0}."},
              {"请将{0}转换为以{1}为单位的数。", "{0}折合几{1}？", "{0}相当于多少{1}？"}}};

static const fm_wordings split_wordings =
    {/* {0} small quantity {1} large unit {2} small unit */
     .train = {{"Write {0} as {1} and {2}.", "How many {1} and {2} are {0}?", "{0} = ? {1} ? {2}",
                "Convert {0} to {1} and {2}.", "Change {0} into {1} and {2}.",
                "{0} is how many {1} and how many {2}?"},
               {"{0}是多少{1}多少{2}？", "把{0}写成几{1}几{2}。", "{0}=?{1}?{2}", "{0}等于几{1}几{2}？",
                "将{0}换算成{1}和{2}。"}},
     .test = {{"Please split {0} into whole {1} and the {2} that remain."},
              {"请将{0}拆成整{1}数和剩下的{2}数。"}}};

static const char *quantity(fm_maker *m, int64_t n, const char *const unit[FM_LANGS]) {
    return m->zh ? fm_text(m, "%" PRId64 "%s", n, unit[FM_LANG_ZH])
                 : fm_text(m, "%" PRId64 " %s", n, unit[FM_LANG_EN]);
}

static void say_fact(fm_maker *m, const unit_pair *u) {
    fm_put_work(m, m->zh ? "1%s=%d%s\n" : "1 %s=%d %s\n", m->zh ? u->large[FM_LANG_ZH] : u->one, u->factor,
                u->small[m->p->lang]);
}

static void answer_quantity(fm_maker *m, int64_t n, const char *const unit[FM_LANGS]) {
    if (m->zh)
        fm_put_answer(m, "答案是%s。", quantity(m, n, unit));
    else
        fm_put_answer(m, "The answer is %" PRId64 ".", n);
    fm_put_expected(m, "%" PRId64, n);
}

static void make_down(fm_maker *m, const unit_pair *u) {
    int64_t n = fm_draw(m, 2, m->level == 1 ? 12 : 60);
    fm_key(m, n);
    fm_ask(m, &wordings, quantity(m, n, u->large), u->small[m->p->lang]);
    say_fact(m, u);
    answer_quantity(m, fm_work_mul(m, n, u->factor), u->small);
}

static void make_up(fm_maker *m, const unit_pair *u) {
    int64_t n = fm_draw(m, 2,
                        m->level == 1                            ? 9
                        : u->factor % 10 == 0 && u->factor != 60 ? 60
                                                                 : 9),
            all = n * u->factor;
    fm_key(m, -n);
    fm_ask(m, &wordings, quantity(m, all, u->small), u->large[m->p->lang]);
    say_fact(m, u);
    answer_quantity(m, fm_work_div(m, all, u->factor, NULL), u->large);
}

/* 3 m 45 cm = ? cm */
static void make_mixed(fm_maker *m, const unit_pair *u) {
    int64_t n = fm_draw(m, 2, m->level == 2 ? 9 : 40), rest = fm_draw(m, 2, u->factor - 1);
    fm_key(m, n);
    fm_key(m, rest);
    const char *text =
        fm_text(m, m->zh ? "%s%s" : "%s and %s", quantity(m, n, u->large), quantity(m, rest, u->small));
    fm_ask(m, &wordings, text, u->small[m->p->lang]);
    say_fact(m, u);
    int64_t all = fm_work_mul(m, n, u->factor);
    answer_quantity(m, fm_work_add(m, all, rest), u->small);
}

/* 345 cm = ? m ? cm */
static void make_split(fm_maker *m, const unit_pair *u) {
    int64_t n = fm_draw(m, 2, 9), rest = fm_draw(m, 2, u->factor - 1), all = n * u->factor + rest;
    fm_key(m, all);
    fm_ask(m, &split_wordings, quantity(m, all, u->small), u->large[m->p->lang], u->small[m->p->lang]);
    say_fact(m, u);
    fm_work_div(m, all, u->factor, &rest);
    fm_put_answer(m, fm_say(m, "The answer is %s and %s.", "答案是%s%s。"), quantity(m, n, u->large),
                  quantity(m, rest, u->small));
    fm_put_expected(m, "%" PRId64 ", %" PRId64, n, rest);
}

/* Through a unit between: weeks to hours, hours to seconds, kilometers to centimeters ... */
static void make_two_steps(fm_maker *m) {
    static const int steps[][2] = {{9, 8}, {8, 6}, {6, 7}, {1, 0}, {0, 2}, {4, 3}, {13, 14}, {14, 2}};
    int which = fm_draw_below(m, 8);
    const unit_pair *first = &units[steps[which][0]], *second = &units[steps[which][1]];
    int64_t n = fm_draw(m, 2, which < 3 ? 9 : 20);
    fm_key(m, which);
    fm_key(m, n);
    fm_ask(m, &wordings, quantity(m, n, first->large), second->small[m->p->lang]);
    say_fact(m, first);
    int64_t between = fm_work_mul(m, n, first->factor);
    say_fact(m, second);
    answer_quantity(m, fm_work_mul(m, between, second->factor), second->small);
}

static void make(fm_maker *m) {
    static const int forms[FM_TASK_LEVELS][3] = {{FORM_DOWN, FORM_DOWN, FORM_UP},
                                                 {FORM_DOWN, FORM_UP, FORM_MIXED},
                                                 {FORM_MIXED, FORM_SPLIT, FORM_TWO_STEPS}};
    m->p->form = forms[m->level - 1][fm_draw_below(m, 3)];
    fm_key(m, m->p->form);
    if (m->p->form == FORM_TWO_STEPS) {
        make_two_steps(m);
        return;
    }
    int which;
    do which = fm_draw_below(m, UNITS);
    while (m->level == 1 && !units[which].everyday);
    fm_key(m, which);
    if (m->p->form == FORM_DOWN)
        make_down(m, &units[which]);
    else if (m->p->form == FORM_UP)
        make_up(m, &units[which]);
    else if (m->p->form == FORM_MIXED)
        make_mixed(m, &units[which]);
    else
        make_split(m, &units[which]);
}

static bool judge(const fm_task_problem *p, const char *answer) {
    return p->form == FORM_SPLIT ? fm_judge_numbers(p, answer) : fm_judge_number(p, answer);
}

const fm_task_kind fm_kind_units = {"units", "unit conversion", make, judge, {0, 0, 0}};
