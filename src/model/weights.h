/* weights.h: the parameters of a model in training form: f32, named, in flat arrays. (docs/MODEL.md, "Parameters")
 *
 * Where it stands: between files (safetensors, checkpoints) and the blocks of the forward and backward pass. Four
 * arrays of one layout, w (master weights), g (gradients), m and v (AdamW's moments), so that the optimiser, norms,
 * clipping and checkpoints run over flat memory:
 *
 *     [ decayed: tensors of two or more dimensions | not decayed: norm weights | buffers: router biases ]
 *     0                                  decay_count                  trained_count            total_count
 *
 * Pieces that one product serves are adjacent: gate above up (of an expert, of a dense layer), q_a_proj (or q_proj)
 * above kv_a_proj_with_mqa, all experts of a layer. Gaps of alignment hold zeros in all four arrays and stay zero.
 * Names and shapes are those of the published checkpoints (Hugging Face); every named tensor is a contiguous slice.
 *
 * MTP modules (blocks num_hidden_layers ...) share embedding and head with the main model: one copy here, the copies
 * of the published layout are written on saving (not for a tied model) and must equal the shared tensor on loading,
 * where they are there.
 *
 * It refuses: a missing, unknown or mis-shaped tensor in a file (by name, with expected and actual shape), dtypes
 * other than F32, F16, BF16 and F8_E4M3 with 128 x 128 block scales.
 * Thread safety: read-only functions may be shared; everything else belongs to one caller.
 */
#ifndef FM_MODEL_WEIGHTS_H
#define FM_MODEL_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/config.h"
#include "tensor/dtype.h"

enum { FM_PARAM_NAME = 96, FM_MAX_MTP = 4 };

/* An offset into w, g, m and v, in floats; FM_ABSENT where a model has no such tensor. */
#define FM_ABSENT SIZE_MAX

/* One named tensor. */
typedef struct fm_param {
    char name[FM_PARAM_NAME]; /* as in published checkpoints */
    int dims;                 /* 1 or 2 */
    int64_t size[2];          /* [out, in] or [n] */
    size_t offset, count;     /* floats */
    bool decay;               /* weight decay applies (two dimensions) */
    bool trained;             /* false: a buffer (e_score_correction_bias) */
} fm_param;

/* Where the tensors of one block lie; H hidden, A = (q_lora_rank or heads * qk_head_dim) + kv_lora_rank + rope. */
typedef struct fm_block {
    bool moe;
    size_t input_norm, post_norm; /* [H] */
    size_t attn_a;                /* [A, H]: q_a_proj or q_proj, then kv_a_proj_with_mqa */
    size_t q_norm, q_b;   /* [q_lora_rank], [heads * qk_head_dim, q_lora_rank]; absent without q_lora_rank */
    size_t kv_norm, kv_b; /* [kv_lora_rank], [heads * (nope + v), kv_lora_rank] */
    size_t o;             /* [H, heads * v_head_dim] */
    size_t gate_up, down; /* dense: [2I, H], [H, I]; absent with experts */
    size_t router, router_bias;           /* [E, H], [E]; bias absent unless noaux_tc */
    size_t experts_gate_up, experts_down; /* [E, 2I, H], [E, H, I] */
    size_t shared_gate_up, shared_down;   /* [2 Is, H], [H, Is], Is = n_shared_experts * I; absent without */
    size_t enorm, hnorm, eh_proj, head_norm; /* MTP: [H], [H], [H, 2H], [H]; else absent */
} fm_block;

typedef struct fm_weights {
    fm_config config;
    int blocks;                     /* num_hidden_layers + num_nextn_predict_layers */
    fm_block *block;                /* [blocks]; MTP modules last */
    size_t embed, head, final_norm; /* [V, H], [V, H] (== embed when tied), [H] */
    fm_param *params;               /* [param_count], in the order of their offsets */
    int param_count;
    size_t decay_count, trained_count, total_count; /* floats, see the picture above */
    float *w;
    float *g, *m, *v; /* NULL unless made for training */
    fm_arena arena;   /* owns the four arrays */
} fm_weights;

/* The layout alone: names, shapes and offsets, no arrays (w is NULL). For readers that pack elsewhere. */
fm_status fm_weights_plan(fm_weights **out, const fm_config *config, fm_error *err);

/* All zeros; with g, m, v when `training`. The caller releases it with fm_weights_free (NULL is fine). */
fm_status fm_weights_create(fm_weights **out, const fm_config *config, bool training, fm_error *err);
void fm_weights_free(fm_weights *weights);

/* Matrices N(0, initializer_range), each from its own stream ("init/<name>"); norms 1; router biases 0. */
void fm_weights_init(fm_weights *weights, uint64_t seed);

/* The tensor of that name, or NULL. */
const fm_param *fm_weights_find(const fm_weights *weights, const char *name);

/* Reads FOLDER (single file or sharded) into w, widened to f32 and dequantised. All-or-error: after a failure the
 * contents are unspecified. */
fm_status fm_weights_load(fm_weights *weights, const char *folder, fm_error *err);

/* Writes FOLDER/model.safetensors (atomically) in F32 or BF16 and FOLDER/config.json; makes the folder. Router biases
 * stay F32, as in published checkpoints. `metadata` as in fm_safetensors_write. */
fm_status fm_weights_save(const fm_weights *weights, const char *folder, fm_dtype dtype,
                          const char *const metadata[][2], int metadata_count, fm_error *err);

/* config.json and weights of FOLDER in one call. */
fm_status fm_weights_open(fm_weights **out, const char *folder, bool training, fm_error *err);

#endif
