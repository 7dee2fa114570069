/* sequence.c: what comes next: steps, multiples, growing steps, sums of two, two sequences in one. Levels:
 * docs/TASKS.md. The solution writes the differences (or factors), then continues. */
#include <inttypes.h>

#include "task/make.h"

enum { FORM_STEP, FORM_TIMES, FORM_GROWING, FORM_SUMS, FORM_WOVEN };

static const fm_wordings wordings =
    {/* {0} sequence */
     .train = {{"What comes next: {0}, ?", "Continue the sequence: {0}, ...", "Find the next number: {0}, ?",
                "{0}, ? What is the next number?", "What is the next number in {0}?",
                "Which number follows: {0}?", "Complete the pattern: {0}, ?", "Look at {0}. What is next?",
                "The numbers are {0}. Which comes next?", "Give the next number: {0}, ...",
                "What number continues {0}?"},
               {"下一个数是什么：{0}，？", "找规律填数：{0}，？", "{0}，？下一个是几？",
                "接下来是哪个数：{0}", "数列{0}的下一个数是多少？", "按规律，{0}后面是几？",
                "{0}，……下一个数是？", "写出下一个数：{0}，？", "看规律：{0}，接着是多少？"}},
     .test = {{"See the pattern in {0} and say the number after the last one.",
               "If {0} goes on in the same way, what number is written then?"},
              {"观察{0}，照这样写下去，再写一个数是几？", "{0}按同样的规律往后，紧跟着的数是多少？"}}};

static void ask(fm_maker *m, const int64_t *v, int n) {
    for (int i = 0; i < n; i++) fm_key(m, v[i]);
    fm_ask(m, &wordings, fm_joined(m, v, n, ", "));
}

/* "7-3=4": neighbours' differences, small enough to be seen at once. */
static void say_difference(fm_maker *m, int64_t a, int64_t b) {
    if (b >= a)
        fm_put_work(m, "%" PRId64 "-%" PRId64 "=%" PRId64 "\n", b, a, b - a);
    else
        fm_put_work(m, "%" PRId64 "-%" PRId64 "=%" PRId64 "\n", a, b, a - b);
}

static void make_step(fm_maker *m) {
    int64_t v[5], step = fm_draw(m, 1, m->level == 1 ? 10 : m->level == 2 ? 25 : 60);
    if (m->level == 3) step = fm_draw(m, 11, 60);
    bool down = fm_draw_below(m, 3) == 0;
    int n = 4;
    v[0] = fm_draw(m, 1, m->level == 1 ? 20 : 100);
    if (down) v[0] += step * n;
    for (int i = 1; i <= n; i++) v[i] = v[i - 1] + (down ? -step : step);
    ask(m, v, n);
    for (int i = 1; i < (m->level == 1 ? n : 3); i++) say_difference(m, v[i - 1], v[i]);
    fm_put_work(m, "%c%" PRId64 "\n", down ? '-' : '+', step);
    fm_put_answer_number(m, fm_work_op(m, v[n - 1], down ? '-' : '+', step));
}

static void make_times(fm_maker *m) {
    int64_t v[5], factor = fm_draw(m, 2, m->level == 2 ? 3 : 5);
    int n = 4;
    v[0] = fm_draw(m, 1, m->level == 2 ? 9 : 12);
    for (int i = 1; i <= n; i++) v[i] = v[i - 1] * factor;
    ask(m, v, n);
    for (int i = 1; i < n; i++)
        fm_put_work(m, "%" PRId64 "/%" PRId64 "=%" PRId64 "\n", v[i], v[i - 1], factor);
    fm_put_work(m, "*%" PRId64 "\n", factor);
    fm_put_answer_number(m, fm_work_mul(m, v[n - 1], factor));
}

/* Differences that grow by a constant. */
static void make_growing(fm_maker *m) {
    int64_t v[6], step = fm_draw(m, 1, 9), more = fm_draw(m, 1, m->level == 2 ? 3 : 9);
    int n = 5;
    v[0] = fm_draw(m, 1, 30);
    for (int i = 1; i < n; i++) v[i] = v[i - 1] + step + more * (i - 1);
    ask(m, v, n);
    for (int i = 1; i < n; i++) say_difference(m, v[i - 1], v[i]);
    int64_t last = step + more * (n - 2);
    fm_put_work(m, "%" PRId64 "+%" PRId64 "=%" PRId64 "\n", last, more, last + more);
    fm_put_answer_number(m, fm_work_add(m, v[n - 1], last + more));
}

/* Each is the sum of the two before. */
static void make_sums(fm_maker *m) {
    int64_t v[6];
    int n = 5;
    v[0] = fm_draw(m, 1, 15);
    v[1] = fm_draw(m, 1, 20);
    for (int i = 2; i < n; i++) v[i] = v[i - 1] + v[i - 2];
    ask(m, v, n);
    fm_put_work(m, "%s\n", fm_say(m, "The sum of the two before:", "前两个数的和："));
    for (int i = 2; i < n; i++)
        fm_put_work(m, "%" PRId64 "+%" PRId64 "=%" PRId64 "\n", v[i - 2], v[i - 1], v[i]);
    fm_put_answer_number(m, fm_work_add(m, v[n - 2], v[n - 1]));
}

/* Two sequences by turns. */
static void make_woven(fm_maker *m) {
    int64_t v[6], step[2] = {fm_draw(m, 1, 9), fm_draw(m, 1, 9)};
    v[0] = fm_draw(m, 1, 30);
    v[1] = fm_draw(m, 40, 90);
    for (int i = 2; i < 6; i++) v[i] = v[i - 2] + step[i % 2];
    ask(m, v, 6);
    fm_put_work(m, "%s\n", fm_say(m, "Every second number:", "隔一个看："));
    fm_put_work(m, "%" PRId64 " %" PRId64 " %" PRId64 "\n", v[0], v[2], v[4]);
    say_difference(m, v[0], v[2]);
    say_difference(m, v[2], v[4]);
    fm_put_answer_number(m, fm_work_add(m, v[4], step[0]));
}

static void make(fm_maker *m) {
    static const int forms[FM_TASK_LEVELS][4] = {{FORM_STEP, FORM_STEP, FORM_STEP, FORM_STEP},
                                                 {FORM_STEP, FORM_TIMES, FORM_GROWING, FORM_STEP},
                                                 {FORM_STEP, FORM_GROWING, FORM_SUMS, FORM_WOVEN}};
    m->p->form = forms[m->level - 1][fm_draw_below(m, 4)];
    if (m->level == 3 && fm_draw_below(m, 5) == 0) m->p->form = FORM_TIMES;
    fm_key(m, m->p->form);
    switch (m->p->form) {
    case FORM_STEP: make_step(m); break;
    case FORM_TIMES: make_times(m); break;
    case FORM_GROWING: make_growing(m); break;
    case FORM_SUMS: make_sums(m); break;
    default: make_woven(m); break;
    }
}

const fm_task_kind fm_kind_sequence = {"sequence", "number sequences", make, fm_judge_number, {0, 0, 0}};
