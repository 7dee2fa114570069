/* clock.c: times of day, durations, weekdays, dates. Levels: docs/TASKS.md.
 *
 * Times are written H:MM in the 24-hour clock; "7:05 pm" appears only in questions. Dates have no year, or
 * are said to be in a year that is not a leap year.
 */
#include <inttypes.h>
#include <string.h>

#include "task/make.h"

enum { FORM_LATER, FORM_EARLIER, FORM_BETWEEN, FORM_AFTERNOON, FORM_WEEKDAY, FORM_DATE, FORM_DATES_BETWEEN };

static const char *const weekdays[FM_LANGS][8] = {
    {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
    {"星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"}};
static const char *const months[12] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
static const int month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static const fm_wordings later_wordings =
    {/* {0} time {1} span */
     .train = {{"It is {0}. What time is it {1} later?", "What time is it {1} after {0}?",
                "A film starts at {0} and lasts {1}. When does it end?",
                "The clock shows {0}. What will it show in {1}?",
                "A bus leaves at {0} and drives {1}. When does it arrive?",
                "Add {1} to {0}. What time is it?", "Now it is {0}. What is the time in {1}?",
                "A lesson begins at {0} and takes {1}. When is it over?", "{0} plus {1} is what time?",
                "School starts at {0}. After {1} there is a break. When is the break?"},
               {"现在是{0}，{1}后是几点？", "{0}过{1}是什么时间？", "电影{0}开始，放映{1}，几点结束？",
                "时钟显示{0}，再过{1}是几点？", "汽车{0}出发，开了{1}，几点到达？", "{0}再加{1}是几点？",
                "一节课{0}开始，上{1}，几点下课？", "从{0}起，经过{1}后是几点？"}},
     .test = {{"A train sets out at {0}. The trip takes {1}. At what time does it get in?",
               "If a game begins at {0} and goes on for {1}, when is it finished?"},
              {"火车{0}开出，路上要{1}，什么时候到站？", "比赛{0}开始，进行了{1}，什么时候结束？"}}};

static const fm_wordings earlier_wordings = {
    .train = {{"It is {0}. What time was it {1} ago?", "What time is it {1} before {0}?",
               "A film ended at {0} and lasted {1}. When did it start?",
               "The clock shows {0}. What did it show {1} earlier?",
               "A bus arrived at {0} after driving {1}. When did it leave?",
               "Go back {1} from {0}. What time is it?", "{0} minus {1} is what time?"},
              {"现在是{0}，{1}前是几点？", "比{0}早{1}是什么时间？", "电影{0}结束，放映了{1}，几点开始的？",
               "时钟显示{0}，{1}以前是几点？", "汽车{0}到达，开了{1}，几点出发的？", "{0}往前推{1}是几点？"}},
    .test = {{"A train got in at {0}. The trip took {1}. At what time did it set out?",
              "If a game was finished at {0} after {1}, when did it begin?"},
             {"火车{0}到站，路上用了{1}，什么时候开出的？", "比赛{0}结束，进行了{1}，什么时候开始的？"}}};

static const fm_wordings between_wordings =
    {/* {0} from {1} to */
     .train = {{"How many minutes are there from {0} to {1}?",
                "A film runs from {0} to {1}. How many minutes is that?",
                "How many minutes pass between {0} and {1}?",
                "It is {0}. The bus comes at {1}. How many minutes is the wait?",
                "From {0} until {1}: how many minutes?",
                "A lesson starts at {0} and ends at {1}. How many minutes does it last?",
                "Count the minutes from {0} to {1}."},
               {"从{0}到{1}有多少分钟？", "电影从{0}放到{1}，一共多少分钟？", "{0}和{1}之间相隔多少分钟？",
                "现在是{0}，车{1}来，要等多少分钟？", "一节课{0}开始，{1}结束，共多少分钟？",
                "{0}到{1}经过了多少分钟？"}},
     .test = {{"A train sets out at {0} and gets in at {1}. How long is the trip in minutes?",
               "A game begins at {0} and is finished at {1}. How long did it go on, in minutes?"},
              {"火车{0}开出，{1}到站，路上用了几分钟？", "比赛{0}开始，{1}结束，持续了几分钟？"}}};

static const fm_wordings afternoon_wordings =
    {/* {0} 12-hour time */
     .train = {{"Write {0} in 24-hour time.", "What is {0} in the 24-hour clock?",
                "Change {0} to 24-hour time.", "{0} is what time on a 24-hour clock?",
                "How do you write {0} with 24 hours?"},
               {"{0}用24小时制怎么写？", "把{0}改成24小时制。", "{0}是24小时制的几点？",
                "用24小时制表示{0}。"}},
     .test = {{"Give {0} as a time of the 24-hour system."}, {"请将{0}换算为24小时制的时间。"}}};

static const fm_wordings weekday_wordings =
    {/* {0} weekday {1} days */
     .train = {{"Today is {0}. What day is it in {1} days?", "What day of the week is {1} days after {0}?",
                "If today is {0}, which day comes {1} days later?",
                "It is {0}. Which weekday is it after {1} days?", "{0} plus {1} days is what day?",
                "The party is {1} days after {0}. What day is it?"},
               {"今天是{0}，{1}天后是星期几？", "{0}过{1}天是星期几？", "如果今天是{0}，再过{1}天是星期几？",
                "从{0}起，{1}天以后是星期几？", "{0}加{1}天是星期几？"}},
     .test = {{"Suppose this is a {0}. On which weekday do we land when {1} days have passed?",
               "A trip begins on {0} and {1} days later we are back. Which weekday is that?"},
              {"假设这天是{0}，等{1}天过去，会是星期几？", "{0}出门，{1}天之后回来，回来那天是星期几？"}}};

static const fm_wordings date_wordings =
    {/* {0} date {1} days */
     .train = {{"What date is {1} days after {0}? (Not a leap year.)",
                "Today is {0}. What is the date in {1} days? It is not a leap year.",
                "Add {1} days to {0}. It is no leap year.",
                "Which date comes {1} days after {0} in a common year?",
                "The holiday starts {1} days after {0}. What date is that? (No leap year.)"},
               {"{0}过{1}天是几月几日？（平年）", "今天是{0}，{1}天后是几月几日？今年是平年。",
                "从{0}起再过{1}天是什么日期？（平年）", "平年里，{0}加{1}天是几月几日？"}},
     .test = {
         {"If a trip begins on {0} and {1} days have passed, what is the date? Take a year with 365 days."},
         {"{0}出发，过了{1}天，那天是几月几日？按365天的年份算。"}}};

static const fm_wordings dates_between_wordings =
    {/* {0} {1} dates */
     .train = {{"How many days are there from {0} to {1}? (Not a leap year.)",
                "How many days pass between {0} and {1} in a common year?",
                "It is {0}. How many days is it until {1}? It is not a leap year.",
                "Count the days from {0} to {1}. It is no leap year."},
               {"从{0}到{1}有多少天？（平年）", "平年里，{0}和{1}相隔多少天？",
                "今天是{0}，离{1}还有多少天？今年是平年。", "{0}到{1}经过多少天？（平年）"}},
     .test = {
         {"A trip begins on {0} and is over on {1}. How many days lie between? Take a year with 365 days."},
         {"{0}出发，{1}回来，中间过了几天？按365天的年份算。"}}};

static const char *time_text(fm_maker *m, int64_t minutes) {
    return fm_text(m, "%d:%02d", (int)(minutes / 60 % 24), (int)(minutes % 60));
}

static const char *span_text(fm_maker *m, int64_t minutes) {
    int h = (int)(minutes / 60), r = (int)(minutes % 60);
    if (m->zh) {
        if (r == 0) return fm_text(m, "%d小时", h);
        return h ? fm_text(m, "%d小时%d分钟", h, r) : fm_text(m, "%d分钟", r);
    }
    const char *hours = h == 1 ? "hour" : "hours", *mins = r == 1 ? "minute" : "minutes";
    if (r == 0) return fm_text(m, "%d %s", h, hours);
    return h ? fm_text(m, "%d %s and %d %s", h, hours, r, mins) : fm_text(m, "%d %s", r, mins);
}

static void answer_time(fm_maker *m, int64_t minutes) {
    fm_put_answer(m, fm_say(m, "It is %s.", "是%s。"), time_text(m, minutes));
    fm_put_expected(m, "%s", time_text(m, minutes));
}

/* Minutes first, then hours; a full hour is carried, a full day dropped. */
static void make_later(fm_maker *m) {
    int64_t from = fm_draw(m, 6 * 12, 20 * 12) * 5, span;
    if (m->level == 1) { /* stays within the hour, or whole hours */
        span = fm_draw_flip(m) ? fm_draw(m, 1, 5) * 60 : fm_draw(m, 1, 59);
        if (span < 60 && from % 60 + span >= 60) from -= from % 60, span = span > 55 ? 55 : span;
        if (from + span >= 24 * 60) from -= 6 * 60;
    } else if (m->level == 2) {
        span = fm_draw(m, 2, 11) * 5 + 60 * fm_draw_below(m, 3);
    } else {
        from = fm_draw(m, 6 * 60, 23 * 60 + 59);
        span = fm_draw(m, 61, 11 * 60);
    }
    fm_key(m, from);
    fm_key(m, span);
    fm_ask(m, &later_wordings, time_text(m, from), span_text(m, span));
    int64_t h = from / 60, r = from % 60;
    if (span % 60) {
        fm_put_work(m, fm_say(m, "Minutes: %d+%d\n", "分：%d+%d\n"), (int)r, (int)(span % 60));
        r = fm_work_add(m, r, span % 60);
    }
    if (span / 60) {
        fm_put_work(m, fm_say(m, "Hours: %d+%d\n", "时：%d+%d\n"), (int)h, (int)(span / 60));
        h = fm_work_add(m, h, span / 60);
    }
    if (r >= 60) {
        fm_put_work(m, fm_say(m, "%d>=60: one hour more\n", "%d>=60：进一小时\n"), (int)r);
        r = fm_work_sub(m, r, 60);
        h = fm_work_add(m, h, 1);
    }
    if (h >= 24) {
        fm_put_work(m, fm_say(m, "%d>=24: next day\n", "%d>=24：第二天\n"), (int)h);
        h = fm_work_sub(m, h, 24);
    }
    fm_put_work(m, "%d:%02d", (int)h, (int)r);
    answer_time(m, h * 60 + r);
}

/* Borrow an hour when the minutes do not suffice, a day when the hours do not. */
static void make_earlier(fm_maker *m) {
    int64_t from = fm_draw(m, 6 * 12, 23 * 12) * 5, span = fm_draw(m, 2, 11) * 5 + 60 * fm_draw_below(m, 3);
    if (m->level == 3) {
        from = fm_draw(m, 1 * 60, 23 * 60 + 59);
        span = fm_draw(m, 61, 9 * 60);
    }
    fm_key(m, from);
    fm_key(m, span);
    fm_ask(m, &earlier_wordings, time_text(m, from), span_text(m, span));
    int64_t h = from / 60, r = from % 60;
    if (r < span % 60) {
        fm_put_work(m, fm_say(m, "%d<%d: borrow an hour\n", "%d<%d：借一小时\n"), (int)r, (int)(span % 60));
        h = fm_work_sub(m, h, 1);
        r = fm_work_add(m, r, 60);
    }
    if (span % 60) {
        fm_put_work(m, fm_say(m, "Minutes: %d-%d\n", "分：%d-%d\n"), (int)r, (int)(span % 60));
        r = fm_work_sub(m, r, span % 60);
    }
    if (h < span / 60) {
        fm_put_work(m, fm_say(m, "%d<%d: borrow a day\n", "%d<%d：借一天\n"), (int)h, (int)(span / 60));
        h = fm_work_add(m, h, 24);
    }
    if (span / 60) {
        fm_put_work(m, fm_say(m, "Hours: %d-%d\n", "时：%d-%d\n"), (int)h, (int)(span / 60));
        h = fm_work_sub(m, h, span / 60);
    }
    fm_put_work(m, "%d:%02d", (int)h, (int)r);
    answer_time(m, h * 60 + r);
}

/* Both as minutes since midnight would cost two products: hours and minutes apart, then 60 an hour. */
static void make_between(fm_maker *m) {
    int64_t from, to;
    if (m->level == 1) {
        from = fm_draw(m, 6, 20) * 60 + fm_draw(m, 0, 40);
        to = from + fm_draw(m, 2, 59 - from % 60);
    } else if (m->level == 2) {
        from = fm_draw(m, 6 * 12, 20 * 12) * 5;
        to = from + fm_draw(m, 3, 35) * 5;
    } else {
        from = fm_draw(m, 5 * 60, 18 * 60);
        to = from + fm_draw(m, 61, 300);
    }
    fm_key(m, from);
    fm_key(m, to);
    fm_ask(m, &between_wordings, time_text(m, from), time_text(m, to));
    int64_t hours = to / 60 - from / 60, r = to % 60, minutes = 0;
    if (hours > 0) {
        fm_put_work(m, fm_say(m, "Hours: %d-%d\n", "时：%d-%d\n"), (int)(to / 60), (int)(from / 60));
        fm_work_sub(m, to / 60, from / 60);
        minutes = fm_work_mul(m, hours, 60);
    }
    fm_put_work(m, fm_say(m, "Minutes: %d-%d\n", "分：%d-%d\n"), (int)r, (int)(from % 60));
    int64_t part = fm_work_sub(m, r, from % 60);
    if (hours > 0) part = part < 0 ? fm_work_sub(m, minutes, -part) : fm_work_add(m, minutes, part);
    fm_put_answer(m, fm_say(m, "The answer is %d.", "答案是%d分钟。"), (int)part);
    fm_put_expected(m, "%d", (int)part);
}

static void make_afternoon(fm_maker *m) {
    int h = 1 + fm_draw_below(m, 11), r = fm_draw_below(m, 60);
    bool pm = fm_draw_below(m, 4) != 0;
    fm_key(m, h);
    fm_key(m, r);
    fm_key(m, pm);
    const char *text = m->zh ? fm_text(m, "%s%d:%02d", pm ? (h < 6 ? "下午" : "晚上") : "上午", h, r)
                             : fm_text(m, "%d:%02d %s", h, r, pm ? "pm" : "am");
    fm_ask(m, &afternoon_wordings, text);
    if (pm)
        fm_work_add(m, h, 12);
    else
        fm_put_work(m, "%s\n", fm_say(m, "am: the same", "上午：不变"));
    fm_put_work(m, "%d:%02d", h + 12 * pm, r);
    answer_time(m, (h + 12 * pm) * 60 + r);
}

/* Whole weeks drop out; the rest is counted day by day. */
static void make_weekday(fm_maker *m) {
    int day = fm_draw_below(m, 7);
    int64_t n = m->level == 1   ? fm_draw(m, 2, 9)
                : m->level == 2 ? fm_draw(m, 7, 60)
                                : fm_draw(m, 60, 365),
            rest = n;
    fm_key(m, day);
    fm_key(m, n);
    const char *const *names = weekdays[m->p->lang];
    m->p->chance = 1.0 / 7;
    fm_ask(m, &weekday_wordings, names[day], fm_num(m, n));
    if (n >= 7) fm_work_div(m, n, 7, &rest);
    fm_put_work(m, "0 %s", names[day]);
    for (int i = 1; i <= rest; i++) fm_put_work(m, "\n%d %s", i, names[(day + i) % 7]);
    const char *result = names[(day + n) % 7];
    fm_put_answer(m, fm_say(m, "It is %s.", "是%s。"), result);
    fm_put_expected(m, "%s", result);
}

static const char *date_text(fm_maker *m, int month, int day) {
    return m->zh ? fm_text(m, "%d月%d日", month + 1, day) : fm_text(m, "%s %d", months[month], day);
}

/* The day number is added; while it exceeds the month, the month's days are taken off. */
static void make_date(fm_maker *m) {
    int month = fm_draw_below(m, 10), day = (int)fm_draw(m, 1, month_days[month]);
    int64_t n = m->level == 2 ? fm_draw(m, 5, 30) : fm_draw(m, 30, 60);
    fm_key(m, month);
    fm_key(m, day);
    fm_key(m, n);
    fm_ask(m, &date_wordings, date_text(m, month, day), fm_num(m, n));
    int64_t at = fm_work_add(m, day, n);
    while (at > month_days[month]) {
        fm_put_work(m, fm_say(m, "%s has %d days: %d>%d\n", "%s有%d天：%d>%d\n"),
                    m->zh ? fm_text(m, "%d月", month + 1) : months[month], month_days[month], (int)at,
                    month_days[month]);
        at = fm_work_sub(m, at, month_days[month++]);
    }
    fm_put_work(m, "%s", date_text(m, month, (int)at));
    fm_put_answer(m, fm_say(m, "It is %s.", "是%s。"), date_text(m, month, (int)at));
    fm_put_expected(m, "%s", date_text(m, month, (int)at));
}

/* The rest of the first month, whole months between, the days of the last. */
static void make_dates_between(fm_maker *m) {
    int first = fm_draw_below(m, 10), last = first + 1 + (m->level == 3 && fm_draw_below(m, 2) && first < 9);
    int from = (int)fm_draw(m, 1, month_days[first]), to = (int)fm_draw(m, 1, month_days[last]);
    fm_key(m, first * 100 + from);
    fm_key(m, last * 100 + to);
    fm_ask(m, &dates_between_wordings, date_text(m, first, from), date_text(m, last, to));
    const char *name = m->zh ? fm_text(m, "%d月", first + 1) : months[first];
    fm_put_work(m, fm_say(m, "%s: %d-%d\n", "%s：%d-%d\n"), name, month_days[first], from);
    int64_t days = fm_work_sub(m, month_days[first], from);
    for (int i = first + 1; i <= last; i++) {
        int part = i < last ? month_days[i] : to;
        fm_put_work(m, fm_say(m, "%s: %d\n", "%s：%d\n"), m->zh ? fm_text(m, "%d月", i + 1) : months[i],
                    part);
        days = fm_work_add(m, days, part);
    }
    fm_put_answer(m, fm_say(m, "The answer is %d.", "答案是%d天。"), (int)days);
    fm_put_expected(m, "%d", (int)days);
}

static void make(fm_maker *m) {
    static const int forms[FM_TASK_LEVELS][5] = {
        {FORM_LATER, FORM_LATER, FORM_BETWEEN, FORM_AFTERNOON, FORM_WEEKDAY},
        {FORM_LATER, FORM_EARLIER, FORM_BETWEEN, FORM_WEEKDAY, FORM_DATE},
        {FORM_LATER, FORM_EARLIER, FORM_BETWEEN, FORM_DATES_BETWEEN, FORM_DATE}};
    m->p->form = forms[m->level - 1][fm_draw_below(m, 5)];
    if (m->level == 3 && fm_draw_below(m, 6) == 0) m->p->form = FORM_WEEKDAY;
    fm_key(m, m->p->form);
    switch (m->p->form) {
    case FORM_LATER: make_later(m); break;
    case FORM_EARLIER: make_earlier(m); break;
    case FORM_BETWEEN: make_between(m); break;
    case FORM_AFTERNOON: make_afternoon(m); break;
    case FORM_WEEKDAY: make_weekday(m); break;
    case FORM_DATE: make_date(m); break;
    default: make_dates_between(m); break;
    }
}

/* The last two numbers of the last line are hour and minute ("7:05", "07:05", "7 o'clock 5" alike). */
static bool same_last_numbers(const fm_task_problem *p, const char *answer, int n) {
    char text[4096], line[1024];
    int64_t want[4], got[4];
    if (!fm_read_answer(answer, text, sizeof text) || !fm_read_last_line(text, line, sizeof line))
        return false;
    return fm_read_numbers(p->expected, want, n) == n && fm_read_numbers(line, got, n) == n &&
           memcmp(got, want, (size_t)n * sizeof *got) == 0;
}

/* English dates: the last month named and the last number; Chinese dates: the last two numbers. */
static bool judge_date(const fm_task_problem *p, const char *answer) {
    if (p->lang == FM_LANG_ZH) return same_last_numbers(p, answer, 2);
    static const char *const lower[] = {"january",  "february", "march",  "april",     "may",
                                        "june",     "july",     "august", "september", "october",
                                        "november", "december", NULL};
    char month[32];
    size_t n = strcspn(p->expected, " ");
    memcpy(month, p->expected, n);
    month[n] = '\0';
    return fm_judge_choice(month, lower, answer) && same_last_numbers(p, answer, 1);
}

/* Seven names a row, Monday first. */
static const char *const weekday_choices[] = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "星期一", "星期二",
    "星期三", "星期四",  "星期五",    "星期六",   "星期日", "周一",     "周二",   "周三",   "周四",
    "周五",   "周六",    "周日",      "礼拜一",   "礼拜二", "礼拜三",   "礼拜四", "礼拜五", "礼拜六",
    "礼拜日", "星期1",   "星期2",     "星期3",    "星期4",  "星期5",    "星期6",  "星期天", NULL};

static bool judge_weekday(const fm_task_problem *p, const char *answer) {
    int want = fm_read_choice(weekday_choices, p->expected), got = fm_read_choice(weekday_choices, answer);
    return got >= 0 && got % 7 == want % 7;
}

static bool judge(const fm_task_problem *p, const char *answer) {
    switch (p->form) {
    case FORM_LATER:
    case FORM_EARLIER:
    case FORM_AFTERNOON: return same_last_numbers(p, answer, 2);
    case FORM_WEEKDAY: return judge_weekday(p, answer);
    case FORM_DATE: return judge_date(p, answer);
    default: return fm_judge_number(p, answer);
    }
}

const fm_task_kind fm_kind_clock = {"clock", "dates and clocks", make, judge, {0.03, 0.03, 0.03}};
