/* report_data.h: a ledger read into arrays. Private to report*.c. */
#ifndef FM_TRAIN_REPORT_DATA_H
#define FM_TRAIN_REPORT_DATA_H

#include <jansson.h>
#include <stdint.h>

#include "train/ledger.h"

enum { REPORT_SETS = 64, REPORT_BLOCKS = 128 };

/* One step; the last line that the ledger has of it. */
typedef struct report_step {
    int64_t step;
    double loss, loss_mtp, grad_norm, lr, tokens, seconds, max_load;
} report_step;

/* One measurement of a validation source. */
typedef struct report_score {
    int64_t step;
    int set;
    double bits_per_byte;
} report_score;

/* Share of one expert, at a step for which the whole load was written. */
typedef struct report_load {
    int64_t step;
    json_t *experts; /* {"block": [tokens, ...]}, borrowed from `lines` */
} report_load;

typedef struct report_data {
    report_step *steps;
    int step_count, step_room;
    report_score *scores;
    int score_count, score_room;
    report_load *loads;
    int load_count, load_room;
    char sets[REPORT_SETS][64];
    int set_count;
    json_t *kept;                               /* array of whole lines: segments, ends, full loads */
    json_t *segments;                           /* array, borrowed objects in `kept` */
    json_t *ends;                               /* same length: the end line of each segment, or null */
    double spent_seconds, spent_tokens, joules; /* of all step lines, repeated ones too */
    double flops, peak_seconds;                 /* model FLOPs of the run; sum over steps of peak x seconds */
    int64_t repeated;                           /* step lines that a later one replaced */
    fm_ledger_facts facts;
} report_data;

fm_status report_read(report_data *data, const char *path, fm_error *err);
void report_release(report_data *data);

#endif
