/* trainer.h: a training run from recipe to checkpoints.
 *
 * Where it stands: cmd/train above; data, step, checkpoint, ledger below. It owns the order of things:
 *
 *     open: recipe -> tokenizer -> sources -> weights (or the newest checkpoint) -> ledger's segment head
 *     each step: data -> step -> ledger line -> validation, checkpoint when due
 *     end: checkpoint -> ledger's last line
 *
 * A run stopped at any step and resumed with the same recipe, level and precision has the same weights, bit
 * for bit, as one that was not: with any number of threads.
 *
 * Thread safety: one caller; `stop` may be set by a signal handler.
 */
#ifndef FM_TRAIN_TRAINER_H
#define FM_TRAIN_TRAINER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "train/step.h"
#include "train/validate.h"

typedef struct fm_trainer fm_trainer;

/* What happened; `step` counts steps done. */
typedef enum fm_train_event_kind {
    FM_TRAIN_STEP,
    FM_TRAIN_VALIDATION,
    FM_TRAIN_CHECKPOINT
} fm_train_event_kind;

typedef struct fm_train_event {
    fm_train_event_kind kind;
    int64_t step, total_steps;
    const char *stage;            /* name of the step's stage */
    const fm_step_result *result; /* STEP */
    double lr, tokens_per_second; /* STEP; the rate is smoothed */
    double mfu;                   /* STEP: model FLOPs per second / measured peak */
    double seconds_left;          /* STEP: estimate to the end of the recipe */
    const char *name;             /* VALIDATION: source; CHECKPOINT: folder */
    fm_validation_score score;    /* VALIDATION */
} fm_train_event;

typedef struct fm_train_options {
    const char *recipe;
    const char *run;   /* the run's folder; NULL: <cache>/runs/<recipe's name> */
    const char *cache; /* for runs and token files */
    bool resume;       /* go on from the newest checkpoint; without it a folder that has one is refused */
    int threads;       /* 0: one per core */
    double stop_after; /* seconds; 0: no limit */
    int64_t steps;     /* stop after so many steps of this start; 0: no limit */
    const volatile sig_atomic_t *stop; /* not 0: stop after the step at work; may be NULL */
    void (*on_event)(void *context, const fm_train_event *event); /* may be NULL */
    void *context;
} fm_train_options;

/* Why a run stopped. */
typedef enum fm_train_end { FM_TRAIN_DONE, FM_TRAIN_STOPPED } fm_train_end;

fm_status fm_trainer_open(fm_trainer **out, const fm_train_options *options, fm_error *err);

/* Trains until the recipe is done or something in the options stops it; saves a checkpoint either way. A
 * failure (NaN, a full disk) leaves the checkpoints as they were. */
fm_status fm_trainer_run(fm_trainer *trainer, fm_train_end *end, fm_error *err);
void fm_trainer_close(fm_trainer *trainer);

/* For messages: the run's folder; steps done; the plan of memory is printed by the caller from these
 * arenas. */
const char *fm_trainer_folder(const fm_trainer *trainer);
int64_t fm_trainer_step(const fm_trainer *trainer);
const fm_weights *fm_trainer_weights(const fm_trainer *trainer);
const fm_recipe *fm_trainer_recipe(const fm_trainer *trainer);
double fm_trainer_peak(const fm_trainer *trainer); /* FLOP/s of the 1024^3 product, measured at the start */

/* Writes the newest checkpoint of `run` to `folder` as a model for use: bf16 weights, config.json,
 * tokenizer.json, tokenizer_config.json with the chat template, generation_config.json. `tokenizer` is the
 * recipe's path. */
fm_status fm_train_export(const char *run, const char *tokenizer, const char *folder, fm_error *err);

#endif
