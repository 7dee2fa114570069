/* block.h: what the blocks of the training pass share: kept activations, work space, and the contract of each block.
 * Private to src/model; the pass (pass.c) is its only user.
 *
 * Where it stands: pass.c runs fm_block_forward for each block and fm_block_backward in reverse. A block is
 *     xm = x + MLA(norm(x)),  y = xm + FFN(norm(xm))
 * Each file holds a forward directly above its backward: mla.c, mlp.c, moe.c, mtp.c.
 *
 * Kept per block (needed by backward and dear to recompute): x, xm, a, q, k, v, o, lse, the gate-up products, expert
 * outputs, router scores and choice. Recomputed in backward (cheap, memory-bound): the outputs of all norms, SwiGLU,
 * the rows gathered for the experts. docs/MODEL.md has the table.
 *
 * Names: T rows, H hidden_size, A width of `a`, N heads, Dq qk_head_dim, Dv v_head_dim, E experts, K top-k, S = T*K.
 */
#ifndef FM_MODEL_BLOCK_H
#define FM_MODEL_BLOCK_H

#include "kern/permute/permute.h"
#include "kern/rope/rope.h"
#include "kern/router/router.h"
#include "model/pass.h"

/* The rows that a block works on: the batch, or the rows of an MTP module. */
typedef struct fm_rows {
    int count, sequences;
    const int32_t *tokens, *positions, *first, *targets; /* [count] */
    int32_t *begin; /* [sequences + 1] first row of each sample, and count */
} fm_rows;

typedef struct fm_block_acts {
    float *x;                /* [T, H] input */
    float *norm1, *norm2;    /* [T] 1/rms of x and xm */
    float *a;                /* [T, A] q latent (or q), kv latent, shared rope key (rotated) */
    float *q_rms, *kv_rms;   /* [T] */
    float *q;                /* [T, N*Dq] rotated; inside `a` without q_lora_rank */
    float *k, *v;            /* [T, N*Dq], [T, N*Dv] */
    float *o, *lse;          /* [T, N*Dv], [N, T] */
    float *xm;               /* [T, H] after attention */
    float *gate_up;          /* dense: [T, 2I] */
    float *scores, *weights; /* experts: [T, E], [T, K] */
    int32_t *chosen;         /* [T, K] */
    fm_permute plan;
    float *expert_gate_up; /* [S, 2I] */
    float *expert_out;     /* [S, H] */
    float *shared_gate_up; /* [T, 2 Is] */
    float *y;              /* [T, H] output; the next block's x */
    const int32_t *forced; /* fm_pass_force_choice, or NULL */
    int64_t *load;         /* [E] */
    double balance;        /* sum over sequences of the balance loss of the last forward */
} fm_block_acts;

/* Work space that no value survives in from block to block. */
typedef struct fm_work {
    float *norm;                 /* [T, H] output of a norm */
    float *q_latent, *kv_latent; /* [T, q_lora_rank], [T, kv_lora_rank] normalised */
    float *logits;               /* [T, E] */
    float *rows_in, *rows_grad;  /* [S, H] gathered rows; gradients of expert outputs and inputs */
    float *inner, *inner_grad;   /* [max(S I, T Is, T I_dense)] SwiGLU's output and its gradient */
    float *dq, *dk, *dv, *d_o;   /* as q, k, v, o */
    float *da;                   /* [T, A] */
    float *delta;                /* [N, T] */
    float *dnorm;                /* [T, H] gradient of a norm's output */
    float *d_weights;            /* [T, K] */
    fm_gemm *jobs;               /* [job_room] */
} fm_work;

typedef struct fm_dims {
    int hidden, heads, nope, rope, dqk, dv;
    int q_rank, kv_rank;
    int q_width, a_width; /* columns of `a`: q part, all */
    int dense_inner, expert_inner, shared_inner;
    int experts, top_k;
} fm_dims;

/* Everything a block's forward or backward reads besides its input. */
typedef struct fm_scope {
    fm_dev *dev;
    const fm_weights *weights;
    const fm_block *block;
    fm_dims dim;
    const fm_rows *rows;
    fm_block_acts *acts;
    const fm_work *work;
    const float *rope_table;
    float softmax_scale;
    float balance_alpha; /* already divided for the step: alpha / sequences of the whole step */
    fm_precision precision;
} fm_scope;

static inline const float *fm_w(const fm_scope *s, size_t offset) { return s->weights->w + offset; }
static inline float *fm_g(const fm_scope *s, size_t offset) { return s->weights->g + offset; }

fm_dims fm_dims_of(const fm_config *config);

/* mla.c: xm = x + MLA(norm(x)); backward: d [T, H] is the gradient of xm on entry, of x on return. */
void fm_mla_forward(const fm_scope *s);
void fm_mla_backward(const fm_scope *s, float *d);

/* mlp.c: acts->y = xm + dense MLP(norm(xm)); backward: d of y becomes d of xm. */
void fm_mlp_forward(const fm_scope *s);
void fm_mlp_backward(const fm_scope *s, float *d);

/* moe.c: acts->y = xm + shared experts + routed experts of norm(xm); same convention. */
void fm_moe_forward(const fm_scope *s);
void fm_moe_backward(const fm_scope *s, float *d);

/* pass.c: fills table [positions, rope/2, 2] (if not NULL) and returns the softmax scale, YaRN's factor included. */
float fm_mla_rope(const fm_config *config, float *table, int positions);

/* The router of a config, without its arrays; shared with decode.c. */
fm_router fm_router_of(const fm_config *config, const float *bias, int rows);

/* One SwiGLU network on `rows` rows with stacked weights: out [rows, H] overwritten; gate_up [rows, 2 inner] kept.
 * Backward adds to the weight gradients and overwrites dx (or adds, accumulate); gate_up is destroyed. */
typedef struct fm_mlp_op {
    int rows, inner;
    size_t gate_up_w, down_w;
    const float *x;
    float *gate_up;
} fm_mlp_op;
void fm_mlp_op_forward(const fm_scope *s, const fm_mlp_op *op, float *out);
void fm_mlp_op_backward(const fm_scope *s, const fm_mlp_op *op, const float *dy, float *dx);

/* block.c */
void fm_block_forward(const fm_scope *s);
void fm_block_backward(const fm_scope *s, float *d);

/* block.c: the norms of a block. forward: y = norm(x). backward adds to dx and to the norm weight's gradient. */
typedef struct fm_norm_op {
    const float *x;
    int ldx, size;
    size_t w;
    float *r; /* [T] */
} fm_norm_op;
void fm_norm_op_forward(const fm_scope *s, const fm_norm_op *op, float *y, int ldy);
void fm_norm_op_backward(const fm_scope *s, const fm_norm_op *op, const float *dy, int lddy, float *dx,
                         int lddx, bool accumulate);

#endif
