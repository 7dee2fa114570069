/* muldiv.c: multiplication, exact division, division with remainder. Levels: docs/TASKS.md. */
#include <inttypes.h>

#include "task/make.h"

enum { FORM_MUL, FORM_DIV, FORM_REST };

static const fm_wordings mul_wordings = {
    .train = {{"What is {0} * {1}?", "Calculate {0} * {1}.", "{0} * {1} = ?", "{0}*{1}=", "{0} x {1} = ?",
               "Multiply {0} by {1}.", "What is {0} times {1}?", "How much is {0} times {1}?",
               "Find the product of {0} and {1}.", "Compute {0} times {1}.", "What is {0} multiplied by {1}?",
               "{0} times {1} equals what?", "Please work out {0} * {1}.", "Tell me {0} times {1}.",
               "What is the product of {0} and {1}?"},
              {"{0}×{1}等于多少？", "{0}乘{1}等于多少？", "计算{0}×{1}。", "{0}*{1}=?", "{0}×{1}=",
               "求{0}与{1}的积。", "{0}乘以{1}是多少？", "请算一算：{0}×{1}", "{0}和{1}的积是多少？",
               "算出{0}乘{1}的结果。", "{0}×{1}等于几？", "{0}的{1}倍是多少？", "我想知道{0}×{1}的答案。"}},
    .test = {
        {"Can you multiply {0} by {1} for me?", "Work out the product {0} * {1}.",
         "Give me the result of {0} times {1}.", "If you multiply {0} and {1}, what do you get?"},
        {"请你把{0}乘以{1}。", "{0}×{1}的结果是多少？", "{0}与{1}相乘得多少？", "请求出{0}乘{1}的积。"}}};

static const fm_wordings div_wordings = {
    .train = {{"What is {0} / {1}?", "Calculate {0} / {1}.", "{0} / {1} = ?", "{0}/{1}=",
               "Divide {0} by {1}.", "What is {0} divided by {1}?", "How much is {0} divided by {1}?",
               "Compute {0} divided by {1}.", "{0} divided by {1} equals what?", "Please work out {0} / {1}.",
               "Tell me {0} divided by {1}.", "How many times does {1} go into {0}?"},
              {"{0}÷{1}等于多少？", "{0}除以{1}等于多少？", "计算{0}÷{1}。", "{0}/{1}=?",
               "{0}÷{1}=", "求{0}除以{1}的商。", "{0}除以{1}是多少？", "请算一算：{0}÷{1}",
               "算出{0}除以{1}的结果。", "{0}÷{1}等于几？", "{0}里面有几个{1}？", "我想知道{0}÷{1}的答案。"}},
    .test = {{"Can you divide {0} by {1} for me?", "Give me the result of {0} divided by {1}.",
              "Work out the quotient {0} / {1}.", "If you divide {0} by {1}, what do you get?"},
             {"请你用{0}除以{1}。", "{0}÷{1}的结果是多少？", "请求出{0}除以{1}的结果。",
              "把{0}平均分成{1}份，每份是多少？"}}};

static const fm_wordings rest_wordings = {
    .train = {{"Divide {0} by {1} with remainder.", "What are the quotient and remainder of {0} / {1}?",
               "What is {0} divided by {1}, with remainder?", "Find quotient and remainder: {0} / {1}.",
               "{0} / {1} = ? Give the remainder too.", "Compute {0} divided by {1} and the remainder.",
               "How many times does {1} go into {0}, and what is left over?",
               "Give the quotient and the remainder of {0} divided by {1}.",
               "Work out {0} / {1} with a remainder.", "{0} divided by {1} is what, remainder what?"},
              {"{0}除以{1}，商和余数各是多少？", "{0}÷{1}等于几余几？", "求{0}除以{1}的商和余数。",
               "计算{0}÷{1}，写出余数。", "{0}÷{1}的商是几？余数是几？", "{0}里面最多有几个{1}？还剩多少？",
               "{0}除以{1}得几余几？", "用{0}除以{1}，请给出商和余数。", "算一算{0}÷{1}，商多少，余多少？"}},
    .test = {{"Please divide {0} by {1} and tell me the quotient and what remains.",
              "If {0} is divided by {1}, what are the quotient and the remainder?",
              "What quotient and what remainder does {0} / {1} give?"},
             {"请告诉我{0}÷{1}的商与余数。", "{0}被{1}除，商是多少，余数是多少？",
              "{0}÷{1}的结果是几，还余几？"}}};

static void make_mul(fm_maker *m) {
    int64_t a, b;
    if (m->level == 1) {
        a = fm_draw(m, 2, fm_draw_below(m, 3) == 0 ? 30 : 9); /* now and then one beyond the table */
        b = fm_draw(m, 2, 9);
    } else if (m->level == 2) {
        a = fm_draw_digits(m, 2 + fm_draw_below(m, 2));
        b = fm_draw(m, 2, 9);
    } else {
        a = fm_draw_digits(m, 2 + (fm_draw_below(m, 3) == 0));
        b = fm_draw(m, 11, 99);
    }
    if (fm_draw_below(m, 4) == 0) {
        int64_t keep = a;
        a = b;
        b = keep;
    }
    fm_key(m, a);
    fm_key(m, b);
    fm_ask(m, &mul_wordings, fm_num(m, a), fm_num(m, b));
    m->p->direct_ok = a < 10 && b < 10;
    if (!m->p->direct_ok) fm_put_work(m, "%s\n", fm_say(m, "Multiply digit by digit:", "逐位相乘："));
    fm_put_answer_number(m, fm_work_mul(m, a, b));
}

static void make_div(fm_maker *m, bool with_rest) {
    int64_t b = fm_draw(m, 2, 9), q, r;
    if (m->level == 1)
        q = fm_draw(m, 2, with_rest ? 9 : 12);
    else
        q = fm_draw_digits(m, m->level == 2 ? 2 : 3);
    r = with_rest ? fm_draw(m, with_rest && m->level > 1 ? 0 : 1, b - 1) : 0;
    int64_t a = b * q + r;
    fm_key(m, a);
    fm_key(m, b);
    fm_ask(m, with_rest ? &rest_wordings : &div_wordings, fm_num(m, a), fm_num(m, b));
    m->p->direct_ok = !with_rest && q < 10;
    if (!m->p->direct_ok) fm_put_work(m, "%s\n", fm_say(m, "Divide from the left:", "从左边逐位相除："));
    fm_work_div(m, a, b, with_rest ? &r : NULL);
    if (!with_rest) {
        fm_put_answer_number(m, q);
        return;
    }
    fm_put_answer(m, fm_say(m, "The quotient is %d and the remainder is %d.", "商是%d，余数是%d。"), (int)q,
                  (int)r);
    fm_put_expected(m, "%d, %d", (int)q, (int)r);
}

static void make(fm_maker *m) {
    m->p->form = (int[]){FORM_MUL, FORM_MUL, FORM_DIV, FORM_REST}[fm_draw_below(m, 4)];
    fm_key(m, m->p->form);
    if (m->p->form == FORM_MUL)
        make_mul(m);
    else
        make_div(m, m->p->form == FORM_REST);
}

/* With remainder the last line must end in quotient and remainder; otherwise the last number counts. */
static bool judge(const fm_task_problem *p, const char *answer) {
    return p->form == FORM_REST ? fm_judge_numbers(p, answer) : fm_judge_number(p, answer);
}

const fm_task_kind fm_kind_muldiv = {"muldiv", "multiplication and division", make, judge, {0, 0, 0}};
