/* make.c: drawing, wording and writing behind make.h. */
#include "task/make.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- drawing ---- */

int64_t fm_draw(fm_maker *m, int64_t low, int64_t high) { return fm_rng_range(&m->rng, low, high); }

int fm_draw_below(fm_maker *m, int n) { return (int)fm_rng_below(&m->rng, (uint32_t)n); }

bool fm_draw_flip(fm_maker *m) { return fm_rng_below(&m->rng, 2) == 1; }

int64_t fm_draw_digits(fm_maker *m, int digits) {
    int64_t low = 1;
    for (int i = 1; i < digits; i++) low *= 10;
    return fm_draw(m, low, low * 10 - 1);
}

void fm_draw_shuffle(fm_maker *m, int64_t *values, int n) {
    for (int i = n - 1; i > 0; i--) {
        int j = fm_draw_below(m, i + 1);
        int64_t keep = values[i];
        values[i] = values[j];
        values[j] = keep;
    }
}

void fm_draw_distinct(fm_maker *m, int64_t *values, int n, int64_t low, int64_t high) {
    for (int i = 0; i < n;) {
        values[i] = fm_draw(m, low, high);
        bool seen = false;
        for (int j = 0; j < i; j++) seen |= values[j] == values[i];
        if (!seen) i++;
    }
}

int fm_draw_depth(fm_maker *m, int train_low, int test, int train_high) {
    if (m->test) return test;
    return fm_draw_flip(m) ? train_low : train_high;
}

/* splitmix64's finaliser over key and value. */
void fm_key(fm_maker *m, int64_t value) {
    uint64_t h = (m->p->key ^ (uint64_t)value) + 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9u;
    h = (h ^ h >> 27) * 0x94D049BB133111EBu;
    m->p->key = h ^ h >> 31;
}

void fm_key_text(fm_maker *m, const char *text) {
    for (; *text; text++) fm_key(m, (unsigned char)*text);
}

/* ---- words ---- */

static int list_length(const char *const *list) {
    int n = 0;
    while (list[n] != NULL) n++;
    return n;
}

static const char *const *side(const fm_maker *m, const fm_words *words) {
    return m->test ? words->test[m->p->lang] : words->train[m->p->lang];
}

const char *fm_pick(fm_maker *m, const fm_words *words) {
    const char *const *list = side(m, words);
    return list[fm_draw_below(m, list_length(list))];
}

void fm_pick_distinct(fm_maker *m, const fm_words *words, const char **out, int n) {
    const char *const *list = side(m, words);
    int64_t at[16];
    fm_draw_distinct(m, at, n, 0, list_length(list) - 1);
    for (int i = 0; i < n; i++) out[i] = list[at[i]];
}

/* ---- writing ---- */

static void put_v(fm_maker *m, char *field, size_t room, const char *format, va_list args) {
    size_t used = strlen(field);
    int wrote = vsnprintf(field + used, room - used, format, args);
    if (wrote < 0 || (size_t)wrote >= room - used) m->overflow = true;
}

#define PUT(field, room)                                                                                     \
    do {                                                                                                     \
        va_list args;                                                                                        \
        va_start(args, format);                                                                              \
        put_v(m, field, room, format, args);                                                                 \
        va_end(args);                                                                                        \
    } while (0)

void fm_put_prompt(fm_maker *m, const char *format, ...) { PUT(m->p->prompt, FM_TASK_PROMPT_BYTES); }
void fm_put_work(fm_maker *m, const char *format, ...) { PUT(m->p->reasoning, FM_TASK_REASONING_BYTES); }
void fm_put_answer(fm_maker *m, const char *format, ...) { PUT(m->p->answer, FM_TASK_ANSWER_BYTES); }
void fm_put_expected(fm_maker *m, const char *format, ...) { PUT(m->p->expected, FM_TASK_ANSWER_BYTES); }

const char *fm_say(const fm_maker *m, const char *en, const char *zh) { return m->zh ? zh : en; }

const char *fm_text(fm_maker *m, const char *format, ...) {
    char *text = m->scratch[m->scratch_next++ % FM_SCRATCH];
    text[0] = '\0';
    PUT(text, FM_SCRATCH_BYTES);
    return text;
}

const char *fm_num(fm_maker *m, int64_t value) { return fm_text(m, "%" PRId64, value); }

const char *fm_joined(fm_maker *m, const int64_t *values, int n, const char *between) {
    char all[FM_SCRATCH_BYTES];
    size_t used = 0;
    for (int i = 0; i < n && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%" PRId64, i ? between : "", values[i]);
    if (used >= sizeof all) m->overflow = true;
    return fm_text(m, "%s", all);
}

static void fill(fm_maker *m, const char *wording, const char *const *args) {
    int n = list_length(args);
    const char *from = wording; /* what has not been written yet */
    for (const char *c = wording; *c; c++) {
        if (c[0] != '{' || c[1] < '0' || c[1] > '9' || c[2] != '}') continue;
        fm_put_prompt(m, "%.*s", (int)(c - from), from);
        if (c[1] - '0' >= n)
            m->overflow = true; /* a wording asks for an argument that is not there */
        else
            fm_put_prompt(m, "%s", args[c[1] - '0']);
        c += 2;
        from = c + 1;
    }
    fm_put_prompt(m, "%s", from);
}

/* Now and then a person says a word before or after the question. */
static const fm_words openings = {
    .train = {{"Question: ", "Please help me. ", "Quick question: ", "Can you help? ", "Here is a question. ",
               "Hi! ", "Hello. ", "I need some help. ", "Solve this: ", "Try this one. ",
               "Please answer: ", "I have a question. ", "Homework: ", "Problem: "},
              {"请问：", "问题：", "你好！", "请帮帮我。", "帮我算一下：", "请回答：", "我有一个问题。",
               "题目：", "老师问：", "想一想：", "快问快答：", "请你试试：", "作业题：", "嗨，"}},
    .test = {{"One more question: ", "My teacher asked me this. ", "Next: "},
             {"再来一题：", "我想问一下：", "下一题："}}};

static const fm_words closings = {
    .train = {{" Thanks!", " Thank you.", " Please think first.", " Please.", " Think step by step.",
               " Give me the answer."},
              {"谢谢！", "谢谢你。", "请先想一想。", "请告诉我答案。", "请一步一步想。"}},
    .test = {{" Many thanks!", " Please be careful."}, {"多谢！", "请仔细想。"}}};

void fm_ask_part_args(fm_maker *m, const fm_wordings *w, const char *const *args) {
    const char *const *list = m->test ? w->test[m->p->lang] : w->train[m->p->lang];
    fill(m, list[fm_draw_below(m, list_length(list))], args);
}

void fm_ask_args(fm_maker *m, const fm_wordings *w, const char *const *args) {
    if (fm_draw_below(m, 5) == 0) fm_put_prompt(m, "%s", fm_pick(m, &openings));
    fm_ask_part_args(m, w, args);
    if (fm_draw_below(m, 8) == 0) fm_put_prompt(m, "%s", fm_pick(m, &closings));
}

void fm_put_answer_number(fm_maker *m, int64_t value) {
    fm_put_answer(m, fm_say(m, "The answer is %" PRId64 ".", "答案是%" PRId64 "。"), value);
    fm_put_expected(m, "%" PRId64, value);
}

const fm_words fm_names = {
    .train = {{"Tom",   "Anna", "Ben",  "Lily", "Jack", "Mary", "Sam",   "Lucy",  "Max",    "Emma",
               "Peter", "Rose", "Paul", "Jane", "Leo",  "Kate", "Bill",  "Alice", "George", "Sara",
               "Henry", "Amy",  "Fred", "Ella", "Mark", "Nina", "Frank", "Julia", "Adam",   "Ruth"},
              {"小明", "小红", "小刚", "小丽", "小华", "小军", "小英", "小龙",
               "小美", "小兰", "小东", "小文", "王芳", "李强", "张伟", "刘洋",
               "陈静", "赵敏", "周杰", "吴磊", "王林", "李雪", "张明", "陈雨"}},
    .test = {{"Bob", "Mia", "David", "Eva", "John", "Grace", "Tim", "Helen"},
             {"小强", "小芳", "小雪", "小林", "王伟", "李静", "张华", "小雨"}}};
