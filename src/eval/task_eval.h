/* task_eval.h: accuracy on the verifiable tasks, with confidence intervals.
 *
 * Where it stands: above the engine; the caller says how a prompt is answered, so that a model, an API or a
 * test's stub can be scored alike. The problems come from the test split (task/task.h).
 *
 * Interval: Wilson's score interval at 95 % (E. B. Wilson, "Probable inference, the law of succession, and
 * statistical inference", JASA 22, 1927), which stays inside [0, 1] at 0 and at n of n.
 */
#ifndef FM_EVAL_TASK_EVAL_H
#define FM_EVAL_TASK_EVAL_H

#include "base/buf.h"
#include "base/status.h"
#include "task/task.h"

/* Answers problems, so that a model may take them together: appends the whole reply to problems[i] (with or without
 * a <think> part) to replies[i]. The text it may show the model is the problem's prompt alone. A status other than
 * FM_OK ends the evaluation. */
typedef fm_status (*fm_task_answer_fn)(void *context, const fm_task_problem *problems, size_t count,
                                       fm_buf *replies, fm_error *err);

enum { FM_TASK_EVAL_MOST = 100000 };

typedef struct fm_task_eval_options {
    uint32_t families;   /* bit f set = family f is asked */
    uint32_t levels;     /* bit l-1 set = level l is asked */
    uint32_t langs;      /* bit set by fm_lang */
    fm_task_split split; /* FM_TASK_TEST but for measuring what was memorised */
    uint64_t seed;
    uint64_t count; /* problems per (family, level, language), at most FM_TASK_EVAL_MOST */
} fm_task_eval_options;

/* Everything, test split, seed 1, 100 of each. */
fm_task_eval_options fm_task_eval_options_default(void);

/* How many of how many, and where the true rate lies. */
typedef struct fm_task_score {
    uint64_t right, asked;
    double chance; /* expected rate of guessing, mean over the problems asked */
} fm_task_score;

typedef struct fm_interval {
    double low, high; /* in [0, 1] */
} fm_interval;

typedef struct fm_task_eval {
    fm_task_score cell[FM_TASK_FAMILIES][FM_TASK_LEVELS][FM_LANGS];
    /* The bar of two- and three-digit sums and differences: addsub problems whose operands all have two or
     * three digits, at every level asked. */
    fm_task_score small_sums;
    uint64_t in_language; /* replies written in the language of the question */
    uint64_t asked;
} fm_task_eval;

/* Asks every problem and fills *out. */
fm_status fm_task_eval_run(fm_task_eval *out, const fm_task_eval_options *options, fm_task_answer_fn answer,
                           void *context, fm_error *err);

/* Sums over levels and languages; level 0 or lang FM_LANGS means all. */
fm_task_score fm_task_eval_score(const fm_task_eval *eval, fm_task_family family, int level, fm_lang lang);

/* Mean of the families' accuracies at one level (each family counts once); families not asked are left out.
 */
double fm_task_eval_mean(const fm_task_eval *eval, int level);

double fm_task_score_rate(fm_task_score score); /* 0 when nothing was asked */
fm_interval fm_wilson_interval(uint64_t right, uint64_t asked);

/* Appends the result as a Markdown table (family x level, both languages, interval) or as one JSON object. */
void fm_task_eval_markdown(const fm_task_eval *eval, fm_buf *out);
fm_status fm_task_eval_json(const fm_task_eval *eval, fm_buf *out, fm_error *err);

#endif
