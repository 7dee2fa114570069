/* recipes.c: see recipes.h. */
#include "support/recipes.h"

#include <stdio.h>
#include <string.h>

#include "support/support.h"
#include "train/checkpoint.h"

static const char head[] = "seed: 3\n"
                           "tokenizer: " FM_SOURCE_DIR "/recipes/bytes\n"
                           "precision: f32\n"
                           "decontaminate: 0\n"
                           "checkpoint: {steps: 1000, keep: 2}\n"
                           "model:\n"
                           "  inline:\n"
                           "    hidden_size: 32\n"
                           "    num_hidden_layers: 2\n"
                           "    num_attention_heads: 2\n"
                           "    q_lora_rank: 16\n"
                           "    kv_lora_rank: 16\n"
                           "    qk_nope_head_dim: 8\n"
                           "    qk_rope_head_dim: 8\n"
                           "    v_head_dim: 8\n"
                           "    intermediate_size: 48\n"
                           "    moe_intermediate_size: 16\n"
                           "    n_routed_experts: 4\n"
                           "    n_shared_experts: 1\n"
                           "    num_experts_per_tok: 2\n"
                           "    first_k_dense_replace: 1\n"
                           "    max_position_embeddings: 256\n"
                           "    num_nextn_predict_layers: 1\n"
                           "    tie_word_embeddings: true\n"
                           "    initializer_range: 0.05\n";

const char fm_test_stage[] = "stages:\n"
                             "  - name: one\n"
                             "    steps: 7\n"
                             "    batch_tokens: 256\n"
                             "    micro_batch: 2\n"
                             "    sequence: 64\n"
                             "    lr: {shape: cosine, peak: 0.01, warmup: 2}\n"
                             "    sources:\n"
                             "      - {name: text, file: text.jsonl, weight: 2, holdout: 5}\n"
                             "      - {task: addsub, levels: [1]}\n"
                             "  - name: two\n"
                             "    kind: sft\n"
                             "    steps: 5\n"
                             "    batch_tokens: 384\n"
                             "    sequence: 96\n"
                             "    lr: {shape: constant, peak: 0.004, warmup: 0}\n"
                             "    sources:\n"
                             "      - {name: text, file: text.jsonl, holdout: 5}\n"
                             "      - {gen: dialogue, langs: [en]}\n"
                             "validation: {every: 4, tokens: 200}\n";

const char *fm_test_recipe(const char *name, const char *rest) {
    static char path[512];
    fm_error err = {0};
    fm_buf text = {0};
    fm_buf_puts(&text, head);
    fm_buf_puts(&text, rest);
    snprintf(path, sizeof path, "%s/%s.yaml", fm_test_temp_dir(), name);
    fm_test_ok(fm_file_write(path, text.data, text.size, &err), &err);
    fm_buf_release(&text);
    return path;
}

void fm_test_corpus(int count) {
    char path[512];
    fm_error err = {0};
    fm_buf text = {0};
    for (int i = 0; i < count; i++) {
        if (i % 3 == 0)
            fm_buf_printf(&text,
                          "{\"messages\":[{\"role\":\"user\",\"content\":\"number %d?\"},"
                          "{\"role\":\"assistant\",\"content\":\"It is %d.\"}]}\n",
                          i, i * 7);
        else
            fm_buf_printf(
                &text,
                "{\"text\":\"Document %d tells of %d birds, %d trees and a long road that goes on and "
                "on until it is cut where a row ends.\"}\n",
                i, i * 3, i + 11);
    }
    snprintf(path, sizeof path, "%s/text.jsonl", fm_test_temp_dir());
    fm_test_ok(fm_file_write(path, text.data, text.size, &err), &err);
    fm_buf_release(&text);
}

const char *fm_test_run(const char *run) {
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/runs/%s", fm_test_temp_dir(), run);
    return path;
}

void fm_test_train(const char *recipe, const char *run, int64_t steps, bool resume, int threads) {
    fm_error err = {0};
    fm_trainer *trainer;
    fm_train_end end;
    fm_train_options options = {.recipe = recipe,
                                .run = fm_test_run(run),
                                .cache = fm_test_temp_dir(),
                                .resume = resume,
                                .threads = threads,
                                .steps = steps};
    fm_test_ok(fm_trainer_open(&trainer, &options, &err), &err);
    fm_test_ok(fm_trainer_run(trainer, &end, &err), &err);
    assert_int_equal(end, steps == 0 ? FM_TRAIN_DONE : FM_TRAIN_STOPPED);
    fm_trainer_close(trainer);
}

void fm_test_run_hash(const char *run, char hex[FM_SHA256_HEX]) {
    char folder[1024], path[1100], part[FM_SHA256_HEX];
    bool found;
    fm_error err = {0};
    fm_sha256 hash;
    uint8_t digest[FM_SHA256_BYTES];
    fm_test_ok(fm_checkpoint_latest(fm_test_run(run), folder, &found, &err), &err);
    assert_true(found);
    fm_sha256_init(&hash);
    static const char *const files[] = {"model.safetensors", "optimizer.safetensors"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        fm_test_ok(fm_sha256_file(path, part, &err), &err);
        fm_sha256_update(&hash, part, 64);
    }
    fm_sha256_final(&hash, digest);
    fm_sha256_hex(digest, hex);
}
