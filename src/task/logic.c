/* logic.c: who is tallest, who lies, what follows. Levels: docs/TASKS.md.
 *
 * Orderings give the chain's neighbours in random order and direction; the solution writes every statement
 * with
 * ">" and then links them. Truth tellers are solved by trying every assignment in a fixed order.
 */
#include <string.h>

#include "task/make.h"

enum { FORM_ORDER, FORM_TRUTH, FORM_FOLLOWS, FORM_WHO_LIES };

/* ---- orderings ---- */

enum { SCALES = 5 };
/* {0} is more than {1}; {0} is less than {1}; who is first, last, second. */
typedef struct scale {
    const char *more[2], *less[2], *most, *least, *second;
} scale;
static const scale train_scales[FM_LANGS][SCALES] = {
    {{{"%s is taller than %s.", "%s is taller than %s."},
      {"%s is shorter than %s.", "%s is not as tall as %s."},
      "Who is the tallest?",
      "Who is the shortest?",
      "Who is the second tallest?"},
     {{"%s is older than %s.", "%s was born before %s."},
      {"%s is younger than %s.", "%s was born after %s."},
      "Who is the oldest?",
      "Who is the youngest?",
      "Who is the second oldest?"},
     {{"%s is faster than %s.", "%s runs faster than %s."},
      {"%s is slower than %s.", "%s runs slower than %s."},
      "Who is the fastest?",
      "Who is the slowest?",
      "Who is the second fastest?"},
     {{"%s is heavier than %s.", "%s is heavier than %s."},
      {"%s is lighter than %s.", "%s is not as heavy as %s."},
      "Who is the heaviest?",
      "Who is the lightest?",
      "Who is the second heaviest?"},
     {{"%s is richer than %s.", "%s has more money than %s."},
      {"%s is poorer than %s.", "%s has less money than %s."},
      "Who is the richest?",
      "Who is the poorest?",
      "Who is the second richest?"}},
    {{{"%s比%s高。", "%s的个子比%s高。"},
      {"%s比%s矮。", "%s没有%s高。"},
      "谁最高？",
      "谁最矮？",
      "谁第二高？"},
     {{"%s比%s大。", "%s的年龄比%s大。"},
      {"%s比%s小。", "%s没有%s大。"},
      "谁的年龄最大？",
      "谁的年龄最小？",
      "谁的年龄第二大？"},
     {{"%s比%s快。", "%s跑得比%s快。"}, {"%s比%s慢。", "%s没有%s快。"}, "谁最快？", "谁最慢？", "谁第二快？"},
     {{"%s比%s重。", "%s的体重比%s重。"},
      {"%s比%s轻。", "%s没有%s重。"},
      "谁最重？",
      "谁最轻？",
      "谁第二重？"},
     {{"%s的钱比%s多。", "%s的钱比%s多。"},
      {"%s的钱比%s少。", "%s的钱没有%s多。"},
      "谁的钱最多？",
      "谁的钱最少？",
      "谁的钱第二多？"}}};
/* The test's own sentences: other comparisons and other questions. */
static const scale test_scales[FM_LANGS][2] = {{{{"%s stands ahead of %s.", "%s stands before %s."},
                                                 {"%s stands behind %s.", "%s stands after %s."},
                                                 "Who stands first in the line?",
                                                 "Who stands last in the line?",
                                                 "Who stands second in the line?"},
                                                {{"%s is stronger than %s.", "%s has more strength than %s."},
                                                 {"%s is weaker than %s.", "%s has less strength than %s."},
                                                 "Name the strongest.",
                                                 "Name the weakest.",
                                                 "Name the second strongest."}},
                                               {{{"%s排在%s前面。", "%s站在%s前面。"},
                                                 {"%s排在%s后面。", "%s站在%s后面。"},
                                                 "谁排在最前面？",
                                                 "谁排在最后面？",
                                                 "谁排在第二个？"},
                                                {{"%s的力气比%s大。", "%s力气比%s大。"},
                                                 {"%s的力气比%s小。", "%s的力气没有%s大。"},
                                                 "力气最大的是谁？",
                                                 "力气最小的是谁？",
                                                 "力气第二大的是谁？"}}};

static void answer_name(fm_maker *m, const char *name) {
    fm_put_answer(m, fm_say(m, "It is %s.", "是%s。"), name);
    fm_put_expected(m, "%s", name);
}

static void make_order(fm_maker *m) {
    int n = m->level == 1   ? 3
            : m->level == 2 ? 4
                            : fm_draw_depth(m, 4, 5, 6),
        which = fm_draw_below(m, m->test ? 2 : SCALES);
    const scale *s = m->test ? &test_scales[m->p->lang][which] : &train_scales[m->p->lang][which];
    const char *who[6]; /* from most to least */
    fm_pick_distinct(m, &fm_names, who, n);
    int64_t order[5];
    for (int i = 0; i < n - 1; i++) order[i] = i;
    fm_draw_shuffle(m, order, n - 1);
    for (int i = 0; i < n - 1; i++) {
        const char *high = who[order[i]], *low = who[order[i] + 1];
        bool more = fm_draw_flip(m);
        fm_put_prompt(m, "%s", i && !m->zh ? " " : "");
        fm_put_prompt(m, (more ? s->more : s->less)[fm_draw_below(m, 2)], more ? high : low,
                      more ? low : high);
        fm_put_work(m, "%s>%s\n", high, low);
        fm_key(m, order[i] * 2 + more);
    }
    for (int i = 0; i < n; i++) fm_key_text(m, who[i]);
    int ask = fm_draw_below(m, m->level == 1 ? 2 : 3); /* most, least, second */
    fm_key(m, ask * 8 + which);
    fm_put_prompt(m, "%s%s", m->zh ? "" : " ", ask == 0 ? s->most : ask == 1 ? s->least : s->second);
    for (int i = 0; i < n; i++) fm_put_work(m, "%s%s", i ? ">" : fm_say(m, "In order: ", "顺序："), who[i]);
    m->p->chance = 1.0 / n;
    answer_name(m, who[ask == 0 ? 0 : ask == 1 ? n - 1 : 1]);
}

/* ---- what follows ---- */

static const fm_words kinds = {.train = {{"bips", "zogs", "wugs", "dax", "mips", "tovs", "lorks", "fenks",
                                          "gribs", "nars", "pims", "quobs"},
                                         {"红球", "方块", "大猫", "小鸟", "木马", "星果", "花石", "风鱼",
                                          "水鸟", "金猫", "月石", "云果"}},
                               .test = {{"rels", "sugs", "kerms", "vops"}, {"火鸟", "雪石", "山猫", "海果"}}};

static const fm_wordings all_are = {/* all {0} are {1} */
                                    .train = {{"All {0} are {1}.", "Every one of the {0} belongs to the {1}.",
                                               "All the {0} are {1}."},
                                              {"所有{0}都是{1}。", "{0}全都是{1}。", "凡是{0}都是{1}。"}},
                                    .test = {{"Each of the {0} is among the {1}."},
                                             {"每一个{0}都属于{1}。"}}};
static const fm_wordings none_are = {
    .train = {{"No {0} are {1}.", "None of the {0} are {1}.", "None of the {0} belong to the {1}."},
              {"所有{0}都不是{1}。", "{0}全都不是{1}。", "凡是{0}都不是{1}。"}},
    .test = {{"Not one of the {0} is among the {1}."}, {"没有一个{0}属于{1}。"}}};
static const fm_wordings one_is = {/* {0} person {1} kind */
                                   .train = {{" {0}'s pet is one of the {1}.", " {0} belongs to the {1}.",
                                              " {0} is one of the {1}."},
                                             {"{0}的东西是{1}。", "{0}拿着的是{1}。", "{0}手里的是{1}。"}},
                                   .test = {{" {0} owns something that is one of the {1}."},
                                            {"{0}带来的是{1}。"}}};
static const fm_wordings is_it = {
    .train = {{" Is it one of the {1}?", " Does it belong to the {1}? Answer yes or no.",
               " So is it one of the {1}?"},
              {"那么它是{1}吗？", "它是不是{1}？", "请问它是{1}吗？"}},
    .test = {{" Tell me yes or no: is it among the {1}?"}, {"由此看来，它属于{1}吗？"}}};

/* A chain of "all" with a last link that is "all" or "none": the answer is yes or no, half and half. */
static void make_follows(fm_maker *m) {
    int links = m->level == 1 ? 1 : m->level == 2 ? 2 : fm_draw_depth(m, 2, 3, 4);
    const char *kind[6] = {0}, *who = fm_pick(m, &fm_names);
    bool yes = fm_draw_flip(m);
    fm_pick_distinct(m, &kinds, kind, links + 1);
    int64_t order[4];
    for (int i = 0; i < links; i++) order[i] = i;
    if (m->level > 1) fm_draw_shuffle(m, order, links);
    for (int i = 0; i < links; i++) {
        int at = (int)order[i];
        if (i && !m->zh) fm_put_prompt(m, " ");
        fm_ask_part(m, at == links - 1 && !yes ? &none_are : &all_are, kind[at], kind[at + 1]);
        fm_key(m, at);
    }
    fm_key(m, yes);
    fm_key_text(m, who);
    for (int i = 0; i <= links; i++) fm_key_text(m, kind[i]);
    fm_ask_part(m, &one_is, who, kind[0]);
    fm_ask_part(m, &is_it, who, kind[links]);
    fm_put_work(m, "%s", kind[0]);
    for (int i = 1; i <= links; i++)
        fm_put_work(m, "\n%s %s %s", kind[i - 1],
                    i == links && !yes ? fm_say(m, "-> not", "→不是") : fm_say(m, "->", "→是"), kind[i]);
    m->p->chance = 0.5;
    fm_put_answer(m, "%s", yes ? fm_say(m, "Yes.", "是。") : fm_say(m, "No.", "不是。"));
    fm_put_expected(m, "%s", yes ? fm_say(m, "yes", "是") : fm_say(m, "no", "不是"));
}

/* ---- truth tellers ---- */

enum { SAY_HONEST, SAY_LIAR, SAY_SAME, SAY_DIFFERENT, SAYINGS };

/* What person `speaker` says about person `about`. */
typedef struct saying {
    int what, about;
} saying;

static bool saying_true(saying s, int speaker, unsigned honest) {
    bool self = honest >> speaker & 1, other = honest >> s.about & 1;
    switch (s.what) {
    case SAY_HONEST: return other;
    case SAY_LIAR: return !other;
    case SAY_SAME: return self == other;
    default: return self != other;
    }
}

static bool consistent(const saying *says, int n, unsigned honest) {
    for (int i = 0; i < n; i++)
        if (saying_true(says[i], i, honest) != (honest >> i & 1)) return false;
    return true;
}

static const fm_wordings island =
    {/* {0} the people */
     .train = {{"{0} each always tell the truth or always lie.",
                "Each of {0} is either a truth teller or a liar.",
                "{0}: every one always lies or never lies.",
                "On an island live {0}. Each always tells the truth or always lies."},
               {"{0}，每人要么总说真话，要么总说假话。", "岛上有{0}，每个人或者总说真话，或者总说假话。",
                "{0}中，每个人不是老实人就是骗子。"}},
     .test = {{"Here are {0}. Some may be honest, who only say true things, the others are liars, who only "
               "say false things."},
              {"这里有{0}，老实人只讲真话，骗子只讲假话。"}}};
/* {0} speaker {1} about */
static const fm_wordings sayings[SAYINGS] = {
    {.train = {{" {0} says: {1} tells the truth.", " {0} says: {1} is honest."},
               {"{0}说：{1}说真话。", "{0}说：{1}是老实人。"}},
     .test = {{" {0} claims that {1} is honest."}, {"{0}声称{1}是老实人。"}}},
    {.train = {{" {0} says: {1} lies.", " {0} says: {1} is a liar."},
               {"{0}说：{1}说假话。", "{0}说：{1}是骗子。"}},
     .test = {{" {0} claims that {1} is a liar."}, {"{0}声称{1}是骗子。"}}},
    {.train = {{" {0} says: {1} and I are of the same kind.", " {0} says: {1} is the same as me."},
               {"{0}说：{1}和我是同一类人。", "{0}说：我和{1}一样。"}},
     .test = {{" {0} claims to be of the same kind as {1}."}, {"{0}声称自己和{1}是同类。"}}},
    {.train = {{" {0} says: {1} and I are different.", " {0} says: {1} is not the same as me."},
               {"{0}说：{1}和我是不同类的人。", "{0}说：我和{1}不一样。"}},
     .test = {{" {0} claims to be of another kind than {1}."}, {"{0}声称自己和{1}不是同类。"}}}};
static const fm_wordings which_is =
    {/* {0} person */
     .train = {{" Is {0} honest or a liar?", " What is {0}: honest or a liar?", " Is {0} a liar or honest?"},
               {"{0}是老实人还是骗子？", "请问{0}是老实人还是骗子？", "那么{0}是骗子还是老实人？"}},
     .test = {{" Which of the two is {0}, honest or a liar?"}, {"{0}究竟是老实人还是骗子？"}}};

static const char *letters(fm_maker *m, unsigned honest, int n) {
    char text[8];
    for (int i = 0; i < n; i++) text[2 * i] = honest >> i & 1 ? 'T' : 'F', text[2 * i + 1] = ' ';
    text[2 * n - 1] = '\0';
    return fm_text(m, "%s", text);
}

/* Says drawn until exactly one assignment fits. */
static unsigned draw_sayings(fm_maker *m, saying *says, int n) {
    for (;;) {
        unsigned found = 0;
        int fits = 0;
        for (int i = 0; i < n; i++)
            says[i] = (saying){fm_draw_below(m, SAYINGS), (i + 1 + fm_draw_below(m, n - 1)) % n};
        for (unsigned honest = 0; honest < 1u << n; honest++)
            if (consistent(says, n, honest)) fits++, found = honest;
        if (fits == 1) return found;
    }
}

static void make_truth(fm_maker *m) {
    int n = m->level == 3 ? 3 : 2;
    const char *who[3];
    saying says[3];
    fm_pick_distinct(m, &fm_names, who, n);
    unsigned honest = draw_sayings(m, says, n);
    int ask = fm_draw_below(m, n);
    bool is_honest = honest >> ask & 1;
    for (int i = 0; i < n; i++) {
        fm_key_text(m, who[i]);
        fm_key(m, says[i].what * 4 + says[i].about);
    }
    fm_key(m, ask);
    fm_ask_part(m, &island,
                n == 2 ? fm_text(m, fm_say(m, "%s and %s", "%s和%s"), who[0], who[1])
                       : fm_text(m, fm_say(m, "%s, %s and %s", "%s、%s和%s"), who[0], who[1], who[2]));
    for (int i = 0; i < n; i++) fm_ask_part(m, &sayings[says[i].what], who[i], who[says[i].about]);
    fm_ask_part(m, &which_is, who[ask]);
    fm_put_work(m, "%s", who[0]);
    for (int i = 1; i < n; i++) fm_put_work(m, " %s", who[i]);
    for (unsigned k = 0; k < 1u << n; k++) { /* all honest first */
        unsigned guess = ~k & ((1u << n) - 1);
        fm_put_work(m, "\n%s:", letters(m, guess, n));
        bool fits = true;
        for (int i = 0; i < n && fits; i++) {
            bool said = saying_true(says[i], i, guess);
            fits = said == (guess >> i & 1);
            fm_put_work(m, " %s %s", who[i], said ? "T" : "F");
        }
        fm_put_work(m, "%s", fits ? fm_say(m, " yes", " 对") : fm_say(m, " no", " 不对"));
        if (fits) break;
    }
    fm_put_work(m, "\n%s %s", who[ask], is_honest ? "T" : "F");
    m->p->chance = 0.5;
    if (m->zh)
        fm_put_answer(m, "%s是%s。", who[ask], is_honest ? "老实人" : "骗子");
    else
        fm_put_answer(m, "%s is %s.", who[ask], is_honest ? "honest" : "a liar");
    fm_put_expected(m, "%s", is_honest ? fm_say(m, "honest", "老实人") : fm_say(m, "liar", "骗子"));
}

static void make(fm_maker *m) {
    static const int forms[] = {FORM_ORDER, FORM_ORDER, FORM_FOLLOWS, FORM_TRUTH};
    m->p->form = forms[fm_draw_below(m, 4)];
    fm_key(m, m->p->form);
    if (m->p->form == FORM_ORDER)
        make_order(m);
    else if (m->p->form == FORM_FOLLOWS)
        make_follows(m);
    else
        make_truth(m);
}

/* A name: the last one named in the last line; yes or no; honest or liar. */
static bool judge(const fm_task_problem *p, const char *answer) {
    static const char *const yes_no[] = {"yes", "no", "是", "不是", "对", "不对", NULL};
    static const char *const sorts[] = {"honest", "liar", "truth teller", "not honest", "老实人",
                                        "骗子",   NULL};
    if (p->form == FORM_FOLLOWS) return fm_judge_choice(p->expected, yes_no, answer);
    if (p->form == FORM_TRUTH) return fm_judge_choice(p->expected, sorts, answer);
    return fm_judge_word(p, answer);
}

const fm_task_kind fm_kind_logic = {"logic", "simple logic", make, judge, {0.42, 0.38, 0.36}};
