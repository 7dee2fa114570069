/* sample.h: from logits to the next token.
 *
 * The options are in include/fathom.h. Where it stands: the last step of a token's path before the tokenizer turns it into text. The order of the steps is
 * that of the OpenAI-style servers: repeat penalty, temperature, top-k, top-p (on what top-k left, renormalised),
 * min-p, draw. Temperature 0 takes the best token. Ties go to the lower id; sums run in a fixed order with our own
 * exp; the draw is number `position` of a stream named by the seed: the same logits and seed give the same token,
 * whatever was sampled before or elsewhere.
 *
 * It refuses options outside their ranges by name (fm_sample_options_check) and logits without any finite value.
 */
#ifndef FM_INFER_SAMPLE_H
#define FM_INFER_SAMPLE_H

#include <stdint.h>

#include "base/status.h"

/* FM_ERR_ARG names the option, its value and its range. */
fm_status fm_sample_options_check(const fm_sample_options *options, fm_error *err);

/* Draws the next token. `logits` [vocab] is changed (penalties). `recent` are the last tokens of the sequence,
 * newest last. `workspace` holds vocab entries of 8 bytes. `position` is the index of the drawn token in its
 * sequence. FM_ERR_NUMERIC when no logit is finite. Does not allocate. */
typedef struct fm_sample_in {
    float *logits;
    int vocab;
    const int32_t *recent;
    int recent_count;
    uint64_t position;
    uint64_t *workspace;
} fm_sample_in;

fm_status fm_sample_token(const fm_sample_options *options, const fm_sample_in *in, int32_t *token,
                          fm_error *err);

#endif
