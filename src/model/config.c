/* config.c: config.json to fm_config and back; config.h is the contract.
 *
 * Where it stands: the first thing read of a model; every shape on the token's and the gradient's path comes from
 * here, so everything later code relies on (ranges, divisibility, products that fit) is checked here once.
 * It refuses model families and switches that the block code does not have, by name.
 */
#include "model/config.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

enum { SIZE_LIMIT = 1 << 24, FILE_LIMIT = 16 << 20 };

/* One field being read; `status` sticks at the first failure, so that a reader is one line per field. */
typedef struct reader {
    const json_t *object;
    const char *where, *prefix; /* the path, and "" or "rope_scaling." */
    fm_error *err;
    fm_status status;
} reader;

#define REFUSE(r, code, ...)                                                                                 \
    do {                                                                                                     \
        if ((r)->status == FM_OK) (r)->status = fm_error_set((r)->err, code, __VA_ARGS__);                   \
    } while (0)

/* NULL when absent or null. */
static const json_t *field(const reader *r, const char *name) {
    const json_t *value = json_object_get(r->object, name);
    return value == NULL || json_is_null(value) ? NULL : value;
}

/* A whole number in [low, high]. `missing` is the default for an absent or null field; below `low - 1` it means
 * that the field must be there. */
enum { REQUIRED = -2 };
static int read_int(reader *r, const char *name, int low, int high, int missing) {
    const json_t *value = field(r, name);
    if (value == NULL) {
        if (missing == REQUIRED) REFUSE(r, FM_ERR_FORMAT, "%s: %s%s is missing", r->where, r->prefix, name);
        return missing == REQUIRED ? low : missing;
    }
    if (!json_is_integer(value)) {
        REFUSE(r, FM_ERR_FORMAT, "%s: %s%s is not a whole number", r->where, r->prefix, name);
        return low;
    }
    json_int_t number = json_integer_value(value);
    if (number < low || number > high) {
        REFUSE(r, FM_ERR_FORMAT, "%s: %s%s is %" JSON_INTEGER_FORMAT ", must be %d to %d", r->where,
               r->prefix, name, number, low, high);
        return low;
    }
    return (int)number;
}

static float read_float(reader *r, const char *name, double low, double high, float missing) {
    const json_t *value = field(r, name);
    if (value == NULL) return missing;
    if (!json_is_number(value)) {
        REFUSE(r, FM_ERR_FORMAT, "%s: %s%s is not a number", r->where, r->prefix, name);
        return missing;
    }
    double number = json_number_value(value);
    if (!(number >= low && number <= high)) {
        REFUSE(r, FM_ERR_FORMAT, "%s: %s%s is %g, must be %g to %g", r->where, r->prefix, name, number, low,
               high);
        return missing;
    }
    return (float)number;
}

static bool read_bool(reader *r, const char *name, bool missing) {
    const json_t *value = field(r, name);
    if (value == NULL) return missing;
    if (!json_is_boolean(value))
        REFUSE(r, FM_ERR_FORMAT, "%s: %s%s is not true or false", r->where, r->prefix, name);
    return json_is_true(value);
}

static const char *read_text(reader *r, const char *name, const char *missing) {
    const json_t *value = field(r, name);
    if (value == NULL) return missing;
    if (!json_is_string(value)) {
        REFUSE(r, FM_ERR_FORMAT, "%s: %s%s is not text", r->where, r->prefix, name);
        return missing;
    }
    return json_string_value(value);
}

/* The index of a text field among `names`; unknown ones are well-formed but not ours. */
static int read_choice(reader *r, const char *name, const char *const names[], int count, int missing) {
    const char *text = read_text(r, name, NULL);
    if (text == NULL) return missing;
    for (int i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) return i;
    REFUSE(r, FM_ERR_UNSUPPORTED, "%s: %s%s is \"%s\", which is not supported", r->where, r->prefix, name,
           text);
    return missing;
}

static const char *const scoring_names[] = {"sigmoid", "softmax"};
static const char *const topk_names[] = {"greedy", "group_limited_greedy", "noaux_tc"};

/* A token id, or the first of a list of ids (some published files list several end tokens). */
static int read_token(reader *r, const char *name, int vocab_size) {
    const json_t *value = field(r, name);
    if (!json_is_array(value)) return read_int(r, name, 0, vocab_size - 1, -1);
    const json_t *first = json_array_get(value, 0);
    if (!json_is_integer(first) || json_integer_value(first) < 0 || json_integer_value(first) >= vocab_size) {
        REFUSE(r, FM_ERR_FORMAT, "%s: %s[0] is not a token id below vocab_size %d", r->where, name,
               vocab_size);
        return -1;
    }
    return (int)json_integer_value(first);
}

static void read_sizes(reader *r, fm_config *c) {
    c->vocab_size = read_int(r, "vocab_size", 1, SIZE_LIMIT, REQUIRED);
    c->hidden_size = read_int(r, "hidden_size", 1, SIZE_LIMIT, REQUIRED);
    c->num_hidden_layers = read_int(r, "num_hidden_layers", 1, SIZE_LIMIT, REQUIRED);
    c->num_attention_heads = read_int(r, "num_attention_heads", 1, SIZE_LIMIT, REQUIRED);
    if (json_object_get(r->object, "q_lora_rank") == NULL)
        REFUSE(r, FM_ERR_FORMAT, "%s: q_lora_rank is missing (null means no query compression)", r->where);
    c->q_lora_rank = read_int(r, "q_lora_rank", 0, SIZE_LIMIT, 0);
    c->kv_lora_rank = read_int(r, "kv_lora_rank", 1, SIZE_LIMIT, REQUIRED);
    c->qk_nope_head_dim = read_int(r, "qk_nope_head_dim", 1, SIZE_LIMIT, REQUIRED);
    c->qk_rope_head_dim = read_int(r, "qk_rope_head_dim", 2, SIZE_LIMIT, REQUIRED);
    c->v_head_dim = read_int(r, "v_head_dim", 1, SIZE_LIMIT, REQUIRED);
    c->intermediate_size = read_int(r, "intermediate_size", 1, SIZE_LIMIT, REQUIRED);
    c->moe_intermediate_size = read_int(r, "moe_intermediate_size", 1, SIZE_LIMIT, REQUIRED);
    c->n_routed_experts = read_int(r, "n_routed_experts", 1, SIZE_LIMIT, REQUIRED);
    c->n_shared_experts = read_int(r, "n_shared_experts", 0, SIZE_LIMIT, 0);
    c->num_experts_per_tok = read_int(r, "num_experts_per_tok", 1, SIZE_LIMIT, REQUIRED);
    c->num_nextn_predict_layers = read_int(r, "num_nextn_predict_layers", 0, SIZE_LIMIT, 0);
    if (c->qk_rope_head_dim % 2 != 0)
        REFUSE(r, FM_ERR_FORMAT, "%s: qk_rope_head_dim is %d, must be even (rotations turn pairs)", r->where,
               c->qk_rope_head_dim);
}

static void read_routing(reader *r, fm_config *c, bool v3) {
    c->first_k_dense_replace = read_int(r, "first_k_dense_replace", 0, SIZE_LIMIT, v3 ? 3 : 0);
    c->moe_layer_freq = read_int(r, "moe_layer_freq", 1, SIZE_LIMIT, 1);
    c->scoring = (fm_scoring)read_choice(r, "scoring_func", scoring_names, 2,
                                         v3 ? FM_SCORING_SIGMOID : FM_SCORING_SOFTMAX);
    c->topk_method =
        (fm_topk_method)read_choice(r, "topk_method", topk_names, 3, v3 ? FM_TOPK_NOAUX_TC : FM_TOPK_GREEDY);
    c->norm_topk_prob = read_bool(r, "norm_topk_prob", v3);
    c->routed_scaling_factor = read_float(r, "routed_scaling_factor", 1e-6, 1e6, v3 ? 2.5f : 1.0f);
    c->aux_loss_alpha = read_float(r, "aux_loss_alpha", 0, 1e6, 0.001f);
    c->n_group = read_int(r, "n_group", 1, SIZE_LIMIT, 1);
    c->topk_group = read_int(r, "topk_group", 1, SIZE_LIMIT, 1);

    int experts = c->n_routed_experts, chosen = c->num_experts_per_tok;
    if (chosen > experts)
        REFUSE(r, FM_ERR_FORMAT, "%s: num_experts_per_tok is %d, must be at most n_routed_experts %d",
               r->where, chosen, experts);
    if (c->topk_method == FM_TOPK_GREEDY || r->status != FM_OK) return; /* groups play no part */
    if (experts % c->n_group != 0)
        REFUSE(r, FM_ERR_FORMAT, "%s: n_group is %d, must divide n_routed_experts %d", r->where, c->n_group,
               experts);
    if (c->topk_group > c->n_group)
        REFUSE(r, FM_ERR_FORMAT, "%s: topk_group is %d, must be at most n_group %d", r->where, c->topk_group,
               c->n_group);
    int group = experts / c->n_group;
    if ((int64_t)group * c->topk_group < chosen)
        REFUSE(r, FM_ERR_FORMAT,
               "%s: num_experts_per_tok is %d, must be at most the %d experts of topk_group %d groups",
               r->where, chosen, group * c->topk_group, c->topk_group);
    if (c->topk_method == FM_TOPK_NOAUX_TC && c->n_group > 1 && group < 2)
        REFUSE(r, FM_ERR_FORMAT, "%s: n_group is %d: a group's score is its two best experts, and it has %d",
               r->where, c->n_group, group);
}

/* YaRN from "rope_scaling", or from "rope_parameters", where newer files keep it together with rope_theta. */
static void read_rope(reader *r, fm_config *c) {
    const json_t *parameters = field(r, "rope_parameters");
    c->rope_theta = read_float(r, "rope_theta", 1, 1e12, 10000.0f);
    c->rope_interleave = read_bool(r, "rope_interleave", true);
    c->max_position_embeddings = read_int(r, "max_position_embeddings", 1, 1 << 30, 4096);
    const json_t *scaling = field(r, "rope_scaling");
    reader inner = *r;
    inner.prefix = scaling ? "rope_scaling." : "rope_parameters.";
    inner.object = scaling ? scaling : parameters;
    if (inner.object == NULL) return;
    if (!json_is_object(inner.object)) {
        REFUSE(r, FM_ERR_FORMAT, "%s: rope_scaling is not an object", r->where);
        return;
    }
    if (scaling == NULL) c->rope_theta = read_float(&inner, "rope_theta", 1, 1e12, c->rope_theta);
    static const char *const types[] = {"default", "yarn"};
    int type = read_choice(&inner, "rope_type", types, 2, -1);
    if (type < 0) type = read_choice(&inner, "type", types, 2, scaling ? -1 : 0);
    if (type < 0) REFUSE(&inner, FM_ERR_FORMAT, "%s: %stype is missing", r->where, inner.prefix);
    if (type == 1) {
        if (field(&inner, "factor") == NULL)
            REFUSE(&inner, FM_ERR_FORMAT, "%s: %sfactor is missing", r->where, inner.prefix);
        c->rope_scaling = (fm_rope_scaling){
            .factor = read_float(&inner, "factor", 1, 1e6, 1),
            .beta_fast = read_float(&inner, "beta_fast", 1e-3, 1e6, 32),
            .beta_slow = read_float(&inner, "beta_slow", 1e-3, 1e6, 1),
            .mscale = read_float(&inner, "mscale", 0, 1e3, 1),
            .mscale_all_dim = read_float(&inner, "mscale_all_dim", 0, 1e3, 0),
            .original_max_position_embeddings =
                read_int(&inner, "original_max_position_embeddings", 1, 1 << 30, c->max_position_embeddings),
        };
        if (c->rope_scaling.beta_fast < c->rope_scaling.beta_slow)
            REFUSE(&inner, FM_ERR_FORMAT, "%s: %sbeta_fast is %g, must be at least beta_slow %g", r->where,
                   inner.prefix, (double)c->rope_scaling.beta_fast, (double)c->rope_scaling.beta_slow);
    }
    r->status = inner.status;
}

/* Switches of the same families that would change the arithmetic and that no published DeepSeek model sets. */
static void refuse_variants(reader *r, const fm_config *c) {
    static const char *const acts[] = {"silu"};
    read_choice(r, "hidden_act", acts, 1, 0);
    static const char *const biases[] = {"attention_bias", "mlp_bias"};
    for (int i = 0; i < 2; i++)
        if (read_bool(r, biases[i], false))
            REFUSE(r, FM_ERR_UNSUPPORTED, "%s: %s is true, which is not supported", r->where, biases[i]);
    int kv_heads = read_int(r, "num_key_value_heads", 1, SIZE_LIMIT, c->num_attention_heads);
    if (kv_heads != c->num_attention_heads)
        REFUSE(r, FM_ERR_UNSUPPORTED,
               "%s: num_key_value_heads is %d, latent attention has num_attention_heads %d", r->where,
               kv_heads, c->num_attention_heads);
    const json_t *quantization = field(r, "quantization_config");
    if (quantization == NULL) return;
    reader inner = *r;
    inner.object = quantization;
    inner.prefix = "quantization_config.";
    static const char *const methods[] = {"fp8"};
    if (!json_is_object(quantization) || field(&inner, "quant_method") == NULL)
        REFUSE(&inner, FM_ERR_FORMAT, "%s: quantization_config.quant_method is missing", r->where);
    read_choice(&inner, "quant_method", methods, 1, 0);
    const json_t *block = field(&inner, "weight_block_size");
    for (size_t i = 0; i < 2; i++)
        if (block != NULL && json_integer_value(json_array_get(block, i)) != 128)
            REFUSE(&inner, FM_ERR_UNSUPPORTED, "%s: quantization_config.weight_block_size is not [128, 128]",
                   r->where);
    r->status = inner.status;
}

/* Later code multiplies these in int and the whole in int64_t. */
static void check_products(reader *r, const fm_config *c) {
    if (r->status != FM_OK) return;
    int64_t heads = c->num_attention_heads, kv = (int64_t)c->qk_nope_head_dim + c->v_head_dim;
    struct {
        const char *name;
        int64_t value;
    } rows[] = {
        {"num_attention_heads x (qk_nope_head_dim + qk_rope_head_dim)",
         heads * ((int64_t)c->qk_nope_head_dim + c->qk_rope_head_dim)},
        {"num_attention_heads x (qk_nope_head_dim + v_head_dim)", heads * kv},
        {"num_attention_heads x kv_lora_rank", heads * c->kv_lora_rank},
        {"n_shared_experts x moe_intermediate_size", (int64_t)c->n_shared_experts * c->moe_intermediate_size},
        {"num_hidden_layers + num_nextn_predict_layers",
         (int64_t)c->num_hidden_layers + c->num_nextn_predict_layers}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value > SIZE_LIMIT)
            REFUSE(r, FM_ERR_LIMIT, "%s: %s is %lld, must be at most %d", r->where, rows[i].name,
                   (long long)rows[i].value, SIZE_LIMIT);
    double layers = (double)c->num_hidden_layers + c->num_nextn_predict_layers, h = c->hidden_size;
    double most = layers * h *
                      (3.0 * c->intermediate_size + 3.0 * c->moe_intermediate_size * c->n_routed_experts +
                       3.0 * SIZE_LIMIT + 2 * h) +
                  2.0 * c->vocab_size * h;
    if (most > 4e18)
        REFUSE(r, FM_ERR_LIMIT, "%s: about %.2g parameters: the count overflows 63 bits", r->where, most);
}

fm_status fm_config_parse(fm_config *config, const char *json, size_t size, const char *where,
                          fm_error *err) {
    *config = (fm_config){0};
    json_error_t at;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: JSON, line %d, column %d: %s", where, at.line, at.column,
                            at.text);
    reader r = {.object = root, .where = where, .prefix = "", .err = err};
    const char *type = NULL;
    if (!json_is_object(root))
        REFUSE(&r, FM_ERR_FORMAT, "%s: not a JSON object", where);
    else
        type = read_text(&r, "model_type", NULL);
    if (type == NULL)
        REFUSE(&r, FM_ERR_FORMAT, "%s: model_type is missing", where);
    else if (strcmp(type, "deepseek_v3") != 0 && strcmp(type, "deepseek_v2") != 0)
        REFUSE(&r, FM_ERR_UNSUPPORTED,
               "%s: model_type is \"%.60s\"; deepseek_v3 and deepseek_v2 are supported", where, type);
    if (r.status == FM_OK) {
        bool v3 = strcmp(type, "deepseek_v3") == 0;
        strcpy(config->model_type, type);
        read_sizes(&r, config);
        read_routing(&r, config, v3);
        read_rope(&r, config);
        config->rms_norm_eps = read_float(&r, "rms_norm_eps", 1e-30, 1, 1e-6f);
        config->tie_word_embeddings = read_bool(&r, "tie_word_embeddings", false);
        config->initializer_range = read_float(&r, "initializer_range", 0, 1e3, 0.02f);
        config->bos_token_id = read_token(&r, "bos_token_id", config->vocab_size);
        config->eos_token_id = read_token(&r, "eos_token_id", config->vocab_size);
        refuse_variants(&r, config);
        check_products(&r, config);
    }
    json_decref(root);
    return r.status;
}

fm_status fm_config_load(fm_config *config, const char *folder, fm_error *err) {
    char path[4096];
    fm_buf text = {0};
    fm_status status;
    *config = (fm_config){0};
    FM_TRY(fm_path_join(path, sizeof path, folder, "config.json", err));
    FM_TRY(fm_file_read(path, FILE_LIMIT, &text, err));
    FM_TRY(fm_config_parse(config, text.data ? text.data : "", text.size, path, err));
fail:
    fm_buf_release(&text);
    return status;
}

/* The shortest decimal that reads back as the same float, so that 1e-6f is written 1e-06 and not with its tail. */
static json_t *real(float value) {
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    return json_real(strtod(text, NULL));
}

static json_t *token(int id) { return id < 0 ? json_null() : json_integer(id); }

static json_t *rope_scaling_json(const fm_rope_scaling *s) {
    if (s->factor == 0) return json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:s, s:s}", "beta_fast", real(s->beta_fast), "beta_slow",
                     real(s->beta_slow), "factor", real(s->factor), "mscale", real(s->mscale),
                     "mscale_all_dim", real(s->mscale_all_dim), "original_max_position_embeddings",
                     s->original_max_position_embeddings, "rope_type", "yarn", "type", "yarn");
}

static void put_ints(json_t *json, const fm_config *c) {
    const struct {
        const char *name;
        int value;
    } ints[] = {{"vocab_size", c->vocab_size},
                {"hidden_size", c->hidden_size},
                {"num_hidden_layers", c->num_hidden_layers},
                {"num_attention_heads", c->num_attention_heads},
                {"num_key_value_heads", c->num_attention_heads},
                {"kv_lora_rank", c->kv_lora_rank},
                {"qk_nope_head_dim", c->qk_nope_head_dim},
                {"qk_rope_head_dim", c->qk_rope_head_dim},
                {"v_head_dim", c->v_head_dim},
                {"intermediate_size", c->intermediate_size},
                {"moe_intermediate_size", c->moe_intermediate_size},
                {"n_routed_experts", c->n_routed_experts},
                {"n_shared_experts", c->n_shared_experts},
                {"num_experts_per_tok", c->num_experts_per_tok},
                {"n_group", c->n_group},
                {"topk_group", c->topk_group},
                {"first_k_dense_replace", c->first_k_dense_replace},
                {"moe_layer_freq", c->moe_layer_freq},
                {"max_position_embeddings", c->max_position_embeddings},
                {"num_nextn_predict_layers", c->num_nextn_predict_layers},
                {"ep_size", 1},
                {"pretraining_tp", 1}};
    for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++)
        json_object_set_new(json, ints[i].name, json_integer(ints[i].value));
}

fm_status fm_config_write(const fm_config *config, const char *torch_dtype, fm_buf *out, fm_error *err) {
    const fm_config *c = config;
    bool v3 = strcmp(c->model_type, "deepseek_v3") == 0;
    json_t *json = json_pack("{s:[s], s:s, s:s, s:s}", "architectures",
                             v3 ? "DeepseekV3ForCausalLM" : "DeepseekV2ForCausalLM", "model_type",
                             c->model_type, "torch_dtype", torch_dtype, "hidden_act", "silu");
    put_ints(json, c);
    json_object_set_new(json, "q_lora_rank", c->q_lora_rank ? json_integer(c->q_lora_rank) : json_null());
    json_object_set_new(json, "scoring_func", json_string(scoring_names[c->scoring]));
    json_object_set_new(json, "topk_method", json_string(topk_names[c->topk_method]));
    json_object_set_new(json, "norm_topk_prob", json_boolean(c->norm_topk_prob));
    json_object_set_new(json, "routed_scaling_factor", real(c->routed_scaling_factor));
    json_object_set_new(json, "aux_loss_alpha", real(c->aux_loss_alpha));
    json_object_set_new(json, "seq_aux", json_true());
    json_object_set_new(json, "rms_norm_eps", real(c->rms_norm_eps));
    json_object_set_new(json, "rope_theta", real(c->rope_theta));
    json_object_set_new(json, "rope_interleave", json_boolean(c->rope_interleave));
    json_object_set_new(json, "rope_scaling", rope_scaling_json(&c->rope_scaling));
    json_object_set_new(json, "tie_word_embeddings", json_boolean(c->tie_word_embeddings));
    json_object_set_new(json, "initializer_range", real(c->initializer_range));
    json_object_set_new(json, "bos_token_id", token(c->bos_token_id));
    json_object_set_new(json, "eos_token_id", token(c->eos_token_id));
    json_object_set_new(json, "attention_bias", json_false());
    json_object_set_new(json, "attention_dropout", json_real(0));
    json_object_set_new(json, "use_cache", json_true());
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (text == NULL)
        return fm_error_set(err, FM_ERR_MEMORY, "config.json: no memory, or a number is not finite");
    fm_buf_puts(out, text);
    fm_buf_putc(out, '\n');
    free(text);
    return out->failed ? fm_error_set(err, FM_ERR_MEMORY, "config.json: no memory") : FM_OK;
}

bool fm_config_layer_is_moe(const fm_config *config, int layer) {
    return layer >= config->first_k_dense_replace && layer % config->moe_layer_freq == 0;
}

/* Layers with experts among [0, end), without walking them. */
static int64_t moe_layers_below(const fm_config *c, int end) {
    int from = c->first_k_dense_replace, freq = c->moe_layer_freq;
    if (end <= from) return 0;
    return ((int64_t)end + freq - 1) / freq - ((int64_t)from + freq - 1) / freq;
}

fm_param_count fm_config_count(const fm_config *config) {
    const fm_config *c = config;
    int64_t h = c->hidden_size, heads = c->num_attention_heads;
    int64_t q_rows = heads * (c->qk_nope_head_dim + c->qk_rope_head_dim);
    int64_t query = c->q_lora_rank ? (int64_t)c->q_lora_rank * (h + 1 + q_rows) : h * q_rows;
    int64_t attention = query + h * ((int64_t)c->kv_lora_rank + c->qk_rope_head_dim) + c->kv_lora_rank +
                        c->kv_lora_rank * heads * (c->qk_nope_head_dim + c->v_head_dim) +
                        heads * c->v_head_dim * h;
    int64_t every = attention + 2 * h; /* and the two norms of a block */
    int64_t dense = 3 * h * c->intermediate_size, expert = 3 * h * c->moe_intermediate_size;
    int64_t router = h * c->n_routed_experts + (c->topk_method == FM_TOPK_NOAUX_TC ? c->n_routed_experts : 0);
    int64_t moe = router + expert * c->n_shared_experts + expert * c->n_routed_experts;
    int64_t idle = expert * (c->n_routed_experts - c->num_experts_per_tok); /* of one MoE layer, per token */

    int main_end = c->num_hidden_layers, mtp_end = main_end + c->num_nextn_predict_layers;
    int64_t main_moe = moe_layers_below(c, main_end), mtp_moe = moe_layers_below(c, mtp_end) - main_moe;
    int64_t embedding = (int64_t)c->vocab_size * h;
    int64_t body =
        main_end * every + main_moe * moe + (main_end - main_moe) * dense + h; /* h: the final norm */
    int64_t modules = c->num_nextn_predict_layers;
    return (fm_param_count){
        .total = embedding + (c->tie_word_embeddings ? 0 : embedding) + body,
        .active = embedding + body - main_moe * idle, /* the head's rows, of whichever matrix it is */
        .embedding = embedding,
        .mtp = modules * (every + 3 * h + 2 * h * h) + mtp_moe * moe + (modules - mtp_moe) * dense,
    };
}
