/* compare.c: the larger of two, the largest or smallest of several, sorting, decimals. Levels: docs/TASKS.md.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "task/make.h"

enum { FORM_LARGER, FORM_SMALLER, FORM_LARGEST, FORM_SMALLEST, FORM_RISING, FORM_FALLING, FORM_DECIMAL };

static const fm_wordings larger_wordings = {
    .train = {{"Which is larger, {0} or {1}?", "Which number is greater: {0} or {1}?",
               "Which is bigger, {0} or {1}?", "{0} or {1}: which is more?",
               "Tell me the larger of {0} and {1}.", "Compare {0} and {1}. Which is larger?",
               "Of {0} and {1}, which is the bigger number?", "Is {0} or {1} the larger number?",
               "Pick the larger one: {0}, {1}.", "Write the greater number: {0} or {1}."},
              {"{0}和{1}哪个大？", "{0}与{1}，哪个数更大？", "比较{0}和{1}，哪个大？",
               "{0}、{1}中较大的是哪个？", "哪个数大一些，{0}还是{1}？", "写出{0}和{1}里大的那个。",
               "{0}大还是{1}大？", "请选出较大的数：{0}，{1}"}},
    .test = {
        {"Between {0} and {1}, which one has the higher value?", "Name the greater of these: {0} and {1}."},
        {"在{0}和{1}之间，数值更高的是谁？", "{0}跟{1}比，大的一个是多少？"}}};

static const fm_wordings smaller_wordings = {
    .train = {{"Which is smaller, {0} or {1}?", "Which number is less: {0} or {1}?",
               "{0} or {1}: which is less?", "Tell me the smaller of {0} and {1}.",
               "Compare {0} and {1}. Which is smaller?", "Of {0} and {1}, which is the smaller number?",
               "Is {0} or {1} the smaller number?", "Pick the smaller one: {0}, {1}.",
               "Write the lesser number: {0} or {1}."},
              {"{0}和{1}哪个小？", "{0}与{1}，哪个数更小？", "比较{0}和{1}，哪个小？",
               "{0}、{1}中较小的是哪个？", "哪个数小一些，{0}还是{1}？", "写出{0}和{1}里小的那个。",
               "{0}小还是{1}小？", "请选出较小的数：{0}，{1}"}},
    .test = {
        {"Between {0} and {1}, which one has the lower value?", "Name the lesser of these: {0} and {1}."},
        {"在{0}和{1}之间，数值更低的是谁？", "{0}跟{1}比，小的一个是多少？"}}};

static const fm_wordings largest_wordings = {
    .train = {{"What is the largest of {0}?", "Find the biggest number: {0}.", "Which is the largest: {0}?",
               "What is the maximum of {0}?", "{0}: which number is the greatest?",
               "Pick the largest number from {0}.", "Look at {0}. Which is the biggest?",
               "Tell me the maximum: {0}."},
              {"{0}中最大的数是哪个？", "找出最大的数：{0}。", "{0}里哪个最大？", "求{0}的最大值。",
               "{0}，最大的是多少？", "从{0}中选出最大的。", "看看{0}，哪一个最大？"}},
    .test = {
        {"Among {0}, name the number with the highest value.", "From the numbers {0} take the greatest one."},
        {"请指出{0}当中最大的一个。", "{0}这些数里数值最高的是多少？"}}};

static const fm_wordings smallest_wordings = {
    .train = {{"What is the smallest of {0}?", "Find the smallest number: {0}.",
               "Which is the smallest: {0}?", "What is the minimum of {0}?",
               "{0}: which number is the least?", "Pick the smallest number from {0}.",
               "Look at {0}. Which is the smallest?", "Tell me the minimum: {0}."},
              {"{0}中最小的数是哪个？", "找出最小的数：{0}。", "{0}里哪个最小？", "求{0}的最小值。",
               "{0}，最小的是多少？", "从{0}中选出最小的。", "看看{0}，哪一个最小？"}},
    .test = {
        {"Among {0}, name the number with the lowest value.", "From the numbers {0} take the least one."},
        {"请指出{0}当中最小的一个。", "{0}这些数里数值最低的是多少？"}}};

static const fm_wordings rising_wordings = {
    .train = {{"Sort from smallest to largest: {0}.", "Put these numbers in ascending order: {0}.",
               "Sort {0} in increasing order.", "Arrange {0} from small to large.",
               "Order {0}, smallest first.", "Write {0} in rising order.", "Sort the list {0}.",
               "List {0} from the smallest to the largest."},
              {"把{0}从小到大排列。", "将{0}按从小到大的顺序排好。", "{0}，从小到大排序。",
               "请把{0}升序排列。", "给{0}排序，小的在前。", "从小到大写出{0}。",
               "把这些数由小到大排列：{0}"}},
    .test = {{"Rearrange {0} so that the values go up.",
              "Give me {0} again, but beginning with the least and going up."},
             {"请重新排列{0}，让数值越来越大。", "让{0}由低到高排成一行。"}}};

static const fm_wordings falling_wordings = {
    .train = {{"Sort from largest to smallest: {0}.", "Put these numbers in descending order: {0}.",
               "Sort {0} in decreasing order.", "Arrange {0} from large to small.",
               "Order {0}, largest first.", "Write {0} in falling order.",
               "List {0} from the largest to the smallest."},
              {"把{0}从大到小排列。", "将{0}按从大到小的顺序排好。", "{0}，从大到小排序。",
               "请把{0}降序排列。", "给{0}排序，大的在前。", "从大到小写出{0}。",
               "把这些数由大到小排列：{0}"}},
    .test = {{"Rearrange {0} so that the values go down.",
              "Give me {0} again, but beginning with the greatest and going down."},
             {"请重新排列{0}，让数值越来越小。", "让{0}由高到低排成一行。"}}};

static void make_two(fm_maker *m) {
    bool larger = m->p->form == FORM_LARGER;
    int digits = m->level == 1 ? 2 + fm_draw_below(m, 2) : 3 + fm_draw_below(m, 3);
    int64_t a = fm_draw_digits(m, digits), b;
    if (fm_draw_flip(m)) { /* near numbers: the same leading digits */
        int64_t scale = digits > 2 && fm_draw_flip(m) ? 100 : 10;
        b = a / scale * scale + fm_draw(m, 0, scale - 1);
    } else
        b = fm_draw_digits(m, digits - (digits > 2 && fm_draw_below(m, 3) == 0));
    if (a == b) b = a - 1;
    if (fm_draw_flip(m)) {
        int64_t keep = a;
        a = b;
        b = keep;
    }
    fm_key(m, a);
    fm_key(m, b);
    m->p->chance = 0.5;
    m->p->direct_ok = m->level == 1;
    fm_ask(m, larger ? &larger_wordings : &smaller_wordings, fm_num(m, a), fm_num(m, b));
    bool less = fm_work_compare(m, a, b) < 0;
    fm_put_answer_number(m, less == larger ? b : a);
}

/* Runs through the list keeping the best so far: "47>12,12<85|12". Returns the place of the winner. */
static int scan(fm_maker *m, const int64_t *v, int n, bool want_large) {
    int best = 0;
    for (int i = 1; i < n; i++) {
        fm_put_work(m, "%s%" PRId64 "%c%" PRId64, i > 1 ? "," : "", v[best], v[best] < v[i] ? '<' : '>',
                    v[i]);
        if ((v[best] < v[i]) == want_large) best = i;
    }
    fm_put_work(m, "|%" PRId64 "\n", v[best]);
    return best;
}

static void draw_list(fm_maker *m, int64_t *v, int n) {
    if (m->level == 3)
        fm_draw_distinct(m, v, n, fm_draw_flip(m) ? -50 : 1, 300);
    else
        fm_draw_distinct(m, v, n, 1, m->level == 1 ? 99 : 300);
    for (int i = 0; i < n; i++) fm_key(m, v[i]);
}

static void make_extreme(fm_maker *m) {
    bool large = m->p->form == FORM_LARGEST;
    int64_t v[8];
    int n = m->level == 1   ? (int)fm_draw(m, 3, 5)
            : m->level == 2 ? (int)fm_draw(m, 4, 6)
                            : fm_draw_depth(m, 5, 6, 7);
    draw_list(m, v, n);
    m->p->chance = 1.0 / n;
    fm_ask(m, large ? &largest_wordings : &smallest_wordings, fm_joined(m, v, n, fm_say(m, ", ", "、")));
    fm_put_work(m, "%s\n%s:",
                large ? fm_say(m, "Keep the larger one:", "留下大的：")
                      : fm_say(m, "Keep the smaller one:", "留下小的："),
                fm_joined(m, v, n, " "));
    fm_put_answer_number(m, v[scan(m, v, n, large)]);
}

/* Selection: the best of the rest, again and again. */
static void make_sort(fm_maker *m) {
    bool falling = m->p->form == FORM_FALLING;
    int64_t v[8], sorted[8];
    int n = m->level == 1   ? (int)fm_draw(m, 3, 4)
            : m->level == 2 ? (int)fm_draw(m, 4, 5)
                            : fm_draw_depth(m, 5, 6, 7);
    draw_list(m, v, n);
    m->p->chance = n == 3 ? 1.0 / 6 : n == 4 ? 1.0 / 24 : 1.0 / 120;
    fm_ask(m, falling ? &falling_wordings : &rising_wordings, fm_joined(m, v, n, fm_say(m, ", ", "、")));
    fm_put_work(m, "%s\n",
                falling ? fm_say(m, "Take the largest each time:", "每次取最大的：")
                        : fm_say(m, "Take the smallest each time:", "每次取最小的："));
    for (int k = n; k > 0; k--) {
        fm_put_work(m, "%s:", fm_joined(m, v, k, " "));
        int best = scan(m, v, k, falling);
        sorted[n - k] = v[best];
        memmove(v + best, v + best + 1, (size_t)(k - 1 - best) * sizeof *v);
    }
    fm_put_answer(m, "%s", fm_joined(m, sorted, n, ", "));
    fm_put_expected(m, "%s", fm_joined(m, sorted, n, ", "));
}

/* 9.11 against 9.9: the fractions are made equally long, then digits are compared. */
static void make_decimal(fm_maker *m) {
    bool larger = fm_draw_flip(m);
    int64_t whole[2], part[2];
    int places[2];
    whole[0] = fm_draw(m, 0, 20);
    whole[1] = fm_draw_below(m, 3) ? whole[0] : fm_draw(m, 0, 20);
    do {
        for (int i = 0; i < 2; i++) {
            places[i] = 1 + fm_draw_below(m, 2);
            part[i] = places[i] == 1 ? fm_draw(m, 1, 9) : fm_draw(m, 1, 9) + 10 * fm_draw(m, 0, 9);
        }
    } while (whole[0] == whole[1] &&
             part[0] * (places[0] == 1 ? 10 : 1) == part[1] * (places[1] == 1 ? 10 : 1));
    const char *text[2];
    for (int i = 0; i < 2; i++) {
        text[i] = fm_text(m, "%" PRId64 ".%0*" PRId64, whole[i], places[i], part[i]);
        fm_key_text(m, text[i]);
    }
    fm_key(m, larger);
    m->p->chance = 0.5;
    fm_ask(m, larger ? &larger_wordings : &smaller_wordings, text[0], text[1]);
    int64_t hundredths[2];
    for (int i = 0; i < 2; i++) hundredths[i] = whole[i] * 100 + part[i] * (places[i] == 1 ? 10 : 1);
    fm_put_work(m, "%s\n%" PRId64 ".%02" PRId64 ",%" PRId64 ".%02" PRId64 "\n",
                fm_say(m, "Two digits after the point:", "小数点后都写两位："), hundredths[0] / 100,
                hundredths[0] % 100, hundredths[1] / 100, hundredths[1] % 100);
    bool less = fm_work_compare(m, hundredths[0], hundredths[1]) < 0;
    fm_put_work(m, "%s%c%s", text[0], less ? '<' : '>', text[1]);
    const char *result = text[less == larger];
    fm_put_answer(m, fm_say(m, "The answer is %s.", "答案是%s。"), result);
    fm_put_expected(m, "%s", result);
}

static void make(fm_maker *m) {
    static const int forms[FM_TASK_LEVELS][6] = {
        {FORM_LARGER, FORM_SMALLER, FORM_LARGEST, FORM_SMALLEST, FORM_RISING, FORM_RISING},
        {FORM_DECIMAL, FORM_SMALLER, FORM_LARGEST, FORM_RISING, FORM_FALLING, FORM_LARGER},
        {FORM_DECIMAL, FORM_LARGEST, FORM_SMALLEST, FORM_RISING, FORM_FALLING, FORM_RISING}};
    m->p->form = forms[m->level - 1][fm_draw_below(m, 6)];
    fm_key(m, m->p->form);
    if (m->p->form == FORM_LARGER || m->p->form == FORM_SMALLER)
        make_two(m);
    else if (m->p->form == FORM_LARGEST || m->p->form == FORM_SMALLEST)
        make_extreme(m);
    else if (m->p->form == FORM_DECIMAL)
        make_decimal(m);
    else
        make_sort(m);
}

/* A sorted list: the numbers of the last line. Otherwise the last number. */
static bool judge(const fm_task_problem *p, const char *answer) {
    return p->form == FORM_RISING || p->form == FORM_FALLING ? fm_judge_numbers(p, answer)
                                                             : fm_judge_number(p, answer);
}

const fm_task_kind fm_kind_compare = {"compare", "comparison and sorting", make, judge, {0.30, 0.31, 0.16}};
