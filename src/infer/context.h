/* context.h: one sequence of token ids with its cache, and generating from it.
 *
 * Where it stands: session -> here -> model/decode and sample. Sees ids, never text.
 *
 * The caller hands in the whole prompt each time; the context decides what it can keep: the longest common prefix with
 * what is cached, but only positions that prefill made (design: a generated position is computed again when it becomes
 * part of a prompt, so that an answer never depends on how the prompt came about).
 *
 * It refuses prompts that leave no room for one token.
 */
#ifndef FM_INFER_CONTEXT_H
#define FM_INFER_CONTEXT_H

#include <stdbool.h>

#include "infer/sample.h"
#include "model/decode.h"

typedef struct fm_context {
    fm_decoder *model; /* borrowed */
    fm_cache cache;
    int capacity;
    int32_t *ids;  /* [capacity] what the cache holds, prompt and generated */
    int count;     /* of them valid */
    int prefilled; /* leading positions that prefill made */
    float *logits; /* [vocab] */
    uint64_t *workspace;
} fm_context;

fm_status fm_context_open(fm_context *context, fm_decoder *model, int capacity, fm_error *err);
void fm_context_close(fm_context *context);

/* Receives each generated id, the stop token included; false stops after it. */
typedef bool (*fm_id_sink)(void *sink_context, int32_t id);

typedef struct fm_generate {
    const int32_t *prompt;
    int prompt_count;
    const fm_sample_options *sample;
    int32_t stop;   /* ends the generation (EOS); -1: none */
    int max_tokens; /* 0: as many as fit */
    fm_id_sink sink;
    void *sink_context;
} fm_generate;

typedef struct fm_generated {
    int cached, tokens; /* prompt positions kept; tokens generated, the stop token included */
    fm_finish finish;
    double prefill_seconds, decode_seconds;
} fm_generated;

/* Prefills what is missing, then decodes token by token. FM_ERR_LIMIT when the prompt fills the context. */
fm_status fm_context_generate(fm_context *context, const fm_generate *job, fm_generated *result,
                              fm_error *err);

#endif
