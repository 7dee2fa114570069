/* bench.h: how fast a training step is, on random tokens, against the peak measured in the same run.
 *
 * Where it stands: `fathom train --bench RECIPE`; tools/compare_train.sh sets it beside PyTorch. The shape is
 * the recipe's first stage; whole rows of random tokens, one sample each.
 */
#ifndef FM_TRAIN_BENCH_H
#define FM_TRAIN_BENCH_H

#include <stdint.h>
#include <stdio.h>

#include "train/recipe.h"

typedef struct fm_train_bench {
    fm_param_count count;
    int rows, sequence, steps, threads;
    fm_precision precision;
    double seconds_median, seconds_best; /* per step */
    double tokens_per_second;            /* of the median */
    double flops_per_token, peak;        /* as train/flops.h; FLOP/s */
    double share;                        /* of peak, of the median */
} fm_train_bench;

/* steps 0: as many as fit into about fifteen seconds, at least five. */
fm_status fm_train_bench_run(fm_train_bench *out, const char *recipe, int threads, int steps, fm_error *err);

/* One "key value" pair a line, for people and scripts. */
void fm_train_bench_print(const fm_train_bench *result, FILE *out);

#endif
