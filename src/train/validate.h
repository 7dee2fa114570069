/* validate.h: held-out text, packed once, measured in bits per byte.
 *
 * Where it stands: beside the gradient's path; train/trainer calls it every so many steps.
 *
 * Bits per byte = nats over the targets / (ln 2 x their bytes): targets that are special tokens count neither
 * as nats nor as bytes, of conversations only what the assistant writes counts. So it compares models with
 * different tokenizers, and plain text with itself.
 */
#ifndef FM_TRAIN_VALIDATE_H
#define FM_TRAIN_VALIDATE_H

#include "train/step.h"

typedef struct fm_validation_set {
    char name[FM_RECIPE_NAME];
    fm_data_step step; /* arrays owned */
    uint64_t bytes;    /* of the targets */
} fm_validation_set;

typedef struct fm_validation_score {
    double bits_per_byte, nats_per_token;
    int64_t tokens;
} fm_validation_score;

/* Packs the source's held-out samples into rows of at most `sequence`, until `tokens` places are filled or,
 * for files, every document was used once. FM_ERR_FORMAT when nothing with a target is there. */
fm_status fm_validation_build(fm_validation_set *set, const fm_source *source, int sequence, int64_t tokens,
                              fm_error *err);
void fm_validation_release(fm_validation_set *set);

fm_status fm_validation_run(const fm_validation_set *set, fm_stepper *stepper, fm_precision precision,
                            int micro_rows, fm_validation_score *out, fm_error *err);

#endif
