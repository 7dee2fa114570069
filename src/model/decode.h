/* decode.h: the model for inference: packed weights, the latent KV cache, prefill and decode. (docs/MODEL.md, "Decode")
 *
 * Where it stands: infer/engine -> here -> kern/linear, kern/attention, kern/mla_decode. Weights are packed once
 * (f32 or bf16); activations, cache and logits are f32.
 * The cache keeps, per position and block, the normalised latent [kv_lora_rank] and the rotated shared key
 * [qk_rope_head_dim] (DeepSeek-V2, arXiv 2405.04434, section 2.1.2): one MQA-like row instead of all heads.
 *   - fm_decoder_prefill: prompt positions. Keys and values are expanded from the latent (unabsorbed); causal attention
 *     over full heads.
 *   - fm_decoder_step: generated positions. W_UK is folded into the query and W_UV applied to the attended latent
 *     (absorbed).
 * Both give the same logits to 1e-4 in f32. A row's result depends only on the token ids before it and on which of
 * the two made each position: never on its neighbours in the call, the chunking or the number of threads (==).
 *
 * It refuses: files that do not match the config (as weights.h), tokens outside the vocabulary, positions past the
 * cache's capacity. Thread safety: an fm_decoder is read-only after creation except for its workspace: one caller.
 */
#ifndef FM_MODEL_DECODE_H
#define FM_MODEL_DECODE_H

#include "kern/kern.h"
#include "model/weights.h"

typedef struct fm_decoder fm_decoder;

typedef struct fm_decoder_options {
    fm_dtype dtype;  /* of packed weights: FM_F32 (exact on any stored type) or FM_BF16 */
    bool mtp;        /* also load the MTP modules (speculation) */
    int max_context; /* positions; 0: max_position_embeddings */
    int max_rows;    /* rows per step, and the prefill tile; 0: 256 */
} fm_decoder_options;

/* Loads FOLDER (config.json, safetensors) or packs weights that exist in memory (a trainer's; they are copied).
 * Borrows dev. */
fm_status fm_decoder_load(fm_decoder **out, const char *folder, fm_dev *dev,
                          const fm_decoder_options *options, fm_error *err);
fm_status fm_decoder_pack(fm_decoder **out, const fm_weights *weights, fm_dev *dev,
                          const fm_decoder_options *options, fm_error *err);
void fm_decoder_free(fm_decoder *decoder);

const fm_config *fm_decoder_config(const fm_decoder *decoder);
const fm_arena *fm_decoder_arena(const fm_decoder *decoder); /* weights and workspace, for the plan */

/* One sequence's memory. */
typedef struct fm_cache {
    float *data; /* [blocks, capacity, stride]; owned */
    int blocks, capacity, stride;
    int length; /* positions filled by the main model */
} fm_cache;

/* Bytes per position, for budgets. */
size_t fm_cache_position_bytes(const fm_decoder *decoder);
fm_status fm_cache_open(fm_cache *cache, const fm_decoder *decoder, int capacity, fm_error *err);
void fm_cache_close(fm_cache *cache);
void fm_cache_truncate(fm_cache *cache, int length); /* forget positions from `length` on */

/* Appends `count` prompt tokens at cache->length. `logits` [V] of the last token, or NULL; `all_logits` [count, V] or
 * NULL; `hidden` [count, H] after the final norm, or NULL. */
typedef struct fm_prefill {
    fm_cache *cache;
    const int32_t *tokens;
    int count;
    float *logits, *all_logits, *hidden;
} fm_prefill;
fm_status fm_decoder_prefill(fm_decoder *decoder, const fm_prefill *job, fm_error *err);

/* One generated token of one sequence, appended at cache->length (rows of the same cache follow each other). */
typedef struct fm_decode_row {
    fm_cache *cache;
    int32_t token;
    float *logits; /* [V] or NULL */
    float *hidden; /* [H] after the final norm, or NULL */
} fm_decode_row;
fm_status fm_decoder_step(fm_decoder *decoder, const fm_decode_row *rows, int count, fm_error *err);

/* MTP module 0 on a position i that the main model has done: hidden is that row's (after the final norm), token is
 * t_{i+1}; fills the module's own cache rows at position i (rows must come in order) and gives the logits of t_{i+2}.
 * Needs options.mtp. */
typedef struct fm_mtp_row {
    fm_cache *cache;
    int position;
    int32_t token;
    const float *hidden; /* [H] */
    float *logits;       /* [V] or NULL */
} fm_mtp_row;
fm_status fm_decoder_mtp(fm_decoder *decoder, const fm_mtp_row *rows, int count, fm_error *err);

#endif
