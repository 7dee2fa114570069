/* test_config.c: config.json: published files and their parameter totals, a round trip, and bad input. */
#include "support/support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "model/config.h"

static fm_status load_file(fm_config *config, const char *path, fm_error *err) {
    fm_buf text = {0};
    fm_status status = fm_file_read(path, 1 << 20, &text, err);
    if (status == FM_OK) status = fm_config_parse(config, text.data, text.size, path, err);
    fm_buf_release(&text);
    return status;
}

static void published_totals(void **state) {
    (void)state;
    fm_test_need(fm_test_golden("configs/totals.json"));
    json_t *totals = json_load_file(fm_test_golden("configs/totals.json"), 0, NULL), *total;
    const char *name;
    int counted = 0, refused = 0;
    json_object_foreach(json_object_get(totals, "totals"), name, total) {
        char file[128];
        snprintf(file, sizeof file, "configs/%s.json", name);
        fm_config config;
        fm_error err = {0};
        fm_status status = load_file(&config, fm_test_golden(file), &err);
        if (status == FM_ERR_UNSUPPORTED) {
            fm_test_refused(status, &err, FM_ERR_UNSUPPORTED, "model_type", file, NULL);
            refused++;
            continue;
        }
        fm_test_ok(status, &err);
        assert_int_equal(fm_config_count(&config).total,
                         json_integer_value(json_object_get(total, "parameters")) +
                             json_integer_value(json_object_get(total, "router_biases")));
        counted++;
    }
    json_decref(totals);
    assert_int_equal(counted,
                     7); /* V3, R1, V3.1, V2, V2-Lite, Moonlight, and Kimi K2 (the same architecture) */
    assert_true(refused > 0);

    fm_config v3;
    fm_error err = {0};
    fm_test_ok(load_file(&v3, fm_test_golden("configs/deepseek-v3.json"), &err), &err);
    fm_param_count count = fm_config_count(&v3);
    assert_int_equal(count.total, 671026419200);
    assert_int_equal(count.embedding, 129280ll * 7168);
    /* 37B active (technical report, abstract): the head in, the embedding out. */
    assert_int_equal(count.active, 671026419200 - 129280ll * 7168 - 58ll * 248 * 44040192);
    /* One MoE block (attention, its norms, experts), three norms, and eh_proj. */
    assert_int_equal(count.mtp, 187107328ll + 2 * 7168 + 11320164608ll + 3 * 7168 + 2 * 7168ll * 7168);
    assert_false(fm_config_layer_is_moe(&v3, 2));
    assert_true(fm_config_layer_is_moe(&v3, 3));
    assert_true(fm_config_layer_is_moe(&v3, 61));
    assert_true(v3.rope_scaling.factor == 40 && v3.topk_method == FM_TOPK_NOAUX_TC && v3.n_group == 8);
}

static const char base_text[] =
    "{\"model_type\": \"deepseek_v3\", \"vocab_size\": 512, \"hidden_size\": 64, \"num_hidden_layers\": 3,"
    " \"num_attention_heads\": 4, \"q_lora_rank\": 48, \"kv_lora_rank\": 32, \"qk_nope_head_dim\": 32,"
    " \"qk_rope_head_dim\": 16, \"v_head_dim\": 32, \"intermediate_size\": 160, \"moe_intermediate_size\": "
    "48,"
    " \"n_routed_experts\": 8, \"n_shared_experts\": 1, \"num_experts_per_tok\": 2, \"n_group\": 4, "
    "\"topk_group\": 2,"
    " \"first_k_dense_replace\": 1, \"bos_token_id\": 0, \"eos_token_id\": [1, 2], \"rope_theta\": 10000,"
    " \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 40, \"mscale\": 0.707, \"mscale_all_dim\": 0.707,"
    " \"original_max_position_embeddings\": 64}, \"rms_norm_eps\": 1e-06, \"routed_scaling_factor\": 2.5}";

/* The base text with one field set to a JSON value (NULL: taken out). */
static char *changed(const char *name, const char *value) {
    json_t *root = json_loads(base_text, 0, NULL);
    assert_non_null(root);
    if (value == NULL)
        json_object_del(root, name);
    else
        json_object_set_new(root, name, json_loads(value, JSON_DECODE_ANY, NULL));
    char *text = json_dumps(root, 0);
    json_decref(root);
    return text;
}

static void refused(const char *name, const char *value, fm_status expected, const char *words) {
    char *text = changed(name, value);
    fm_config config;
    fm_error err = {0};
    fm_status status = fm_config_parse(&config, text, strlen(text), "some/config.json", &err);
    fm_test_refused(status, &err, expected, "some/config.json", words, NULL);
    free(text);
}

static void round_trip(void **state) {
    (void)state;
    fm_config a, b;
    fm_error err = {0};
    fm_buf text = {0};
    fm_test_ok(fm_config_parse(&a, base_text, strlen(base_text), "a", &err), &err);
    assert_int_equal(a.eos_token_id, 1);
    assert_true(a.scoring == FM_SCORING_SIGMOID && a.norm_topk_prob && a.rope_interleave);
    assert_true(a.rope_scaling.beta_fast == 32 && a.rope_scaling.beta_slow == 1);
    fm_test_ok(fm_config_write(&a, "bfloat16", &text, &err), &err);
    assert_non_null(strstr(text.data, "DeepseekV3ForCausalLM"));
    assert_non_null(strstr(text.data, ": 1e-"));
    assert_non_null(strstr(text.data, "0.707,"));
    fm_test_ok(fm_config_parse(&b, text.data, text.size, "b", &err), &err);
    assert_memory_equal(&a, &b, sizeof a);

    a.q_lora_rank = 0;
    a.rope_scaling = (fm_rope_scaling){0};
    a.bos_token_id = a.eos_token_id = -1;
    a.topk_method = FM_TOPK_GREEDY;
    a.scoring = FM_SCORING_SOFTMAX;
    a.tie_word_embeddings = true;
    memset(a.model_type, 0, sizeof a.model_type);
    strcpy(a.model_type, "deepseek_v2");
    fm_buf_clear(&text);
    fm_test_ok(fm_config_write(&a, "float32", &text, &err), &err);
    fm_test_ok(fm_config_parse(&b, text.data, text.size, "b", &err), &err);
    assert_memory_equal(&a, &b, sizeof a);
    fm_buf_release(&text);
}

static void golden_folders(void **state) {
    (void)state;
    fm_test_need(fm_test_golden("deepseek_v3-full"));
    fm_config c;
    fm_error err = {0};
    fm_test_ok(fm_config_load(&c, fm_test_golden("deepseek_v3-full"), &err), &err);
    fm_test_ok(fm_config_load(&c, fm_test_golden("deepseek_v3-fp8"), &err), &err);
    fm_test_ok(fm_config_load(&c, fm_test_golden("deepseek_v3-mtp"), &err), &err);
    assert_int_equal(c.num_nextn_predict_layers, 1);
    fm_test_ok(fm_config_load(&c, fm_test_golden("deepseek_v2-lite"), &err), &err);
    assert_true(c.q_lora_rank == 0 && c.topk_method == FM_TOPK_GREEDY && c.scoring == FM_SCORING_SOFTMAX);
    fm_test_refused(fm_config_load(&c, fm_test_golden("llama3"), &err), &err, FM_ERR_UNSUPPORTED, "llama",
                    NULL);
    fm_test_refused(fm_config_load(&c, "/nonexistent", &err), &err, FM_ERR_IO, "/nonexistent/config.json",
                    NULL);
}

static void newer_rope_form(void **state) { /* rope_parameters instead of rope_theta and rope_scaling */
    (void)state;
    json_t *root = json_loads(base_text, 0, NULL);
    json_t *rope = json_incref(json_object_get(root, "rope_scaling"));
    json_object_set_new(rope, "rope_type", json_string("yarn"));
    json_object_set_new(rope, "rope_theta", json_real(5000));
    json_object_del(root, "rope_scaling");
    json_object_del(root, "rope_theta");
    json_object_set_new(root, "rope_parameters", rope);
    char *text = json_dumps(root, 0);
    fm_config c;
    fm_error err = {0};
    fm_test_ok(fm_config_parse(&c, text, strlen(text), "x", &err), &err);
    assert_true(c.rope_theta == 5000 && c.rope_scaling.factor == 40);
    free(text);
    json_decref(root);
}

static void bad_fields(void **state) {
    (void)state;
    const fm_status format = FM_ERR_FORMAT, unsupported = FM_ERR_UNSUPPORTED;
    refused("model_type", NULL, format, "model_type");
    refused("model_type", "7", format, "model_type");
    refused("model_type", "\"qwen2\"", unsupported, "model_type is \"qwen2\"");
    static const char *const sizes[] = {"vocab_size",          "hidden_size",       "num_hidden_layers",
                                        "num_attention_heads", "kv_lora_rank",      "qk_nope_head_dim",
                                        "v_head_dim",          "intermediate_size", "moe_intermediate_size",
                                        "n_routed_experts",    "qk_rope_head_dim",  "num_experts_per_tok"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        refused(sizes[i], NULL, format, "is missing");
        refused(sizes[i], "null", format, sizes[i]);
        refused(sizes[i], "0", format, sizes[i]);
        refused(sizes[i], "-64", format, "is -64, must be");
        refused(sizes[i], "16777217", format, "16777216");
        refused(sizes[i], "9223372036854775807", format, sizes[i]);
        refused(sizes[i], "64.0", format, "whole number");
        refused(sizes[i], "\"64\"", format, "whole number");
    }
    refused("q_lora_rank", NULL, format, "q_lora_rank");
    refused("q_lora_rank", "-1", format, "q_lora_rank");
    refused("qk_rope_head_dim", "15", format, "even");
    refused("num_experts_per_tok", "9", format, "num_experts_per_tok is 9");
    refused("num_experts_per_tok", "5", format, "topk_group");
    refused("n_group", "3", format, "n_group is 3, must divide");
    refused("n_group", "8", format, "two best");
    refused("topk_group", "5", format, "topk_group is 5");
    refused("scoring_func", "\"relu\"", unsupported, "scoring_func is \"relu\"");
    refused("topk_method", "\"best\"", unsupported, "topk_method");
    refused("hidden_act", "\"gelu\"", unsupported, "hidden_act");
    refused("attention_bias", "true", unsupported, "attention_bias");
    refused("attention_bias", "1", format, "attention_bias");
    refused("num_key_value_heads", "2", unsupported, "num_key_value_heads");
    refused("rms_norm_eps", "0", format, "rms_norm_eps");
    refused("rms_norm_eps", "-1e-6", format, "rms_norm_eps");
    refused("rope_theta", "\"big\"", format, "rope_theta");
    refused("rope_scaling", "7", format, "rope_scaling");
    refused("rope_scaling", "{}", format, "type");
    refused("rope_scaling", "{\"type\": \"linear\", \"factor\": 2}", unsupported,
            "rope_scaling.type is \"linear\"");
    refused("rope_scaling", "{\"type\": \"yarn\"}", format, "rope_scaling.factor");
    refused("rope_scaling", "{\"type\": \"yarn\", \"factor\": 0.5}", format, "rope_scaling.factor is 0.5");
    refused("rope_scaling", "{\"type\": \"yarn\", \"factor\": 4, \"beta_fast\": 1, \"beta_slow\": 2}", format,
            "beta_slow");
    refused("bos_token_id", "512", format, "bos_token_id");
    refused("eos_token_id", "[]", format, "eos_token_id");
    refused("eos_token_id", "[600]", format, "eos_token_id");
    refused("quantization_config", "{}", format, "quant_method");
    refused("quantization_config", "[]", format, "quant_method");
    refused("quantization_config", "{\"quant_method\": \"awq\"}", unsupported, "awq");
    refused("quantization_config", "{\"quant_method\": \"fp8\", \"weight_block_size\": [64, 64]}",
            unsupported, "128");
    refused("num_attention_heads", "16777216", FM_ERR_LIMIT, "num_attention_heads x");
    refused("n_shared_experts", "1000000", FM_ERR_LIMIT, "n_shared_experts x");
}

static void sizes_that_overflow(void **state) {
    (void)state;
    json_t *root = json_loads(base_text, 0, NULL);
    static const char *const names[] = {"num_hidden_layers", "hidden_size", "intermediate_size"};
    for (int i = 0; i < 3; i++) json_object_set_new(root, names[i], json_integer(1 << 24));
    char *text = json_dumps(root, 0);
    fm_config c;
    fm_error err = {0};
    fm_test_refused(fm_config_parse(&c, text, strlen(text), "x", &err), &err, FM_ERR_LIMIT, "overflows",
                    NULL);
    free(text);
    json_decref(root);
}

static void cut_and_flipped(void **state) { /* every truncation is refused, no flipped bit crashes */
    (void)state;
    fm_config c;
    fm_error err = {0};
    size_t size = strlen(base_text);
    for (size_t n = 0; n < size; n++)
        fm_test_refused(fm_config_parse(&c, base_text, n, "cut.json", &err), &err, FM_ERR_FORMAT, "cut.json",
                        NULL);
    char *text = malloc(size);
    int accepted = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        memcpy(text, base_text, size);
        text[bit / 8] ^= (char)(1 << bit % 8);
        if (fm_config_parse(&c, text, size, "flipped.json", &err) != FM_OK) continue;
        accepted++;
        assert_true(fm_config_count(&c).total > 0);
    }
    assert_true(accepted > 0);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_totals), cmocka_unit_test(round_trip),
        cmocka_unit_test(golden_folders),   cmocka_unit_test(newer_rope_form),
        cmocka_unit_test(bad_fields),       cmocka_unit_test(sizes_that_overflow),
        cmocka_unit_test(cut_and_flipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
