/* mla_decode.h: one query row against the latent cache, absorbed form (DeepSeek-V2, arXiv 2405.04434,
 * section 2.1.2).
 *
 * Per head h: s_j = scale (q_latent[h] . c_j + q_rope[h] . kr_j), p = softmax_j(s), out[h] = sum_j p_j c_j,
 * where c_j [kv_lora_rank] is the normalised latent and kr_j [rope_dim] the rotated key of cached position j
 * < length. Two passes over tiles of 64 positions counted from 0; sums in 16 lanes: the result depends on the
 * cache content alone. Queries of several sequences run as separate ops of a list, spread over the threads
 * together.
 */
#ifndef FM_KERN_MLA_DECODE_H
#define FM_KERN_MLA_DECODE_H

#include "kern/kern.h"

typedef struct fm_mla_decode {
    int heads, latent, rope;
    float scale;
    const float *q_latent; /* [heads, latent] */
    const float *q_rope;   /* [heads, rope] */
    int length;            /* cached positions, >= 1 */
    const float *cache;    /* position j at cache + j * stride: latent numbers, then rope numbers */
    int stride;
    float *out;    /* [heads, latent] */
    float *scores; /* workspace [heads, length rounded up to 64] */
} fm_mla_decode;

void fm_mla_decode_run(fm_dev *dev, const fm_mla_decode *list, int count);

#endif
