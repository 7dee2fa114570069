/* task.h: verifiable problems: a generator and a judge for each of thirteen families.
 *
 * Where it stands: the trainer mixes generated problems into its data (train split), eval scores a model on
 * the test split, reinforcement learning takes the judge as its reward. docs/TASKS.md states every family's
 * levels.
 *
 * A problem is a pure function of its arguments: the same (family, level, language, split, seed, index) gives
 * the same bytes on every machine. Nothing allocates, nothing is shared: every function here may be called
 * from any number of threads at once.
 *
 * Train and test never share a wording template, a person, place or thing named in one, nor an operand tuple
 * (a tuple's hash decides its split once for all seeds); at level 3 some families are tested at a depth that
 * is not trained. decontam.h proves it on samples.
 *
 * It refuses: unknown families, levels outside 1..3, and (as a bug of ours) a text that outgrows its field.
 */
#ifndef FM_TASK_TASK_H
#define FM_TASK_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum fm_task_family {
    FM_TASK_ADDSUB,    /* addition and subtraction of integers, results of either sign */
    FM_TASK_MULDIV,    /* multiplication, exact division, division with remainder */
    FM_TASK_EQUATION,  /* a missing operand; chains of two or more operations */
    FM_TASK_WORD,      /* word problems of one to four steps */
    FM_TASK_COUNTDOWN, /* make a target from given numbers with + - * */
    FM_TASK_COMPARE,   /* which is larger, smallest, largest, sorting */
    FM_TASK_CLOCK,     /* times, durations, weekdays, dates */
    FM_TASK_UNITS,     /* conversion between units */
    FM_TASK_LOGIC,     /* orderings, truth tellers, syllogisms */
    FM_TASK_COUNT,     /* letters in a word, words in a sentence */
    FM_TASK_SEQUENCE,  /* the next number of a sequence */
    FM_TASK_LIST,      /* lists and strings: reverse, pick, filter, sum */
    FM_TASK_CODE,      /* what a few lines of code print */
    FM_TASK_FAMILIES   /* how many there are */
} fm_task_family;

typedef enum fm_lang { FM_LANG_EN, FM_LANG_ZH, FM_LANGS } fm_lang;

typedef enum fm_task_split { FM_TASK_TRAIN, FM_TASK_TEST, FM_TASK_SPLITS } fm_task_split;

enum {
    FM_TASK_LEVELS = 3,          /* levels are 1 .. FM_TASK_LEVELS */
    FM_TASK_PROMPT_BYTES = 1024, /* room of the fields below, NUL included */
    FM_TASK_REASONING_BYTES = 3072,
    FM_TASK_ANSWER_BYTES = 256
};

/* One problem; caller's storage, no pointers inside, may be copied. All text is UTF-8 and NUL-terminated. */
typedef struct fm_task_problem {
    fm_task_family family;
    int level; /* 1 .. FM_TASK_LEVELS */
    fm_lang lang;
    fm_task_split split;
    int form;       /* which of the family's forms ("divide with remainder"), from 0; for statistics */
    uint64_t key;   /* hash of (family, form, operands): decides the split; equal keys = the same problem */
    bool direct_ok; /* easy enough to be answered without reasoning (one-digit sums) */
    double chance;  /* probability that a guess of the right form is right: 0.5 for yes/no, 0 for a number */
    char prompt[FM_TASK_PROMPT_BYTES];       /* what the user says */
    char reasoning[FM_TASK_REASONING_BYTES]; /* the text between <think> and </think>, without the tags */
    char answer[FM_TASK_ANSWER_BYTES];       /* the text after </think>, the result its last number or line */
    char expected[FM_TASK_ANSWER_BYTES];     /* the result in canonical form; what the judge compares with */
} fm_task_problem;

/* "addsub", "muldiv" ...: lower case, static storage; NULL outside the enum. */
const char *fm_task_name(fm_task_family family);

/* What the family is, in words, for tables ("addition and subtraction"); static storage. */
const char *fm_task_title(fm_task_family family);

/* The family with this name; false when there is none. */
bool fm_task_find(const char *name, fm_task_family *family);

/* "en"/"zh", "train"/"test". */
const char *fm_lang_name(fm_lang lang);
const char *fm_task_split_name(fm_task_split split);

/* Probability that a random guess is right, averaged over the family's forms at that level. */
double fm_task_chance(fm_task_family family, int level);

/* Makes problem number `index` of the stream. Fills *out wholly. FM_ERR_ARG names the argument out of range.
 */
fm_status fm_task_generate(fm_task_problem *out, fm_task_family family, int level, fm_lang lang,
                           fm_task_split split, uint64_t seed, uint64_t index, fm_error *err);

/* True when answer_text gives the problem's result. Only what follows the last "</think>" counts, if there is
 * one; an opened "<think>" that is never closed has no answer. Of that, the last number or the last non-empty
 * line is read, as the family's rule in docs/TASKS.md says; case, end punctuation, thousands separators,
 * full-width digits and Chinese punctuation do not matter. answer_text is any NUL-terminated bytes. */
bool fm_task_judge(const fm_task_problem *problem, const char *answer_text);

#endif
