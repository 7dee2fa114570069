/* code.c: what a few lines of Python print. Levels: docs/TASKS.md.
 *
 * The solution runs the lines one by one and writes every assignment with the values put in: "b = 3+4=7".
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "task/make.h"

enum { FORM_ASSIGN, FORM_IF, FORM_LOOP, FORM_LIST_LOOP, FORM_WHILE, FORM_LOOP_IF };

static const fm_wordings wordings =
    {/* {0} the code */
     .train = {{"What does this code print?\n{0}", "What is printed?\n{0}",
                "Run this code. What is the output?\n{0}", "Trace this program and give its output.\n{0}",
                "What number does this program print?\n{0}", "Read the code:\n{0}\nWhat is the output?",
                "Here is a program.\n{0}\nWhat does it print?", "Find the output of this Python code.\n{0}",
                "Which number is printed by this code?\n{0}", "Program:\n{0}\nOutput?"},
               {"下面的代码输出什么？\n{0}", "这段程序打印什么？\n{0}", "运行这段代码，输出是多少？\n{0}",
                "读程序，写出输出结果。\n{0}", "看代码：\n{0}\n输出是什么？",
                "这段Python代码会打印哪个数？\n{0}", "程序如下：\n{0}\n它输出什么？",
                "逐行执行，输出是几？\n{0}"}},
     .test = {{"Be the computer: which number appears on the screen?\n{0}",
               "A friend wrote this.\n{0}\nWhich number shows up when it runs?"},
              {"假如你是电脑，屏幕上会显示几？\n{0}", "朋友写了这段代码：\n{0}\n执行后显示哪个数？"}}};

/* The program being written, line by line. */
typedef struct program {
    char text[400];
} program;

static void put_line(program *code, const char *line) {
    size_t used = strlen(code->text);
    snprintf(code->text + used, sizeof code->text - used, "%s%s", used ? "\n" : "", line);
}

#define LINE(code, ...)                                                                                      \
    do {                                                                                                     \
        char line_[96];                                                                                      \
        snprintf(line_, sizeof line_, __VA_ARGS__);                                                          \
        put_line(code, line_);                                                                               \
    } while (0)

/* Variable names: the test uses its own. */
static void draw_names(fm_maker *m, char *names, int n) {
    const char *from = m->test ? "uvwpq" : "abcdxyzkmnst";
    int64_t at[4];
    fm_draw_distinct(m, at, n, 0, (int64_t)strlen(from) - 1);
    for (int i = 0; i < n; i++) names[i] = from[at[i]];
}

static void finish(fm_maker *m, const program *code, int64_t value) {
    fm_key_text(m, code->text);
    if (strlen(code->text) + 1 >= sizeof code->text) m->overflow = true;
    fm_ask_part(m, &wordings, code->text);
    fm_put_answer(m, "%" PRId64, value);
    fm_put_expected(m, "%" PRId64, value);
}

/* a = 3, b = a + 4 ...; at level 3 some lines write a variable again. */
static void make_assign(fm_maker *m) {
    program code = {""};
    char name[3];
    int64_t value[3], high = m->level == 1 ? 9 : 30;
    int lines = m->level == 1 ? 1 : m->level == 2 ? 2 : fm_draw_depth(m, 3, 4, 5), last = 0;
    draw_names(m, name, 3);
    for (int i = 0; i < 2; i++) {
        value[i] = fm_draw(m, 2, high);
        LINE(&code, "%c = %" PRId64, name[i], value[i]);
        fm_put_work(m, "%c=%" PRId64 "\n", name[i], value[i]);
    }
    value[2] = 0;
    bool have_third = false;
    for (int i = 0; i < lines; i++) {
        int to = i == 0 ? 2 : fm_draw_below(m, 3), left = fm_draw_below(m, have_third ? 3 : 2),
            right = 1 - left;
        char op = "+-*"[fm_draw_below(m, 3)];
        if (left == 2) right = fm_draw_below(m, 2);
        bool constant = fm_draw_below(m, 3) == 0 && i > 0;
        int64_t operand = constant ? fm_draw(m, 1, 9) : value[right];
        if (op == '*' && (value[left] > 12 || operand > 12 || value[left] < 0 || operand < 0)) op = '+';
        if (operand < 0 || value[left] < 0) op = '+';
        int64_t x = value[left], y = operand;
        if (y < 0) { /* keeps to a + b with b >= 0 */
            y = fm_draw(m, 1, 9);
            constant = true;
        }
        if (constant)
            LINE(&code, "%c = %c %c %" PRId64, name[to], name[left], op, y);
        else
            LINE(&code, "%c = %c %c %c", name[to], name[left], op, name[right]);
        fm_put_work(m, "%c=%" PRId64 "%c%" PRId64 "\n", name[to], x, op, y);
        value[to] = fm_work_op(m, x, op, y);
        fm_put_work(m, "%c=%" PRId64 "\n", name[to], value[to]);
        have_third = true;
        last = to;
    }
    LINE(&code, "print(%c)", name[last]);
    finish(m, &code, value[last]);
}

static void make_if(fm_maker *m) {
    program code = {""};
    char name[2];
    draw_names(m, name, 2);
    int64_t a = fm_draw(m, 1, m->level == 1 ? 20 : 99), limit = fm_draw(m, 1, m->level == 1 ? 20 : 99),
            p = fm_draw(m, 1, 9), q = fm_draw(m, 1, 9);
    if (fm_draw_below(m, 5) == 0) limit = a + fm_draw(m, -1, 1);
    bool greater = fm_draw_flip(m), taken = greater ? a > limit : a < limit;
    LINE(&code, "%c = %" PRId64, name[0], a);
    LINE(&code, "if %c %c %" PRId64 ":", name[0], greater ? '>' : '<', limit);
    LINE(&code, "    %c = %c + %" PRId64, name[1], name[0], p);
    LINE(&code, "else:");
    LINE(&code, "    %c = %c - %" PRId64, name[1], name[0], q);
    LINE(&code, "print(%c)", name[1]);
    m->p->chance = m->level == 1 ? 0.1 : 0;
    fm_put_work(m, "%c=%" PRId64 "\n", name[0], a);
    fm_put_work(m, "%" PRId64 "%c%" PRId64 "%s\n", a, greater ? '>' : '<', limit,
                taken ? fm_say(m, " yes", " 对") : fm_say(m, " no", " 不对"));
    fm_put_work(m, "%c=%" PRId64 "%c%" PRId64 "\n", name[1], a, taken ? '+' : '-', taken ? p : q);
    finish(m, &code, fm_work_op(m, a, taken ? '+' : '-', taken ? p : q));
}

/* for i in range(n): x = x + step, or x + i; level 3 with a second variable. */
static void make_loop(fm_maker *m) {
    program code = {""};
    char name[2];
    draw_names(m, name, 2);
    int rounds = m->level == 2 ? (int)fm_draw(m, 2, 4) : fm_draw_depth(m, 3, 4, 5);
    bool by_index = fm_draw_flip(m);
    int64_t x = fm_draw(m, 0, 20), step = fm_draw(m, 1, 9);
    LINE(&code, "%c = %" PRId64, name[0], x);
    LINE(&code, "for i in range(%d):", rounds);
    if (by_index)
        LINE(&code, "    %c = %c + i", name[0], name[0]);
    else
        LINE(&code, "    %c = %c + %" PRId64, name[0], name[0], step);
    LINE(&code, "print(%c)", name[0]);
    fm_put_work(m, "%c=%" PRId64 "\n", name[0], x);
    for (int i = 0; i < rounds; i++) {
        fm_put_work(m, "i=%d: ", i);
        int64_t add = by_index ? i : step;
        fm_put_work(m, "%c=%" PRId64 "+%" PRId64 "=%" PRId64 "\n", name[0], x, add, x + add);
        x += add;
    }
    finish(m, &code, x);
}

static void make_list_loop(fm_maker *m) {
    program code = {""};
    char name[2];
    draw_names(m, name, 2);
    int64_t v[6], x = 0, limit = fm_draw(m, 3, 12);
    int n = m->level == 2 ? (int)fm_draw(m, 3, 4) : fm_draw_depth(m, 4, 5, 6);
    bool with_if = m->level == 3;
    fm_draw_distinct(m, v, n, 1, with_if ? 15 : 20);
    LINE(&code, "%c = 0", name[0]);
    LINE(&code, "for %c in [%s]:", name[1], fm_joined(m, v, n, ", "));
    if (with_if) LINE(&code, "    if %c > %" PRId64 ":", name[1], limit);
    LINE(&code, with_if ? "        %c = %c + %c" : "    %c = %c + %c", name[0], name[0], name[1]);
    LINE(&code, "print(%c)", name[0]);
    fm_put_work(m, "%c=0\n", name[0]);
    for (int i = 0; i < n; i++) {
        fm_put_work(m, "%c=%" PRId64 ": ", name[1], v[i]);
        bool taken = !with_if || v[i] > limit;
        if (with_if)
            fm_put_work(m, "%" PRId64 ">%" PRId64 "%s", v[i], limit,
                        taken ? fm_say(m, " yes, ", " 对，") : fm_say(m, " no\n", " 不对\n"));
        if (!taken) continue;
        fm_put_work(m, "%c=%" PRId64 "+%" PRId64 "=%" PRId64 "\n", name[0], x, v[i], x + v[i]);
        x += v[i];
    }
    finish(m, &code, x);
}

static void make_while(fm_maker *m) {
    program code = {""};
    char name[2];
    draw_names(m, name, 2);
    int64_t x = fm_draw(m, 1, 12), limit = fm_draw(m, 15, 40), step = fm_draw(m, 6, 12);
    LINE(&code, "%c = %" PRId64, name[0], x);
    LINE(&code, "while %c < %" PRId64 ":", name[0], limit);
    LINE(&code, "    %c = %c + %" PRId64, name[0], name[0], step);
    LINE(&code, "print(%c)", name[0]);
    fm_put_work(m, "%c=%" PRId64 "\n", name[0], x);
    while (x < limit) {
        fm_put_work(m, "%" PRId64 "<%" PRId64 "%s", x, limit, fm_say(m, " yes, ", " 对，"));
        fm_put_work(m, "%c=%" PRId64 "+%" PRId64 "=%" PRId64 "\n", name[0], x, step, x + step);
        x += step;
    }
    fm_put_work(m, "%" PRId64 "<%" PRId64 "%s\n", x, limit, fm_say(m, " no", " 不对"));
    finish(m, &code, x);
}

static void make(fm_maker *m) {
    static const int forms[FM_TASK_LEVELS][4] = {{FORM_ASSIGN, FORM_ASSIGN, FORM_ASSIGN, FORM_IF},
                                                 {FORM_ASSIGN, FORM_IF, FORM_LOOP, FORM_LIST_LOOP},
                                                 {FORM_ASSIGN, FORM_WHILE, FORM_LOOP, FORM_LIST_LOOP}};
    m->p->form = forms[m->level - 1][fm_draw_below(m, 4)];
    fm_key(m, m->p->form);
    switch (m->p->form) {
    case FORM_ASSIGN: make_assign(m); break;
    case FORM_IF: make_if(m); break;
    case FORM_LOOP: make_loop(m); break;
    case FORM_LIST_LOOP: make_list_loop(m); break;
    default: make_while(m); break;
    }
}

const fm_task_kind fm_kind_code = {"code", "code tracing", make, fm_judge_number, {0.03, 0, 0}};
