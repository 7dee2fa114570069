/* score.h: how surprised a model is by given token ids: nats per token, under prompt arithmetic.
 *
 * Where it stands: eval/perplexity -> here -> model/decode. Opens a model without a conversation: no template needed.
 * It refuses ids outside the vocabulary and more ids than the context. Thread safety: one caller.
 */
#ifndef FM_INFER_SCORE_H
#define FM_INFER_SCORE_H

#include <stdbool.h>

#include "base/status.h"
#include "text/tokenizer.h"

typedef struct fm_scorer fm_scorer;

typedef struct fm_scorer_options {
    bool exact;  /* weights in f32 as stored; false: packed as bf16 */
    int context; /* positions; 0: 1,024, or max_position_embeddings where that is less */
    int threads; /* 0: one per core */
} fm_scorer_options;

/* `model` as in infer/engine.h (a folder, "mini", NULL). *out is the caller's to close. */
fm_status fm_scorer_open(fm_scorer **out, const char *model, const fm_scorer_options *options, fm_error *err);
void fm_scorer_close(fm_scorer *scorer);

int fm_scorer_context(const fm_scorer *scorer); /* tokens */
int fm_scorer_vocab(const fm_scorer *scorer);

/* The model's own tokenizer, opened at first use (borrowed). */
fm_status fm_scorer_tokenizer(fm_scorer *scorer, const fm_tokenizer **out, fm_error *err);

/* nats[i] = -log p(ids[i] | ids[0..i)) for i in 1 .. count-1; nats[0] = 0. */
fm_status fm_scorer_nats(fm_scorer *scorer, const int32_t *ids, int count, double *nats, fm_error *err);

/* Logits of every position, handed out in pieces of `rows` rows [rows, vocab], in order; a failing sink stops. */
typedef fm_status (*fm_logits_sink)(void *context, const float *logits, int rows, fm_error *err);
fm_status fm_scorer_logits(fm_scorer *scorer, const int32_t *ids, int count, fm_logits_sink sink,
                           void *context, fm_error *err);

#endif
