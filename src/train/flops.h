/* flops.h: what a training step costs, by one named convention.
 *
 * Model FLOPs, as in "FM_FLOPS_CONVENTION": 6 per active parameter and token (2 forward, 4 backward),
 * embedding rows out, head in; attention causal, counted by the keys each query really sees (packed samples
 * see only themselves): 6 heads (qk_head_dim + v_head_dim) per query-key pair and layer; MTP modules in when
 * they are trained. Nothing is counted for norms, routing, the optimiser or recomputation. With whole
 * sequences of 4,096 tokens it gives DeepSeek-V3's published 250 GFLOP per token without MTP and 261 with it
 * (tests/test_ledger.c).
 */
#ifndef FM_TRAIN_FLOPS_H
#define FM_TRAIN_FLOPS_H

#include "model/config.h"

#define FM_FLOPS_CONVENTION                                                                                  \
    "model FLOPs: 6 N_active (embedding out, head in) + causal attention, MTP in if trained"

/* FLOPs per token apart from attention's query-key pairs, and per query-key pair, forward and backward
 * together. */
typedef struct fm_flops {
    double per_token, per_pair;
} fm_flops;

fm_flops fm_flops_of(const fm_config *config, bool mtp);

#endif
