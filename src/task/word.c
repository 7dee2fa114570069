/* word.c: word problems of one to four steps. Levels: docs/TASKS.md.
 *
 * Stories are put together from sentences (who has what, what happens, what is asked), so that a few dozen
 * sentences give very many stories; the other forms fill whole wordings. Quantities are at least 2, so that
 * every English noun stays in the plural.
 */
#include <inttypes.h>
#include <string.h>

#include "task/make.h"

enum { FORM_STORY, FORM_GROUPS, FORM_MORE, FORM_SHARE, FORM_SHOP, FORM_TOTAL };

/* Chinese: the measure word (one character), then the noun. */
static const fm_words things = {
    .train = {{"apples", "pens", "books", "eggs", "cards", "stickers", "balls", "cookies", "stamps", "coins",
               "marbles", "oranges", "candies", "flowers", "shells", "buttons", "stars", "toys"},
              {"个苹果", "支铅笔", "本书", "个鸡蛋", "张卡片", "张贴纸", "个皮球", "块饼干", "张邮票",
               "枚硬币", "颗弹珠", "个橘子", "颗糖", "朵花", "个贝壳", "颗纽扣", "颗星星", "个玩具"}},
    .test = {{"pears", "beads", "nuts", "tickets", "cakes", "stones"},
             {"个梨", "颗珠子", "个核桃", "张车票", "块蛋糕", "块石头"}}};

static const fm_wordings starts = {/* {0} person, {1} number, {2} things, {3} measure */
                                   .train = {{"{0} has {1} {2}.", "{0} had {1} {2}.",
                                              "At first {0} has {1} {2}.", "In the morning {0} has {1} {2}.",
                                              "There are {1} {2} in {0}'s bag.", "{0} owns {1} {2}."},
                                             {"{0}有{1}{2}。", "{0}原来有{1}{2}。", "一开始{0}有{1}{2}。",
                                              "早上{0}有{1}{2}。", "{0}的书包里有{1}{2}。",
                                              "{0}家里有{1}{2}。"}},
                                   .test = {{"{0} begins with {1} {2}.", "{0} keeps {1} {2} in a box."},
                                            {"{0}起初有{1}{2}。", "{0}的盒子里放着{1}{2}。"}}};

static const fm_wordings gains =
    {/* {0} person, {1} number, {3} measure, {4} another person */
     .train = {{" {0} buys {1} more.", " {0} finds {1} more.", " {4} gives {0} {1} more.",
                " Then {0} gets {1} more.", " {0} wins {1} more.", " Later {4} brings {0} {1} more.",
                " Then {0} adds {1}.", " {0}'s mother gives {0} another {1}."},
               {"{0}又买了{1}{3}。", "{0}又找到{1}{3}。", "{4}又给了{0}{1}{3}。", "后来{0}又得到{1}{3}。",
                "{0}又赢了{1}{3}。", "接着{4}送来{1}{3}。", "妈妈又给{0}{1}{3}。", "{0}又拿来{1}{3}。"}},
     .test = {{" {0} receives {1} more from {4}.", " After that {0} picks up {1} more."},
              {"{0}从{4}那里又收到{1}{3}。", "随后{0}又添了{1}{3}。"}}};

static const fm_wordings losses = {
    .train = {{" {0} gives {1} to {4}.", " {0} loses {1}.", " {0} sells {1}.", " Then {4} takes {1} away.",
               " {0} gives away {1}.", " Later {0} drops {1}.", " {0} hands {1} to {4}.",
               " {0} uses {1} of them."},
              {"{0}给了{4}{1}{3}。", "{0}弄丢了{1}{3}。", "{0}卖掉了{1}{3}。", "后来{4}拿走了{1}{3}。",
               "{0}送出{1}{3}。", "{0}用掉了{1}{3}。", "接着{0}分给{4}{1}{3}。", "{0}少了{1}{3}。"}},
    .test = {{" {0} lets {4} have {1} of them.", " After that {1} are lost."},
             {"{0}让{4}带走了{1}{3}。", "随后不见了{1}{3}。"}}};

static const fm_wordings questions =
    {/* {0} person, {2} things with measure */
     .train = {{" How many {2} does {0} have now?", " How many {2} are there now?",
                " How many {2} does {0} have in the end?", " What is the number of {2} now?"},
               {"{0}现在有多少{2}？", "现在一共有多少{2}？", "最后{0}有多少{2}？", "这时有多少{2}？"}},
     .test = {{" How many {2} has {0} got after this?", " Tell me how many {2} {0} has at the end."},
              {"{0}到头来有多少{2}？", "请问{0}手里有多少{2}？"}}};

static const char *measure_of(fm_maker *m, const char *thing) {
    return m->zh ? fm_text(m, "%.3s", thing) : "";
}

static void answer_things(fm_maker *m, const char *who, int64_t n, const char *thing) {
    if (m->zh)
        fm_put_answer(m, "%s有%" PRId64 "%s。", who, n, thing);
    else if (n == 1)
        fm_put_answer(m, "%s has 1 of the %s.", who, thing);
    else
        fm_put_answer(m, "%s has %" PRId64 " %s.", who, n, thing);
    fm_put_expected(m, "%" PRId64, n);
}

static void make_story(fm_maker *m) {
    const char *who[2], *thing = fm_pick(m, &things), *measure = measure_of(m, thing);
    fm_pick_distinct(m, &fm_names, who, 2);
    int events = m->level == 1 ? 1 : m->level == 2 ? 2 : fm_draw_depth(m, 2, 3, 4);
    int64_t high = m->level == 1 ? 30 : 99, value = fm_draw(m, 3, high);
    fm_key(m, value);
    fm_ask_part(m, &starts, who[0], fm_num(m, value), thing, measure);
    fm_put_work(m, fm_say(m, "Start: %" PRId64 "\n", "开始：%" PRId64 "\n"), value);
    for (int i = 0; i < events; i++) {
        bool gain = fm_draw_flip(m) || value < 4;
        int64_t n = fm_draw(m, 2, gain ? high / 2 + 5 : value - 1);
        fm_key(m, gain ? n : -n);
        fm_ask_part(m, gain ? &gains : &losses, who[0], fm_num(m, n), thing, measure, who[1]);
        fm_put_work(m,
                    gain ? fm_say(m, "%" PRId64 " more: %" PRId64 "+%" PRId64 "\n",
                                  "多%" PRId64 "：%" PRId64 "+%" PRId64 "\n")
                         : fm_say(m, "%" PRId64 " fewer: %" PRId64 "-%" PRId64 "\n",
                                  "少%" PRId64 "：%" PRId64 "-%" PRId64 "\n"),
                    n, value, n);
        value = fm_work_op(m, value, gain ? '+' : '-', n);
    }
    fm_ask_part(m, &questions, who[0], "", thing);
    answer_things(m, who[0], value, thing);
}

/* n boxes of k; at level 2 and 3 some are taken out, at level 3 the rest is shared by two. */
static const fm_wordings groups_wordings =
    {/* {0} person {1} groups {2} each {3} things {4} measure */
     .train = {{"{0} has {1} boxes with {2} {3} in each box.", "{0} has {1} bags. Each bag holds {2} {3}.",
                "There are {1} plates with {2} {3} on each.", "{0} buys {1} packs of {2} {3} each.",
                "{0} makes {1} rows with {2} {3} in every row.", "On each of {1} tables lie {2} {3}."},
               {"{0}有{1}个盒子，每个盒子里有{2}{3}。", "{0}有{1}个袋子，每袋装{2}{3}。",
                "有{1}个盘子，每个盘子里放{2}{3}。", "{0}买了{1}包，每包有{2}{3}。",
                "{0}摆了{1}排，每排{2}{3}。", "一共{1}张桌子，每张桌上有{2}{3}。"}},
     .test = {
         {"{0} fills {1} baskets and puts {2} {3} into each of them.", "{1} children bring {2} {3} each."},
         {"{0}装了{1}个篮子，每个篮子放进{2}{3}。", "{1}个孩子每人带来{2}{3}。"}}};

static const fm_wordings taken_wordings = {
    .train = {{" {1} of them are taken away.", " {0} gives away {1} of them.", " {1} of them are lost.",
               " {0} sells {1} of them."},
              {"拿走了{1}{3}。", "{0}送出了{1}{3}。", "其中{1}{3}不见了。", "{0}卖掉{1}{3}。"}},
    .test = {{" {1} of these get used up."}, {"后来消耗掉{1}{3}。"}}};

static const fm_wordings all_questions = {
    .train = {{" How many {2} are there?", " How many {2} are there in all?", " What is the number of {2}?",
               " How many {2} is that?"},
              {"一共有多少{2}？", "总共有多少{2}？", "共有多少{2}？", "请问有多少{2}？"}},
    .test = {{" So how many {2} are there in total?"}, {"合起来是多少{2}？"}}};

static const fm_wordings left_questions = {
    .train = {{" How many {2} are left?", " How many {2} remain?", " How many {2} are there now?"},
              {"还剩多少{2}？", "剩下多少{2}？", "现在有多少{2}？"}},
    .test = {{" How many {2} stay in the end?"}, {"最终留下多少{2}？"}}};

static void make_groups(fm_maker *m) {
    const char *who = fm_pick(m, &fm_names), *thing = fm_pick(m, &things), *measure = measure_of(m, thing);
    int64_t groups = fm_draw(m, 2, 9), each = fm_draw(m, 2, m->level == 1 ? 9 : m->level == 2 ? 20 : 60);
    fm_key(m, groups);
    fm_key(m, each);
    fm_ask_part(m, &groups_wordings, who, fm_num(m, groups), fm_num(m, each), thing, measure);
    fm_put_work(m,
                fm_say(m, "%" PRId64 " times %" PRId64 ": %" PRId64 "*%" PRId64 "\n",
                       "%" PRId64 "个%" PRId64 "：%" PRId64 "*%" PRId64 "\n"),
                groups, each, groups, each);
    int64_t value = fm_work_mul(m, groups, each);
    if (m->level > 1) {
        int64_t gone = fm_draw(m, 2, value - 2);
        fm_key(m, gone);
        fm_ask_part(m, &taken_wordings, who, fm_num(m, gone), thing, measure);
        fm_put_work(m,
                    fm_say(m, "%" PRId64 " fewer: %" PRId64 "-%" PRId64 "\n",
                           "少%" PRId64 "：%" PRId64 "-%" PRId64 "\n"),
                    gone, value, gone);
        value = fm_work_sub(m, value, gone);
    }
    fm_ask_part(m, m->level > 1 ? &left_questions : &all_questions, "", "", thing);
    fm_put_answer_number(m, value);
}

/* A has x, B has y more or fewer: B's number, or both together. */
static const fm_wordings more_wordings =
    {/* {0} A {1} B {2} x {3} y {4} things {5} measure */
     .train = {{"{0} has {2} {4}. {1} has {3} more than {0}.", "{0} has {2} {4} and {1} has {3} more.",
                "{0} owns {2} {4}. {1} owns {3} {4} more than {0} does."},
               {"{0}有{2}{4}，{1}比{0}多{3}{5}。", "{0}有{2}{4}。{1}的比{0}的多{3}{5}。",
                "{0}有{2}{4}，{1}多{3}{5}。"}},
     .test = {{"If {0} has {2} {4}, {1} has {3} more than that."},
              {"已知{0}有{2}{4}，{1}要比{0}多出{3}{5}。"}}};

static const fm_wordings fewer_wordings = {
    .train = {{"{0} has {2} {4}. {1} has {3} fewer than {0}.", "{0} has {2} {4} and {1} has {3} fewer.",
               "{0} owns {2} {4}. {1} owns {3} {4} fewer than {0} does."},
              {"{0}有{2}{4}，{1}比{0}少{3}{5}。", "{0}有{2}{4}。{1}的比{0}的少{3}{5}。",
               "{0}有{2}{4}，{1}少{3}{5}。"}},
    .test = {{"If {0} has {2} {4}, {1} has {3} fewer than that."},
             {"已知{0}有{2}{4}，{1}要比{0}少掉{3}{5}。"}}};

static const fm_wordings one_questions = {
    .train = {{" How many {2} does {1} have?", " How many {2} are {1}'s?",
               " Find the number of {2} that {1} has."},
              {"{1}有多少{2}？", "请问{1}有多少{2}？", "求{1}有多少{2}。"}},
    .test = {{" What number of {2} does {1} have?"}, {"那么{1}手上有多少{2}？"}}};

static const fm_wordings both_questions = {
    .train = {{" How many {2} do they have together?", " How many {2} do {0} and {1} have in all?",
               " How many {2} do the two have?"},
              {"他们一共有多少{2}？", "{0}和{1}共有多少{2}？", "两人总共有多少{2}？"}},
    .test = {{" What is the total number of {2} of the two of them?"}, {"两个人合起来有多少{2}？"}}};

static void make_more(fm_maker *m) {
    const char *who[2], *thing = fm_pick(m, &things), *measure = measure_of(m, thing);
    fm_pick_distinct(m, &fm_names, who, 2);
    bool more = fm_draw_flip(m), both = m->level > 1;
    int64_t x = fm_draw(m, 6,
                        m->level == 1   ? 40
                        : m->level == 2 ? 99
                                        : 500),
            y = fm_draw(m, 2, more ? x : x - 2);
    fm_key(m, x);
    fm_key(m, more ? y : -y);
    fm_ask_part(m, more ? &more_wordings : &fewer_wordings, who[0], who[1], fm_num(m, x), fm_num(m, y), thing,
                measure);
    fm_ask_part(m, both ? &both_questions : &one_questions, who[0], who[1], thing);
    fm_put_work(m, "%s%s%" PRId64 "%c%" PRId64 "\n", who[1], fm_say(m, ": ", "："), x, more ? '+' : '-', y);
    int64_t value = fm_work_op(m, x, more ? '+' : '-', y);
    if (!both) {
        answer_things(m, who[1], value, thing);
        return;
    }
    fm_put_work(m, fm_say(m, "Together: %" PRId64 "+%" PRId64 "\n", "一共：%" PRId64 "+%" PRId64 "\n"), x,
                value);
    fm_put_answer_number(m, fm_work_add(m, x, value));
}

/* N things shared by k; at level 2 after some more came, at level 3 with larger numbers. */
static const fm_wordings share_wordings =
    {/* {0} person {1} N {2} k {3} things */
     .train = {{"{0} has {1} {3} and shares them equally among {2} children.",
                "{0} puts {1} {3} equally into {2} bags.", "{1} {3} are shared equally by {2} friends.",
                "{0} packs {1} {3} into {2} boxes, the same number in each."},
               {"{0}有{1}{3}，平均分给{2}个孩子。", "{0}把{1}{3}平均装进{2}个袋子。",
                "{1}{3}由{2}个朋友平分。", "{0}把{1}{3}放进{2}个盒子，每盒一样多。"}},
     .test = {{"{0} divides {1} {3} fairly between {2} people."}, {"{0}将{1}{3}公平地分成{2}份。"}}};

static const fm_wordings bought_wordings =
    {/* {0} person {1} a {2} b {3} things */
     .train = {{"{0} has {1} {3} and buys {2} more.", "{0} has {1} {3} and gets {2} more.",
                "{0} finds {1} {3} and then {2} more."},
               {"{0}有{1}{3}，又买了{2}{4}。", "{0}有{1}{3}，又得到{2}{4}。",
                "{0}先找到{1}{3}，又找到{2}{4}。"}},
     .test = {{"{0} collects {1} {3} and later another {2}."}, {"{0}收集了{1}{3}，之后再收集{2}{4}。"}}};

static const fm_wordings then_share = {/* {2} k */
                                       .train = {{" All of them are shared equally among {2} children.",
                                                  " Then {0} puts all of them equally into {2} bags."},
                                                 {"全部平均分给{2}个孩子。",
                                                  "然后{0}把它们平均装进{2}个袋子。"}},
                                       .test = {{" The whole lot is split fairly into {2} parts."},
                                                {"最后全部公平地分成{2}份。"}}};

static const fm_wordings each_questions = {
    .train = {{" How many {3} does each get?", " How many {3} go to each?",
               " How many {3} is that for each?"},
              {"每份有多少{3}？", "每一份是多少{3}？", "每份多少{3}？"}},
    .test = {{" How many {3} will one share be?"}, {"其中一份是多少{3}？"}}};

static void make_share(fm_maker *m) {
    const char *who = fm_pick(m, &fm_names), *thing = fm_pick(m, &things), *measure = measure_of(m, thing);
    int64_t k = fm_draw(m, 2, 9), q = fm_draw(m, 2, m->level == 1 ? 9 : m->level == 2 ? 15 : 99), all = k * q;
    fm_key(m, all);
    fm_key(m, k);
    if (m->level == 1) {
        fm_ask_part(m, &share_wordings, who, fm_num(m, all), fm_num(m, k), thing);
    } else {
        int64_t more = fm_draw(m, 2, all - 2);
        fm_key(m, more);
        fm_ask_part(m, &bought_wordings, who, fm_num(m, all - more), fm_num(m, more), thing, measure);
        fm_ask_part(m, &then_share, who, "", fm_num(m, k));
        fm_put_work(m, fm_say(m, "All: %" PRId64 "+%" PRId64 "\n", "全部：%" PRId64 "+%" PRId64 "\n"),
                    all - more, more);
        fm_work_add(m, all - more, more);
    }
    fm_ask_part(m, &each_questions, "", "", "", thing);
    fm_put_work(m, fm_say(m, "Each: %" PRId64 "/%" PRId64 "\n", "每份：%" PRId64 "/%" PRId64 "\n"), all, k);
    fm_put_answer_number(m, fm_work_div(m, all, k, NULL));
}

/* n things at p each; change from a sum paid (level 2), two kinds of things (level 3). */
static const fm_wordings shop_wordings =
    {/* {0} person {1} n {2} things {3} price */
     .train = {{"{0} buys {1} {2}. Each costs {3} dollars.", "{0} buys {1} {2} for {3} dollars each.",
                "{1} {2} cost {3} dollars each, and {0} buys them all.",
                "One of the {2} costs {3} dollars. {0} takes {1} of them."},
               {"{0}买了{1}{2}，每{4}{3}元。", "{0}买{1}{2}，单价是{3}元。", "每{4}{3}元，{0}买了{1}{2}。",
                "一{4}要{3}元，{0}要{1}{2}。"}},
     .test = {{"{0} pays {3} dollars for each of {1} {2}."}, {"{0}以每{4}{3}元的价格买下{1}{2}。"}}};

static const fm_wordings and_shop = {
    .train = {{" {0} also buys {1} {2} for {3} dollars each.", " Then {0} buys {1} {2} at {3} dollars each."},
              {"又买了{1}{2}，每{4}{3}元。", "{0}还买了{1}{2}，单价{3}元。"}},
    .test = {{" In addition {0} takes {1} {2} that cost {3} dollars each."},
             {"另外再买{1}{2}，每{4}要{3}元。"}}};

static const fm_wordings cost_questions = {
    .train = {{" How many dollars does {0} pay?", " How much does it cost in all?",
               " What is the total price in dollars?"},
              {"一共要付多少元？", "{0}总共花了多少元？", "总价是多少元？"}},
    .test = {{" How many dollars must {0} hand over?"}, {"{0}应付多少元？"}}};

static const fm_wordings change_questions = {
    .train = {{" {0} pays with {1} dollars. How much change does {0} get?",
               " {0} had {1} dollars. How many dollars are left?",
               " {0} gives the seller {1} dollars. How many dollars come back?"},
              {"{0}付了{1}元，应找回多少元？", "{0}原来有{1}元，还剩多少元？",
               "{0}给售货员{1}元，找回多少元？"}},
    .test = {{" From {1} dollars, how many does {0} still have?"}, {"{0}带了{1}元，买完还有多少元？"}}};

static int64_t shop_item(fm_maker *m, const fm_wordings *wording, const char *who, const char *thing,
                         int64_t high) {
    int64_t n = fm_draw(m, 2, 9), price = fm_draw(m, 2, high);
    fm_key(m, n);
    fm_key(m, price);
    fm_ask_part(m, wording, who, fm_num(m, n), thing, fm_num(m, price), measure_of(m, thing));
    fm_put_work(m, "%s%s%" PRId64 "*%" PRId64 "\n", fm_say(m, thing, thing + 3), fm_say(m, ": ", "："), n,
                price);
    return fm_work_mul(m, n, price);
}

static void make_shop(fm_maker *m) {
    const char *who = fm_pick(m, &fm_names), *thing[2];
    fm_pick_distinct(m, &things, thing, 2);
    int64_t high = m->level == 1 ? 9 : m->level == 2 ? 15 : 25;
    int64_t cost = shop_item(m, &shop_wordings, who, thing[0], high);
    if (m->level == 3) {
        int64_t other = shop_item(m, &and_shop, who, thing[1], 9);
        fm_put_work(m, fm_say(m, "Together: %" PRId64 "+%" PRId64 "\n", "一共：%" PRId64 "+%" PRId64 "\n"),
                    cost, other);
        cost = fm_work_add(m, cost, other);
    }
    if (m->level == 1 || (m->level == 3 && fm_draw_flip(m))) {
        fm_key(m, 0);
        fm_ask_part(m, &cost_questions, who);
    } else {
        int64_t paid = (cost / 10 + 1 + fm_draw(m, 0, 5)) * 10;
        fm_key(m, paid);
        fm_ask_part(m, &change_questions, who, fm_num(m, paid));
        fm_put_work(m, fm_say(m, "Left: %" PRId64 "-%" PRId64 "\n", "剩下：%" PRId64 "-%" PRId64 "\n"), paid,
                    cost);
        cost = fm_work_sub(m, paid, cost);
    }
    fm_put_answer(m, fm_say(m, "The answer is %" PRId64 ".", "答案是%" PRId64 "元。"), cost);
    fm_put_expected(m, "%" PRId64, cost);
}

static void make(fm_maker *m) {
    static const int forms[] = {FORM_STORY, FORM_STORY, FORM_GROUPS, FORM_MORE, FORM_SHARE, FORM_SHOP};
    m->p->form = forms[fm_draw_below(m, 6)];
    fm_key(m, m->p->form);
    switch (m->p->form) {
    case FORM_STORY: make_story(m); break;
    case FORM_GROUPS: make_groups(m); break;
    case FORM_MORE: make_more(m); break;
    case FORM_SHARE: make_share(m); break;
    default: make_shop(m); break;
    }
}

const fm_task_kind fm_kind_word = {"word", "word problems", make, fm_judge_number, {0, 0, 0}};
