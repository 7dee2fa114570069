/* equation.c: a missing operand, and chains of operations. Levels: docs/TASKS.md. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "task/make.h"

enum { FORM_MISSING, FORM_CHAIN, FORM_PRECEDENCE, FORM_TWO_STEPS };

static const fm_wordings missing_wordings = {
    .train = {{"Find the missing number: {0}", "What number goes in place of the question mark? {0}",
               "{0} What is the missing number?", "Fill in the missing number: {0}", "{0} Find the number.",
               "Which number makes this true? {0}", "Solve for the unknown: {0}", "What is ? in {0}",
               "Which number is hidden? {0}", "Complete this: {0}", "What must ? be? {0}", "{0} What is ?"},
              {"{0}，问号是多少？", "求问号代表的数：{0}", "{0}，缺少的数是几？", "填上缺少的数：{0}",
               "{0}，?等于多少？", "哪个数能使等式成立？{0}", "在问号处填数：{0}", "求未知数：{0}",
               "算式{0}里，问号是几？", "补全算式：{0}", "{0}，问号应该填几？"}},
    .test = {{"Look at {0}. Which number is missing?", "Put the right number for the question mark: {0}",
              "{0} Which number does the question mark stand for?"},
             {"看算式{0}，问号处应是哪个数？", "{0}，请写出问号的值。", "等式{0}中少了哪个数？"}}};

static const fm_wordings chain_wordings = {
    .train = {{"What is {0}?", "Calculate {0}.", "{0} = ?", "{0}=", "Compute {0}.", "Work out {0}.",
               "How much is {0}?", "Find the value of {0}.", "Please calculate {0}.", "What does {0} equal?",
               "What is the value of {0}?", "Tell me the result of {0}."},
              {"{0}等于多少？", "计算{0}。", "{0}=?", "{0}=", "请算一算：{0}", "求{0}的值。",
               "{0}的结果是多少？", "算出{0}的值。", "{0}等于几？", "算式{0}得多少？",
               "我想知道{0}的答案。"}},
    .test = {
        {"Can you evaluate {0} for me?", "Please find out how much {0} is.", "Evaluate the expression {0}."},
        {"请你求出{0}的得数。", "{0}这个算式的得数是几？", "请把{0}算出来。"}}};

/* ? in a sum, difference or product: the inverse operation finds it. */
static void make_missing(fm_maker *m) {
    int64_t a, b, c;
    char op = "++--*"[fm_draw_below(m, m->level == 1 ? 4 : 5)];
    int64_t high = m->level == 1 ? 20 : m->level == 2 ? 99 : 999;
    if (op == '*') {
        a = fm_draw(m, 2, m->level == 2 ? 12 : 99);
        b = fm_draw(m, 2, 9);
        c = a * b;
    } else {
        a = fm_draw(m, m->level == 3 ? 100 : 1, high);
        b = fm_draw(m, m->level == 3 ? 100 : 1, high);
        c = op == '+' ? a + b : a - b;
    }
    if (op == '-' && c < 0) { /* a - b with a result that stays above zero */
        int64_t keep = a;
        a = b;
        b = keep;
        c = -c;
    }
    bool first = op == '*' || fm_draw_flip(m);
    fm_key(m, op);
    fm_key(m, first ? b : a);
    fm_key(m, c);
    fm_key(m, first);
    char text[64];
    if (first)
        snprintf(text, sizeof text, "? %c %" PRId64 " = %" PRId64, op, b, c);
    else
        snprintf(text, sizeof text, "%" PRId64 " %c ? = %" PRId64, a, op, c);
    fm_ask(m, &missing_wordings, text);
    /* ? + b = c: c - b.  a + ? = c: c - a.  ? - b = c: c + b.  a - ? = c: a - c.  ? * b = c: c / b. */
    int64_t left = op == '-' && !first ? a : c, right = first ? b : op == '-' ? c : a;
    char inverse = op == '*' ? '/' : op == '-' && first ? '+' : '-';
    fm_put_work(m, "%s\n?=%" PRId64 "%c%" PRId64 "\n", text, left, inverse, right);
    fm_put_answer_number(m, fm_work_op(m, left, inverse, right));
}

/* a + b - c + ...: from the left, one operation a block. */
static void make_chain(fm_maker *m) {
    int ops = m->level < 3 ? 2 : fm_draw_depth(m, 3, 4, 5);
    int64_t high = m->level == 1 ? 9 : 99, value = fm_draw(m, m->level == 1 ? 1 : 10, high);
    char text[96], op[5];
    int64_t operand[5];
    size_t used = (size_t)snprintf(text, sizeof text, "%" PRId64, value);
    fm_key(m, value);
    for (int i = 0; i < ops; i++) {
        op[i] = "+-"[fm_draw_below(m, 2)];
        operand[i] = fm_draw(m, 1, high);
        fm_key(m, op[i]);
        fm_key(m, operand[i]);
        used += (size_t)snprintf(text + used, sizeof text - used, " %c %" PRId64, op[i], operand[i]);
    }
    fm_ask(m, &chain_wordings, text);
    fm_put_work(m, "%s\n", fm_say(m, "From left to right:", "从左到右计算："));
    for (int i = 0; i < ops; i++) value = fm_work_op(m, value, op[i], operand[i]);
    fm_put_answer_number(m, value);
}

/* a + b * c, a * b - c ...: the product first. */
static void make_precedence(fm_maker *m) {
    int64_t high = m->level == 2 ? 20 : 99;
    int64_t b = fm_draw(m, 2, high), c = fm_draw(m, 2, 9), a = fm_draw(m, 1, m->level == 2 ? 50 : 200);
    char op = "+-"[fm_draw_below(m, 2)];
    bool product_first = fm_draw_flip(m);
    fm_key(m, a);
    fm_key(m, b);
    fm_key(m, c);
    fm_key(m, op + product_first);
    char text[64];
    if (product_first)
        snprintf(text, sizeof text, "%" PRId64 " * %" PRId64 " %c %" PRId64, b, c, op, a);
    else
        snprintf(text, sizeof text, "%" PRId64 " %c %" PRId64 " * %" PRId64, a, op, b, c);
    fm_ask(m, &chain_wordings, text);
    fm_put_work(m, "%s\n", fm_say(m, "Multiply first:", "先算乘法："));
    int64_t product = fm_work_mul(m, b, c);
    fm_put_answer_number(m, product_first ? fm_work_op(m, product, op, a) : fm_work_op(m, a, op, product));
}

/* ? * a + b = c: undo the sum, then the product. */
static void make_two_steps(fm_maker *m) {
    int64_t x = fm_draw(m, 2, 40), a = fm_draw(m, 2, 9), b = fm_draw(m, 2, 60);
    bool plus = fm_draw_flip(m) || x * a <= b;
    int64_t c = plus ? x * a + b : x * a - b;
    fm_key(m, a);
    fm_key(m, plus ? b : -b);
    fm_key(m, c);
    const char *text = fm_text(m, "? * %" PRId64 " %c %" PRId64 " = %" PRId64, a, plus ? '+' : '-', b, c);
    fm_ask(m, &missing_wordings, text);
    fm_put_work(m, "%s\n?*%" PRId64 "=%" PRId64 "%c%" PRId64 "\n", text, a, c, plus ? '-' : '+', b);
    int64_t product = plus ? fm_work_sub(m, c, b) : fm_work_add(m, c, b);
    fm_put_work(m, "?=%" PRId64 "/%" PRId64 "\n", product, a);
    fm_put_answer_number(m, fm_work_div(m, product, a, NULL));
}

static void make(fm_maker *m) {
    static const int forms[FM_TASK_LEVELS][4] = {{FORM_MISSING, FORM_MISSING, FORM_CHAIN, FORM_CHAIN},
                                                 {FORM_MISSING, FORM_MISSING, FORM_CHAIN, FORM_PRECEDENCE},
                                                 {FORM_MISSING, FORM_CHAIN, FORM_PRECEDENCE, FORM_TWO_STEPS}};
    m->p->form = forms[m->level - 1][fm_draw_below(m, 4)];
    fm_key(m, m->p->form);
    switch (m->p->form) {
    case FORM_MISSING: make_missing(m); break;
    case FORM_CHAIN: make_chain(m); break;
    case FORM_PRECEDENCE: make_precedence(m); break;
    default: make_two_steps(m); break;
    }
}

const fm_task_kind fm_kind_equation = {
    "equation", "missing operands and chains", make, fm_judge_number, {0, 0, 0}};
