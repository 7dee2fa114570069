/* tiny.c: see tiny.h. */
#include "support/tiny.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "model/weights.h"
#include "support/support.h"

const char *fm_test_tiny_model(void) {
    static char folder[512];
    if (folder[0]) return folder;
    fm_error err = {0};
    snprintf(folder, sizeof folder, "%s/tiny", fm_test_temp_dir());
    fm_config config = {.vocab_size = 6144,
                        .hidden_size = 32,
                        .num_hidden_layers = 2,
                        .num_attention_heads = 2,
                        .q_lora_rank = 16,
                        .kv_lora_rank = 16,
                        .qk_nope_head_dim = 16,
                        .qk_rope_head_dim = 8,
                        .v_head_dim = 16,
                        .intermediate_size = 48,
                        .moe_intermediate_size = 16,
                        .n_routed_experts = 4,
                        .n_shared_experts = 1,
                        .num_experts_per_tok = 2,
                        .n_group = 1,
                        .topk_group = 1,
                        .first_k_dense_replace = 1,
                        .moe_layer_freq = 1,
                        .scoring = FM_SCORING_SIGMOID,
                        .topk_method = FM_TOPK_NOAUX_TC,
                        .norm_topk_prob = true,
                        .routed_scaling_factor = 1,
                        .rms_norm_eps = 1e-6f,
                        .rope_theta = 10000,
                        .rope_interleave = true,
                        .max_position_embeddings = FM_TINY_CONTEXT,
                        .initializer_range = 0.5f,
                        .bos_token_id = 0,
                        .eos_token_id = 1};
    strcpy(config.model_type, "deepseek_v3");
    fm_weights *weights;
    fm_test_ok(fm_weights_create(&weights, &config, false, &err), &err);
    fm_weights_init(weights, 5);
    fm_test_ok(fm_weights_save(weights, folder, FM_BF16, NULL, 0, &err), &err);
    fm_weights_free(weights);
    fm_buf tokenizer = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    fm_test_ok(fm_file_read(FM_SOURCE_DIR "/models/mini/tokenizer.json", 64 << 20, &tokenizer, &err), &err);
    fm_test_ok(fm_file_write(path, tokenizer.data, tokenizer.size, &err), &err);
    fm_buf_release(&tokenizer);
    return folder;
}
