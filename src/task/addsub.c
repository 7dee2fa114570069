/* addsub.c: addition and subtraction of integers, with results of either sign. Levels: docs/TASKS.md. */
#include <inttypes.h>

#include "task/make.h"

enum { FORM_ADD, FORM_SUB };

static const fm_wordings add_wordings = {
    .train = {{"What is {0} + {1}?", "Calculate {0} + {1}.", "{0} + {1} = ?", "{0}+{1}=", "{0}+{1}",
               "Add {0} and {1}.", "What is {0} plus {1}?", "How much is {0} + {1}?",
               "Find the sum of {0} and {1}.", "What do you get if you add {1} to {0}?",
               "Compute {0} plus {1}.", "What is the sum of {0} and {1}?", "{0} plus {1} equals what?",
               "Please work out {0}+{1}.", "Tell me {0} + {1}.", "I add {0} and {1}. What do I get?",
               "Add these two numbers: {0} and {1}.", "{0} and {1} make how many?"},
              {"{0}+{1}等于多少？", "{0}加{1}等于多少？", "计算{0}+{1}。", "{0}+{1}=?",
               "{0}+{1}=", "求{0}与{1}的和。", "{0}加上{1}是多少？", "请算一算：{0}+{1}",
               "把{0}和{1}加起来，结果是多少？", "{0}和{1}的和是多少？", "算出{0}加{1}的结果。",
               "{0} + {1} 等于几？", "{0}与{1}相加得多少？", "我想知道{0}+{1}的答案。",
               "{0}再加{1}，一共是多少？", "两个数{0}和{1}，它们的和是几？"}},
    .test = {{"Can you add {0} and {1} for me?", "What is the total of {0} and {1}?",
              "Work out the sum {0} + {1}.", "How much do {0} and {1} make together?",
              "If I have {0} and then add {1}, what is the result?", "Give me the result of {0} plus {1}."},
             {"请你把{0}加上{1}。", "{0}同{1}加在一起是多少？", "{0}+{1}的结果是多少？",
              "请求出{0}加{1}的和。", "{0}加{1}得几？", "一个数是{0}，另一个数是{1}，加起来是多少？"}}};

static const fm_wordings sub_wordings = {
    .train = {{"What is {0} - {1}?", "Calculate {0} - {1}.", "{0} - {1} = ?", "{0}-{1}=", "{0}-{1}",
               "Subtract {1} from {0}.", "What is {0} minus {1}?", "How much is {0} - {1}?",
               "Take {1} away from {0}.", "What do you get if you subtract {1} from {0}?",
               "Compute {0} minus {1}.", "What is {0} take away {1}?", "{0} minus {1} equals what?",
               "Please work out {0}-{1}.", "Tell me {0} - {1}.", "I subtract {1} from {0}. What do I get?",
               "Start with {0} and take away {1}."},
              {"{0}-{1}等于多少？", "{0}减{1}等于多少？", "计算{0}-{1}。", "{0}-{1}=?", "{0}-{1}=",
               "求{0}与{1}的差。", "{0}减去{1}是多少？", "请算一算：{0}-{1}", "从{0}里减去{1}，结果是多少？",
               "{0}减{1}的差是多少？", "算出{0}减{1}的结果。", "{0} - {1} 等于几？",
               "我想知道{0}-{1}的答案。", "{0}去掉{1}，得到多少？", "被减数是{0}，减数是{1}，差是几？"}},
    .test = {{"Can you subtract {1} from {0} for me?", "What is left when you take {1} from {0}?",
              "Work out the difference {0} - {1}.", "If I start at {0} and subtract {1}, what is the result?",
              "Give me the result of {0} minus {1}.", "Find {0} minus {1}."},
             {"请你从{0}中减去{1}。", "{0}-{1}的结果是多少？", "请求出{0}减{1}的差。", "{0}减{1}得几？",
              "{0}减掉{1}是多少？", "一个数是{0}，减去{1}之后是多少？"}}};

/* Operands of the level: digits of the longer one, and of the other. */
static void draw_operands(fm_maker *m, int64_t *a, int64_t *b) {
    int wide, narrow;
    if (m->level == 1) {
        wide = fm_draw_below(m, 5) == 0 ? 1 : 2;
        narrow = wide == 2 && fm_draw_below(m, 5) == 0 ? 1 : wide;
    } else if (m->level == 2) {
        wide = 3;
        narrow = fm_draw_below(m, 4) == 0 ? 2 : 3;
    } else {
        wide = 4;
        narrow = fm_draw_below(m, 3) == 0 ? 3 : 4;
    }
    *a = fm_draw_digits(m, wide);
    *b = fm_draw_digits(m, narrow);
    if (fm_draw_flip(m)) {
        int64_t keep = *a;
        *a = *b;
        *b = keep;
    }
}

static void make(fm_maker *m) {
    int64_t a, b;
    draw_operands(m, &a, &b);
    /* One in three level 3 problems starts below zero, with fewer digits to work on. */
    if (m->level == 3 && fm_draw_below(m, 3) == 0) a = -fm_draw_digits(m, 2 + fm_draw_below(m, 2)), b %= 1000;
    bool add = fm_draw_flip(m);
    m->p->form = add ? FORM_ADD : FORM_SUB;
    fm_key(m, m->p->form);
    fm_key(m, a);
    fm_key(m, b);
    fm_ask(m, add ? &add_wordings : &sub_wordings, fm_num(m, a), fm_num(m, b));
    m->p->direct_ok = a >= 0 && a < 10 && b < 10;
    if (!m->p->direct_ok && a >= 0)
        fm_put_work(
            m, "%s\n",
            add ? fm_say(m, "Add from the right:", "从右边逐位相加：")
                : fm_say(m, "Compare, then subtract from the right:", "先比大小，再从右边逐位相减："));
    fm_put_answer_number(m, fm_work_op(m, a, add ? '+' : '-', b));
}

const fm_task_kind fm_kind_addsub = {"addsub", "addition and subtraction", make, fm_judge_number, {0, 0, 0}};
