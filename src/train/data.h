/* data.h: batches: samples of several sources, mixed by weight and packed into rows, the same on every run.
 *
 * Where it stands: train/source gives samples, train/step takes what is made here to model/pass.
 *
 * A step is `rows` rows of at most `sequence` tokens. A sample of n ids takes n - 1 places: its last id is
 * only ever a target. The source that lags most behind its share of the tokens goes next; its sample goes
 * into the first row with room. Plain text (and, in pre-training, anything longer than a row) is cut at a
 * row's end and goes on in another row or step; conversations wait in the source's window until they fit.
 * Rows are filled, never padded: a row is as long as what it holds.
 *
 * With the sample mask every piece is a sample of its own (positions from 0, attention only to itself);
 * without it a row is one sample, as in V3's pre-training.
 *
 * What a step holds depends on (seed, recipe, fm_data_state) and on nothing else: not on the micro-batch, the
 * number of threads or earlier runs. fm_data_state is all that a checkpoint keeps.
 *
 * Thread safety: one caller.
 */
#ifndef FM_TRAIN_DATA_H
#define FM_TRAIN_DATA_H

#include "model/pass.h"
#include "train/source.h"

enum { FM_DATA_WINDOW = 32 }; /* samples of a source that may wait for room */

/* How far one source has been used. */
typedef struct fm_source_state {
    uint64_t base;    /* samples below this number are used up */
    uint64_t used;    /* bit i: sample base + i is used up too */
    uint64_t offset;  /* ids of sample `base` already placed (a text being cut) */
    uint64_t tokens;  /* places filled so far */
    uint64_t skipped; /* conversations left out because they are longer than a row */
} fm_source_state;

/* One step's batch, in the form of fm_batch; arrays belong to the fm_data and live until the next call. */
typedef struct fm_data_step {
    int tokens;  /* places filled, <= rows * sequence */
    int targets; /* with a loss */
    int rows;
    int32_t *ids, *positions, *first, *target; /* [tokens]; `first` counts from the step's first token */
    int *row_begin;                            /* [rows + 1] */
    char sha256[FM_SHA256_HEX];                /* of ids, first and target */
} fm_data_step;

typedef struct fm_data fm_data;

typedef struct fm_data_options {
    const fm_source *sources; /* [count], borrowed */
    int count;
    int rows, sequence;
    bool sample_mask;
    bool answers_only; /* SFT: conversations are learnt only where the assistant writes */
} fm_data_options;

fm_status fm_data_open(fm_data **out, const fm_data_options *options, fm_error *err);
void fm_data_close(fm_data *data);

/* The next step. FM_ERR_FORMAT when a source has nothing that fits a row. */
fm_status fm_data_next(fm_data *data, fm_data_step *step, fm_error *err);

/* The state [count], before the next step; set it to go on elsewhere. */
const fm_source_state *fm_data_state(const fm_data *data);
void fm_data_state_set(fm_data *data, const fm_source_state *state);

/* Rows [begin, end) of a step as a micro-batch; `first` is renumbered in place into `scratch` [tokens of
 * those rows]. */
fm_batch fm_data_micro(const fm_data_step *step, int begin, int end, int32_t *scratch);

#endif
