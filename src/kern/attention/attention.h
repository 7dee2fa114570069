/* attention.h: causal softmax attention over full heads, for training and prefill (unabsorbed MLA, GQA).
 *
 * o_i = sum_j p_ij v_j, p_ij = softmax_j(scale q_i . k_j) over first[i] <= j <= i, where first[i] is the
 * index of the first row that belongs to row i's sample (packed samples see only themselves; an unpacked
 * batch is the same thing). Rows i of q count from `q_offset` in k and v: a prefill chunk attends to the rows
 * cached before it.
 *
 * Never holds [T, T]: works in tiles; keeps lse [heads, Tq] = log sum exp of the scaled scores for backward,
 * which recomputes p. Order of every sum is fixed by a tile grid counted from the row's own first key, so a
 * row's result does not depend on the other rows, the chunk, the threads or where its sample stands in a
 * pack: samples packed and samples apart agree with ==. Exact order in docs/MODEL.md and attention_ref.c.
 * Always f32: the scores and their gradients are the most sensitive products of the model, so `precision` is
 * not looked at yet. Strides in elements; head h of row t of q is at q + t * ldq + h * dim_qk, and so on. kv
 * heads: query head h uses key head h / (heads / kv_heads). No overlap. Refuses nothing: callers check
 * shapes.
 */
#ifndef FM_KERN_ATTENTION_H
#define FM_KERN_ATTENTION_H

#include <stdint.h>

#include "kern/gemm/gemm.h"

typedef struct fm_attention {
    int q_rows, kv_rows, q_offset; /* self-attention in training: q_rows == kv_rows, q_offset 0 */
    int heads, kv_heads, dim_qk, dim_v;
    float scale;
    const float *q, *k, *v;
    int ldq, ldk, ldv;
    const int32_t *first; /* [q_rows], each in 0 .. q_offset + row, never decreasing */
    float *o;
    int ldo;
    float *lse; /* [heads, q_rows] or NULL */
    fm_precision precision;
} fm_attention;

void fm_attention_forward(fm_dev *dev, const fm_attention *op);

/* Overwrites dq, dk, dv (same strides as q, k, v). Needs o, lse of the forward; `delta` [heads, q_rows] is
 * workspace (row sums of do * o). Only for q_offset 0. */
typedef struct fm_attention_grad {
    fm_attention forward; /* with o and lse filled */
    const float *d_o;
    float *dq, *dk, *dv;
    float *delta;
} fm_attention_grad;

void fm_attention_backward(fm_dev *dev, const fm_attention_grad *op);

#endif
