/* make.h: the workbench of the generators: drawing, wording, writing, working out, and reading answers back.
 *
 * Where it stands: private to src/task. A generator draws operands, folds them into the key, writes prompt,
 * reasoning, answer and expected result; task.c runs it again with fresh numbers until the key falls on the
 * wanted side of the split. The workings (work.c) are shared, so that an addition inside a word problem is
 * written exactly as in the arithmetic family.
 *
 * Text that outgrows its field sets `overflow`; task.c then refuses the problem.
 */
#ifndef FM_TASK_MAKE_H
#define FM_TASK_MAKE_H

#include "base/rng.h"
#include "task/task.h"

enum { FM_WORDINGS = 24, FM_SCRATCH = 24, FM_SCRATCH_BYTES = 192 };

typedef struct fm_maker {
    fm_task_problem *p;
    fm_rng rng;
    bool zh, test;
    bool overflow;
    int level;
    unsigned scratch_next;
    char scratch[FM_SCRATCH][FM_SCRATCH_BYTES];
} fm_maker;

/* One family: stands in the table of task.c. chance[] is the guessing rate per level (docs/TASKS.md). */
typedef struct fm_task_kind {
    const char *name, *title;
    void (*make)(fm_maker *m);
    bool (*judge)(const fm_task_problem *p, const char *answer);
    double chance[FM_TASK_LEVELS];
} fm_task_kind;

extern const fm_task_kind fm_kind_addsub, fm_kind_muldiv, fm_kind_equation, fm_kind_word, fm_kind_countdown,
    fm_kind_compare, fm_kind_clock, fm_kind_units, fm_kind_logic, fm_kind_count, fm_kind_sequence,
    fm_kind_list, fm_kind_code;

/* ---- drawing ---- */
int64_t fm_draw(fm_maker *m, int64_t low, int64_t high); /* both included */
int fm_draw_below(fm_maker *m, int n);
bool fm_draw_flip(fm_maker *m);
/* A number of exactly `digits` digits (1 digit: 1..9). */
int64_t fm_draw_digits(fm_maker *m, int digits);
void fm_draw_shuffle(fm_maker *m, int64_t *values, int n);
/* n different numbers in [low, high]; needs a range of at least n. */
void fm_draw_distinct(fm_maker *m, int64_t *values, int n, int64_t low, int64_t high);
/* A depth at level 3: one of the two trained depths, or the one between them for the test split. */
int fm_draw_depth(fm_maker *m, int train_low, int test, int train_high);

/* Folds an operand into the problem's key; every operand that makes the problem what it is. */
void fm_key(fm_maker *m, int64_t value);
void fm_key_text(fm_maker *m, const char *text);

/* ---- words: by language, train and test apart ---- */
typedef struct fm_words {
    const char *train[FM_LANGS][40], *test[FM_LANGS][16]; /* NULL-terminated */
} fm_words;
const char *fm_pick(fm_maker *m, const fm_words *words);
/* n different ones, n <= the shortest list. */
void fm_pick_distinct(fm_maker *m, const fm_words *words, const char **out, int n);
extern const fm_words fm_names; /* people */

/* ---- writing ---- */
/* A wording with {0} .. {9} for its arguments, framed now and then ("Quick question: ..."). */
typedef struct fm_wordings {
    const char *train[FM_LANGS][FM_WORDINGS], *test[FM_LANGS][FM_WORDINGS]; /* NULL-terminated */
} fm_wordings;
void fm_ask_args(fm_maker *m, const fm_wordings *wordings, const char *const *args);
#define fm_ask(m, wordings, ...) fm_ask_args(m, wordings, (const char *const[]){__VA_ARGS__, NULL})
/* Appends to the prompt one wording without frame, for prompts built from sentences. */
void fm_ask_part_args(fm_maker *m, const fm_wordings *wordings, const char *const *args);
#define fm_ask_part(m, wordings, ...) fm_ask_part_args(m, wordings, (const char *const[]){__VA_ARGS__, NULL})

void fm_put_prompt(fm_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fm_put_work(fm_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fm_put_answer(fm_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fm_put_expected(fm_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* English or Chinese of the same thing. */
const char *fm_say(const fm_maker *m, const char *en, const char *zh);
/* A number, or formatted text, as a string that lives until FM_SCRATCH more are made. */
const char *fm_num(fm_maker *m, int64_t value);
const char *fm_text(fm_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Answer "The answer is N." and the expected number. */
void fm_put_answer_number(fm_maker *m, int64_t value);
/* The values with `between` between them, as fm_text. */
const char *fm_joined(fm_maker *m, const int64_t *values, int n, const char *between);

/* ---- working out (work.c): each appends its lines to the reasoning and returns the result ---- */
int64_t fm_work_add(fm_maker *m, int64_t a, int64_t b);                /* any a, b >= 0 */
int64_t fm_work_sub(fm_maker *m, int64_t a, int64_t b);                /* any a, b >= 0 */
int64_t fm_work_mul(fm_maker *m, int64_t a, int64_t b);                /* a, b >= 0 */
int64_t fm_work_div(fm_maker *m, int64_t a, int64_t b, int64_t *rest); /* a >= 0, b > 0; rest may be NULL */
int fm_work_compare(fm_maker *m, int64_t a, int64_t b);         /* a, b >= 0; -1, 0, 1; ends in "a<b" */
int64_t fm_work_op(fm_maker *m, int64_t a, char op, int64_t b); /* '+', '-', '*', '/' */

/* ---- reading answers (judge.c) ---- */
/* The part that counts, normalised: after </think>, full-width to ASCII, lower case, minus signs unified,
 * Markdown marks dropped. False when there is none (open <think>) or it does not fit. */
bool fm_read_answer(const char *answer, char *out, size_t room);
/* Last non-empty line of a normalised text, trimmed, copied to out. */
bool fm_read_last_line(const char *text, char *out, size_t room);
/* All numbers in the text, thousands separators removed, as value * 1000; how many (at most room kept: the
 * last ones). "-5" is negative, "3-5" is 3 and 5. */
int fm_read_numbers(const char *text, int64_t *milli, int room);

/* Judges that several families share. */
bool fm_judge_number(const fm_task_problem *p, const char *answer); /* last number == expected */
bool fm_judge_numbers(const fm_task_problem *p,
                      const char *answer); /* the last line's numbers end in expected */
/* Which of the choices (lower-case, NULL-terminated) is named last in the last line: its place, or -1. */
int fm_read_choice(const char *const *choices, const char *answer);
/* The last of the choices named in the last line is the expected one. choices: lower-case, NULL-terminated.
 */
bool fm_judge_choice(const char *expected, const char *const *choices, const char *answer);
/* The last line's last word equals expected (quotes and end punctuation aside). */
bool fm_judge_word(const fm_task_problem *p, const char *answer);

#endif
