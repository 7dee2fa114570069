/* decode_state.h: what an fm_decoder holds. Private to decode.c (load, pack) and decode_run.c (prefill, step).
 *
 * W_UK of each head is packed twice: as stored, to expand keys for prompts, and transposed, to fold it into the query
 * of generated positions. W_UV serves both: it expands values, and maps the attended latent to the head's output.
 */
#ifndef FM_MODEL_DECODE_STATE_H
#define FM_MODEL_DECODE_STATE_H

#include "kern/linear/linear.h"
#include "kern/mla_decode/mla_decode.h"
#include "kern/permute/permute.h"
#include "model/block.h"
#include "model/decode.h"

typedef struct fm_decoder_block {
    fm_linear attn_a, q_b, o;        /* q_b only with q_lora_rank */
    fm_linear *key, *absorb, *value; /* [heads] each: [nope, kv_rank], [kv_rank, nope], [dv, kv_rank] */
    fm_linear gate_up, down;         /* dense */
    fm_linear router;                /* always f32 */
    fm_linear *expert_gate_up, *expert_down; /* [E] */
    fm_linear shared_gate_up, shared_down;
    fm_linear eh_proj; /* MTP */
} fm_decoder_block;

enum { FM_DECODE_SCORE_ROWS = 8 }; /* rows whose attention scores are held at once */

/* Work space for up to max_rows rows; names as in block.h. */
typedef struct fm_decode_work {
    float *x, *norm, *y;   /* [R, H] */
    float *pair;           /* [R, 2H] MTP */
    float *a, *q, *q_norm; /* [R, A], [R, N*Dq], [R, q_rank] */
    float *k, *v; /* [max_context, N*Dq], [max_context, N*Dv] expanded keys and values of one block */
    float *o;     /* [R, N*Dv] */
    float *q_latent, *q_rope, *out_latent;   /* [R, N*kv_rank], [R, N*rope], [R, N*kv_rank] */
    float *scores;                           /* [SCORE_ROWS, N, max_context rounded up to 64] */
    float *logits, *router_scores, *weights; /* [R, E], [R, E], [R, K] */
    int32_t *chosen;                         /* [R, K] */
    fm_permute plan;
    float *rows_in, *rows_out;   /* [R*K, H] */
    float *gate_up, *inner;      /* [max(R K 2I, R 2Is, R 2I_dense)], half of it */
    float *last;                 /* [R, H] after the final norm */
    int32_t *positions, *tokens; /* [R] */
    int32_t *zeros;              /* [R] attention's first[] */
    fm_linear_job *jobs;         /* [max(heads * 2, E, R)] */
    fm_mla_decode *attends;      /* [SCORE_ROWS] */
} fm_decode_work;

struct fm_decoder {
    fm_weights *layout; /* names and offsets, no arrays */
    fm_dev *dev;
    fm_decoder_options options;
    fm_dims dim;
    int blocks; /* MTP modules included if loaded */
    int max_rows, max_context;
    fm_arena arena;
    fm_decoder_block *block; /* [blocks] */
    fm_linear *heads;        /* storage of the per-head and per-expert arrays */
    void *embed;             /* [V, H] of options.dtype */
    fm_linear head;
    float *vectors; /* norms and router biases: the layout's floats from decay_count on */
    float *rope_table;
    float softmax_scale;
    fm_decode_work work;
};

/* A norm weight or router bias. */
static inline const float *fm_decoder_vector(const fm_decoder *d, size_t offset) {
    return d->vectors + (offset - d->layout->decay_count);
}

#endif
