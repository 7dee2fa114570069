/* perplexity.h: how well a model predicts a text: nats per token, bits per byte.
 *
 * The text becomes one list of ids. Windows of the scorer's context follow each other, each beginning half a context
 * before the tokens it scores, so every token but the first of the text is scored exactly once, with at least half a
 * context before it (or all there is). Bits per byte divide by the bytes of the scored tokens: comparable between
 * tokenizers, as nats per token are not.
 *
 * It refuses: a text of fewer than two tokens, ids that the model has no row for, logits that are not finite.
 */
#ifndef FM_EVAL_PERPLEXITY_H
#define FM_EVAL_PERPLEXITY_H

#include "infer/score.h"

typedef struct fm_perplexity {
    int64_t tokens; /* scored */
    int64_t bytes;  /* of the text that they spell */
    double nats;    /* in all */
} fm_perplexity;

/* Scores text[0..size) and adds to *result (zeroed by the caller). `where` heads messages. */
fm_status fm_perplexity_add(fm_perplexity *result, fm_scorer *scorer, const char *text, size_t size,
                            const char *where, fm_error *err);

double fm_perplexity_nats_per_token(const fm_perplexity *result);
double fm_perplexity_bits_per_byte(const fm_perplexity *result);

#endif
