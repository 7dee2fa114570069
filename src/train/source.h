/* source.h: a stream of samples: number n of a source is a pure function of (seed, source, n).
 *
 * Where it stands: train/tokens, task/ and train/gen below; train/data mixes sources and packs their samples.
 * A run keeps nothing but the numbers of the samples it has used, so resuming needs no replay.
 *
 *   FILE   the documents in an order shuffled anew each epoch (a keyed permutation, computed per document).
 *   With a
 *          holdout of h, every h-th document belongs to validation and is never drawn for training.
 *   TASK   problem n of the train split: family, level and language drawn evenly from those allowed; answered
 *   with
 *          reasoning, or directly half of the time where that is easy enough.
 *   GEN    text n of a generator.
 *
 * Validation draws from the same source with `validation` set: of files the held-out documents (all of them
 * when the source has no holdout: a file of its own) in file order, of generators a stream of another seed.
 *
 * Thread safety: one caller per source.
 */
#ifndef FM_TRAIN_SOURCE_H
#define FM_TRAIN_SOURCE_H

#include "train/recipe.h"
#include "train/tokens.h"

typedef struct fm_source {
    const fm_source_spec *spec; /* borrowed */
    const fm_template *tpl;     /* borrowed */
    const fm_tokens *tokens;    /* FILE: borrowed */
    uint64_t seed;
    bool validation;
    int64_t docs; /* FILE: documents that can be drawn; else 0 */
} fm_source;

/* One sample; owned by the caller, reused from draw to draw, released with fm_sample_release. */
typedef struct fm_sample {
    fm_ids ids;
    fm_buf learn; /* one byte per id: 1 where an SFT stage learns */
    bool chat;    /* a conversation: never split in SFT stages */
} fm_sample;

/* FM_ERR_FORMAT when no document is left to draw. */
fm_status fm_source_init(fm_source *source, const fm_source_spec *spec, const fm_template *tpl,
                         const fm_tokens *tokens, uint64_t seed, bool validation, fm_error *err);

/* Sample number n, any n. */
fm_status fm_source_draw(const fm_source *source, uint64_t n, fm_sample *out, fm_error *err);

void fm_sample_release(fm_sample *sample);

#endif
