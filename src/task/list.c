/* list.c: lists and strings: reverse, pick, count, filter, add up, remove. Levels: docs/TASKS.md.
 *
 * The solution goes through the list item by item; two-step questions write the list in between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "task/make.h"

enum {
    FORM_REVERSE,
    FORM_NTH,
    FORM_LENGTH,
    FORM_SUM,
    FORM_EVEN,
    FORM_ABOVE,
    FORM_WITHOUT,
    FORM_SPELL_BACK,
    FORM_POSITION,
    FORM_ADD_EACH,
    FORMS
};

/* {0} list {1} argument */
static const fm_wordings ask_wordings[FORMS] = {
    [FORM_REVERSE] = {.train = {{"Reverse the list {0}.", "Write {0} in reverse order.",
                                 "What is {0} backwards?", "Turn the list {0} around.",
                                 "List {0} from last to first.", "Read {0} from the end to the start."},
                                {"把列表{0}倒过来。", "将{0}反过来写。", "{0}倒序是什么？",
                                 "从后往前写出{0}。", "把{0}反转。"}},
                      .test = {{"Give me {0}, but starting at the end."}, {"请从末尾开始写出{0}。"}}},
    [FORM_NTH] = {.train = {{"What is item {1} of {0}?", "In {0}, what is number {1} from the left?",
                             "Give item number {1} of the list {0}.", "Which number is at place {1} in {0}?",
                             "Take the list {0}. What stands at position {1}?"},
                            {"{0}的第{1}个数是什么？", "列表{0}中第{1}个是几？",
                             "{0}里从左数第{1}个数是多少？", "写出{0}的第{1}项。"}},
                  .test = {{"If you count {0} from the left, which number is in place {1}?"},
                           {"请看{0}，排在第{1}的是哪个数？"}}},
    [FORM_LENGTH] = {.train = {{"How many numbers are in {0}?", "What is the length of the list {0}?",
                                "Count the items of {0}.", "How many items does {0} have?"},
                               {"{0}里有几个数？", "列表{0}的长度是多少？", "数一数{0}有几项。",
                                "{0}一共有几个数？"}},
                     .test = {{"Tell me how many entries {0} holds."}, {"请数出{0}中数的个数。"}}},
    [FORM_SUM] = {.train = {{"What is the sum of {0}?", "Add up the list {0}.", "Add all numbers of {0}.",
                             "What do the numbers {0} add up to?", "Find the sum of the list {0}."},
                            {"{0}的和是多少？", "把{0}全部加起来。", "求列表{0}的总和。",
                             "{0}这些数的和是几？", "{0}加起来是多少？"}},
                  .test = {{"What total do you get from the entries of {0}?"}, {"请算出{0}各数之和。"}}},
    [FORM_EVEN] = {.train = {{"Which numbers of {0} are even?", "List the even numbers in {0}.",
                              "Keep only the even numbers of {0}.", "Pick the even numbers from {0}."},
                             {"{0}中哪些是偶数？", "写出{0}里的偶数。", "只留下{0}中的偶数。",
                              "从{0}中选出偶数。"}},
                   .test = {{"Find every entry of {0} that can be divided by 2."},
                            {"请找出{0}里能被2整除的数。"}}},
    [FORM_ABOVE] = {.train = {{"Which numbers of {0} are greater than {1}?",
                               "List the numbers in {0} above {1}.",
                               "Keep only the numbers of {0} that are larger than {1}.",
                               "Pick the numbers over {1} from {0}."},
                              {"{0}中哪些数大于{1}？", "写出{0}里比{1}大的数。", "只留下{0}中大于{1}的数。",
                               "从{0}中选出超过{1}的数。"}},
                    .test = {{"Find every entry of {0} that is more than {1}."},
                             {"请找出{0}里高于{1}的数。"}}},
    [FORM_WITHOUT] = {.train = {{"Remove {1} from the list {0}.", "Delete every {1} in {0}.",
                                 "Write {0} without {1}.", "Take all {1} out of {0}. What is left?"},
                                {"从{0}中去掉{1}。", "删除{0}里的所有{1}。", "写出{0}去掉{1}以后的列表。",
                                 "把{0}里的{1}都拿走，还剩什么？"}},
                      .test = {{"What does {0} look like when each {1} is gone?"},
                               {"{0}里不要{1}，其余的照样写出来。"}}},
    [FORM_SPELL_BACK] = {.train = {{"Spell \"{0}\" backwards.", "Reverse the word \"{0}\".",
                                    "Write {0} from the last letter to the first.",
                                    "What is \"{0}\" backwards?", "Turn the word {0} around."},
                                   {"把单词“{0}”倒过来写。", "反转字符串“{0}”。", "“{0}”倒着写是什么？",
                                    "从最后一个字母开始写{0}。"}},
                         .test = {{"If you read the letters of {0} from right to left, what do you get?"},
                                  {"从右往左读{0}的字母，会得到什么？"}}},
    [FORM_POSITION] = {.train = {{"At which place is {1} in {0}?",
                                  "What is the position of {1} in the list {0}?",
                                  "Where is {1} in {0}? Give its number from the left.",
                                  "Which item of {0} is {1}? Give its place."},
                                 {"{1}在{0}中排第几？", "{0}里第几个数是{1}？", "{1}是{0}的第几个？",
                                  "求{1}在列表{0}中的位置。"}},
                       .test = {{"Count {0} from the left until you meet {1}. How far did you count?"},
                                {"从左边数{0}，数到{1}时是第几个？"}}},
    [FORM_ADD_EACH] = {
        .train = {{"Add {1} to each number of {0}.", "Add {1} to every item in {0}.",
                   "Make each number of {0} larger by {1}.", "Increase all numbers in {0} by {1}."},
                  {"把{0}的每个数加{1}。", "{0}中每个数都加上{1}，得到什么？", "让{0}里的数都增加{1}。",
                   "给{0}的每一项加{1}。"}},
        .test = {{"What does {0} become when all its entries grow by {1}?"},
                 {"{0}各数都大{1}，会变成什么？"}}}};

static const char *list_text(fm_maker *m, const int64_t *v, int n) {
    return fm_text(m, "[%s]", fm_joined(m, v, n, ", "));
}

static void answer_list(fm_maker *m, const int64_t *v, int n) {
    fm_put_answer(m, "%s", list_text(m, v, n));
    fm_put_expected(m, "%s", fm_joined(m, v, n, ", "));
}

static int reverse(int64_t *v, int n) {
    for (int i = 0; i < n / 2; i++) {
        int64_t keep = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = keep;
    }
    return n;
}

/* Item by item with its place: "1:7 2:12 3:9". */
static void say_places(fm_maker *m, const int64_t *v, int n, int last) {
    for (int i = 0; i < n && i < last; i++) fm_put_work(m, "%s%d:%" PRId64, i ? " " : "", i + 1, v[i]);
    fm_put_work(m, "\n");
}

/* Keeps what passes, saying yes or no to each: "7 no". Returns how many are left. */
static int filter(fm_maker *m, int64_t *v, int n, int form, int64_t limit) {
    int kept = 0;
    for (int i = 0; i < n; i++) {
        bool pass = form == FORM_EVEN ? v[i] % 2 == 0 : form == FORM_ABOVE ? v[i] > limit : v[i] != limit;
        if (form == FORM_ABOVE)
            fm_put_work(m, "%" PRId64 "%c%" PRId64, v[i],
                        v[i] > limit   ? '>'
                        : v[i] < limit ? '<'
                                       : '=',
                        limit);
        else
            fm_put_work(m, "%" PRId64, v[i]);
        fm_put_work(m, "%s\n", pass ? fm_say(m, " yes", " 留") : fm_say(m, " no", " 去"));
        if (pass) v[kept++] = v[i];
    }
    fm_put_work(m, "[%s]\n", fm_joined(m, v, kept, ", "));
    return kept;
}

static int64_t sum(fm_maker *m, const int64_t *v, int n) {
    int64_t all = v[0];
    for (int i = 1; i < n; i++) all = fm_work_add(m, all, v[i]);
    return all;
}

static int64_t draw_argument(fm_maker *m, int form, int64_t *v, int n) {
    switch (form) {
    case FORM_NTH: return fm_draw(m, 1, n);
    case FORM_POSITION: return v[fm_draw_below(m, n)];
    case FORM_WITHOUT: return v[fm_draw_below(m, n)];
    case FORM_ADD_EACH: return fm_draw(m, 1, 9);
    case FORM_ABOVE: return v[fm_draw_below(m, n)] - fm_draw(m, 0, 1) * fm_draw(m, 1, 9);
    default: return 0;
    }
}

static void make_numbers(fm_maker *m, int form) {
    int64_t v[8];
    int n = m->level == 1 ? (int)fm_draw(m, 3, 5) : (int)fm_draw(m, 4, 6);
    fm_draw_distinct(m, v, n, 1, form == FORM_SUM ? (m->level == 1 ? 9 : 40) : m->level == 1 ? 20 : 99);
    if (form == FORM_WITHOUT && fm_draw_flip(m)) v[n - 1] = v[0];
    int64_t argument = draw_argument(m, form, v, n);
    if (form == FORM_EVEN) v[fm_draw_below(m, n)] &= ~INT64_C(1); /* at least one stays... */
    if (form == FORM_EVEN)
        for (int i = 0; i < n; i++) v[i] += v[i] == 0 ? 2 : 0;
    if (form == FORM_ABOVE) { /* ... here too */
        int64_t top = v[0];
        for (int i = 1; i < n; i++) top = v[i] > top ? v[i] : top;
        if (argument >= top) argument = top - 1;
        if (argument < 1) argument = 1, v[0] += v[0] <= 1;
    }
    for (int i = 0; i < n; i++) fm_key(m, v[i]);
    fm_key(m, argument);
    fm_ask(m, &ask_wordings[form], list_text(m, v, n), fm_num(m, argument));
    if (form == FORM_NTH || form == FORM_LENGTH || form == FORM_POSITION) m->p->chance = 1.0 / n;
    switch (form) {
    case FORM_REVERSE:
        say_places(m, v, n, n);
        fm_put_work(m, "%s", fm_say(m, "Last to first: ", "从后往前："));
        reverse(v, n);
        fm_put_work(m, "%s", fm_joined(m, v, n, " "));
        answer_list(m, v, n);
        break;
    case FORM_NTH:
        say_places(m, v, n, (int)argument);
        fm_put_answer_number(m, v[argument - 1]);
        break;
    case FORM_LENGTH:
        say_places(m, v, n, n);
        fm_put_answer_number(m, n);
        break;
    case FORM_POSITION: {
        int at = 0;
        while (v[at] != argument) at++;
        say_places(m, v, n, at + 1);
        fm_put_answer_number(m, at + 1);
        break;
    }
    case FORM_SUM: fm_put_answer_number(m, sum(m, v, n)); break;
    case FORM_ADD_EACH:
        for (int i = 0; i < n; i++) {
            fm_put_work(m, "%" PRId64 "+%" PRId64 "=%" PRId64 "\n", v[i], argument, v[i] + argument);
            v[i] += argument;
        }
        answer_list(m, v, n);
        break;
    default: answer_list(m, v, filter(m, v, n, form, argument)); break;
    }
}

static void make_spell_back(fm_maker *m) {
    static const char *const words[] = {
        "cat",    "dog",    "sun",    "tree",   "book",   "moon",   "star",   "fish",   "bird",   "milk",
        "rain",   "snow",   "green",  "house",  "water",  "apple",  "table",  "light",  "stone",  "cloud",
        "river",  "plant",  "music",  "train",  "smile",  "horse",  "bread",  "chair",  "garden", "winter",
        "yellow", "window", "flower", "planet", "pencil", "butter", "monkey", "silver", "summer", "school"};
    const char *word;
    char made[16];
    if (fm_draw_flip(m)) { /* letters at random */
        int n = m->level == 1 ? (int)fm_draw(m, 3, 4) : (int)fm_draw(m, 5, 7);
        for (int i = 0; i < n; i++) made[i] = (char)('a' + fm_draw_below(m, 26));
        made[n] = '\0';
        word = made;
    } else
        word = words[fm_draw_below(m, m->level == 1 ? 12 : 40)];
    int n = (int)strlen(word);
    char back[16];
    for (int i = 0; i < n; i++) back[i] = word[n - 1 - i];
    back[n] = '\0';
    fm_key_text(m, word);
    fm_ask(m, &ask_wordings[FORM_SPELL_BACK], word);
    for (int i = 0; i < n; i++) fm_put_work(m, "%s%c", i ? " " : "", word[i]);
    fm_put_work(m, "\n");
    for (int i = 0; i < n; i++) fm_put_work(m, "%s%c", i ? " " : "", back[i]);
    fm_put_answer(m, "%s", back);
    fm_put_expected(m, "%s", back);
}

/* Level 3: two steps, the second on the list that the first leaves. */
enum { TWO_EVEN_SUM, TWO_ABOVE_COUNT, TWO_REVERSE_NTH, TWO_ABOVE_SUM, TWO_REVERSE_WITHOUT, TWOS };
static const fm_wordings two_wordings[TWOS] = {
    [TWO_EVEN_SUM] =
        {.train = {{"Add up the even numbers of {0}.", "What is the sum of all even numbers in {0}?",
                    "Take the even numbers of {0} and add them."},
                   {"把{0}中的偶数加起来。", "{0}里所有偶数的和是多少？", "选出{0}的偶数再求和。"}},
         .test = {{"In {0}, what total do the entries that divide by 2 give?"},
                  {"{0}里能被2整除的数合计多少？"}}},
    [TWO_ABOVE_COUNT] = {.train = {{"How many numbers of {0} are greater than {1}?",
                                    "Count the numbers in {0} above {1}.",
                                    "In {0}, how many numbers are larger than {1}?"},
                                   {"{0}中有几个数大于{1}？", "数一数{0}里比{1}大的数有几个。",
                                    "{0}里大于{1}的数有多少个？"}},
                         .test = {{"Tell me how many entries of {0} are more than {1}."},
                                  {"请数出{0}里高于{1}的数的个数。"}}},
    [TWO_REVERSE_NTH] = {.train = {{"Reverse {0}. What is item {1} then?",
                                    "Turn {0} around and give item {1}.",
                                    "What is number {1} of {0} counted after reversing it?"},
                                   {"把{0}倒过来，第{1}个数是什么？", "{0}反转以后，第{1}项是几？",
                                    "将{0}倒序，再写出第{1}个数。"}},
                         .test = {{"Read {0} from its end. Which number is in place {1} then?"},
                                  {"从末尾读{0}，读到的第{1}个数是几？"}}},
    [TWO_ABOVE_SUM] = {.train = {{"Add up the numbers of {0} that are greater than {1}.",
                                  "What is the sum of all numbers above {1} in {0}?",
                                  "Take the numbers over {1} from {0} and add them."},
                                 {"把{0}中大于{1}的数加起来。", "{0}里比{1}大的数的和是多少？",
                                  "选出{0}中超过{1}的数再求和。"}},
                       .test = {{"In {0}, what total do the entries that are more than {1} give?"},
                                {"{0}里高于{1}的数合计多少？"}}},
    [TWO_REVERSE_WITHOUT] = {.train = {{"Remove {1} from {0}, then reverse it.",
                                        "Delete {1} in {0} and write the rest in reverse order.",
                                        "Take {1} out of {0} and turn the rest around."},
                                       {"从{0}中去掉{1}，再倒过来。", "删除{0}里的{1}，然后反转。",
                                        "把{0}的{1}拿走，其余的倒着写。"}},
                             .test = {{"What is left of {0} without {1}, read from its end?"},
                                      {"{0}里不要{1}，其余的从末尾写起。"}}}};

static void make_two(fm_maker *m) {
    int which = fm_draw_below(m, TWOS), n = fm_draw_depth(m, 5, 6, 7);
    int64_t v[8];
    fm_draw_distinct(m, v, n, 1, 40);
    int64_t low = v[0], high = v[0];
    for (int i = 1; i < n; i++) low = v[i] < low ? v[i] : low, high = v[i] > high ? v[i] : high;
    int64_t argument = which == TWO_REVERSE_NTH       ? fm_draw(m, 2, n)
                       : which == TWO_REVERSE_WITHOUT ? v[fm_draw_below(m, n)]
                       : which == TWO_EVEN_SUM        ? 0
                                                      : fm_draw(m, low, high - 1);
    if (which == TWO_EVEN_SUM) v[0] = (v[0] + 1) & ~INT64_C(1);
    m->p->form = FORMS + which;
    fm_key(m, which);
    for (int i = 0; i < n; i++) fm_key(m, v[i]);
    fm_key(m, argument);
    fm_ask(m, &two_wordings[which], list_text(m, v, n), fm_num(m, argument));
    switch (which) {
    case TWO_EVEN_SUM:
    case TWO_ABOVE_SUM:
        n = filter(m, v, n, which == TWO_EVEN_SUM ? FORM_EVEN : FORM_ABOVE, argument);
        fm_put_answer_number(m, sum(m, v, n));
        break;
    case TWO_ABOVE_COUNT:
        n = filter(m, v, n, FORM_ABOVE, argument);
        say_places(m, v, n, n);
        m->p->chance = 0.2;
        fm_put_answer_number(m, n);
        break;
    case TWO_REVERSE_NTH:
        m->p->chance = 1.0 / n;
        reverse(v, n);
        fm_put_work(m, "%s\n", list_text(m, v, n));
        say_places(m, v, n, (int)argument);
        fm_put_answer_number(m, v[argument - 1]);
        break;
    default:
        n = filter(m, v, n, FORM_WITHOUT, argument);
        reverse(v, n);
        answer_list(m, v, n);
        break;
    }
}

static void make(fm_maker *m) {
    static const int easy[] = {FORM_REVERSE, FORM_NTH, FORM_LENGTH, FORM_SUM, FORM_SPELL_BACK, FORM_POSITION};
    static const int middle[] = {FORM_EVEN,       FORM_ABOVE,    FORM_WITHOUT, FORM_SUM,
                                 FORM_SPELL_BACK, FORM_ADD_EACH, FORM_REVERSE};
    m->p->form = m->level == 1   ? easy[fm_draw_below(m, 6)]
                 : m->level == 2 ? middle[fm_draw_below(m, 7)]
                                 : FORMS;
    fm_key(m, m->p->form);
    if (m->level == 3)
        make_two(m);
    else if (m->p->form == FORM_SPELL_BACK)
        make_spell_back(m);
    else
        make_numbers(m, m->p->form);
}

/* A list (the expected result has a comma, or the form answers with a list): the numbers of the last line. A
 * word: the last word. Otherwise the last number. */
static bool judge(const fm_task_problem *p, const char *answer) {
    if (p->form == FORM_SPELL_BACK) return fm_judge_word(p, answer);
    bool list = p->answer[0] == '[' || strchr(p->expected, ',') != NULL;
    return list ? fm_judge_numbers(p, answer) : fm_judge_number(p, answer);
}

const fm_task_kind fm_kind_list = {"list", "lists and strings", make, judge, {0.13, 0.0, 0.08}};
