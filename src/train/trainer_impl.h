/* trainer_impl.h: the inside of fm_trainer. Private to trainer*.c.
 *
 *   trainer_open.c  makes everything      trainer.c      the loop
 *   trainer_data.c  sources per stage     trainer_log.c  the ledger's lines
 */
#ifndef FM_TRAIN_TRAINER_IMPL_H
#define FM_TRAIN_TRAINER_IMPL_H

#include "train/checkpoint.h"
#include "train/energy.h"
#include "train/flops.h"
#include "train/ledger.h"
#include "train/peak.h"
#include "train/trainer.h"

/* A file source encoded once, shared by the stages and validation that name the same path. */
typedef struct shared_tokens {
    char path[FM_RECIPE_PATH];
    char name[FM_RECIPE_NAME]; /* of the first source that named it */
    fm_tokens tokens;
} shared_tokens;

struct fm_trainer {
    fm_train_options options;
    char folder[1024], cache[1024];
    fm_recipe recipe;
    fm_tokenizer *tokenizer;
    fm_template tpl;
    fm_dev dev;
    fm_weights *weights;
    fm_pass *pass;
    fm_stepper stepper;
    shared_tokens *files; /* [file_count] */
    int file_count;
    fm_source *sources; /* of the stage at work, [recipe.stage[stage].source_count] */
    fm_data *data;
    int stage;               /* -1 before the first */
    fm_validation_set *sets; /* [set_count] */
    int set_count, validation_rows;
    fm_run_state state;
    fm_ledger ledger;
    bool ledger_open;
    fm_energy energy;
    fm_flops flops[2];         /* without MTP, with it */
    double peak;               /* FLOP/s */
    int64_t resumed_from;      /* step; -1: from the beginning */
    bool recipe_changed;       /* since the checkpoint that was resumed */
    double speed, speed_flops; /* smoothed tokens/s and FLOP/s */
    double begun, saved;       /* fm_clock of open and of the last checkpoint */
    int64_t first_step;        /* where this start began */
};

/* trainer_data.c */
fm_status fm_trainer_encode_files(fm_trainer *trainer, fm_error *err);
fm_status fm_trainer_make_validation(fm_trainer *trainer, fm_error *err);
fm_status fm_trainer_enter_stage(fm_trainer *trainer, int stage,
                                 fm_error *err); /* restores the sources' counters */
void fm_trainer_keep_marks(fm_trainer *trainer); /* counters of data to state */
void fm_trainer_leave_stage(fm_trainer *trainer);

/* trainer_log.c */
typedef struct fm_step_timing {
    double seconds, data_seconds;
} fm_step_timing;
fm_status fm_trainer_log_segment(fm_trainer *trainer, fm_error *err);
fm_status fm_trainer_log_step(fm_trainer *trainer, const fm_step_result *result, const fm_data_step *data,
                              double lr, fm_step_timing timing, fm_error *err);
fm_status fm_trainer_log_validation(fm_trainer *trainer, const fm_validation_score *scores, fm_error *err);
fm_status fm_trainer_log_checkpoint(fm_trainer *trainer, const char *folder, fm_error *err);
fm_status fm_trainer_log_end(fm_trainer *trainer, const char *why, fm_error *err);

#endif
