/* weights.c: where every parameter lies, and what it is before training. (docs/MODEL.md, "Parameters")
 *
 * The layout is written twice by the same code: a first walk counts, a second fills the list of names. So names,
 * offsets and the pointers of the blocks cannot disagree.
 */
#include "model/weights.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { ALIGN_FLOATS = 16 }; /* a cache line, an AVX-512 register */

typedef struct layout {
    fm_weights *weights;
    bool fill; /* false: count only */
    int params;
    size_t at;           /* floats so far */
    bool decay, trained; /* of the region being walked */
} layout;

/* The next piece starts on a cache line; tensors inside a piece touch each other. */
static size_t piece(layout *l) {
    l->at = (l->at + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
    return l->at;
}

/* One tensor of rows x cols (cols 0: one dimension) at the current place; returns its offset. */
__attribute__((format(printf, 4, 5))) static size_t tensor(layout *l, int64_t rows, int64_t cols,
                                                           const char *format, ...) {
    size_t offset = l->at, count = (size_t)rows * (size_t)(cols ? cols : 1);
    if (l->fill) {
        fm_param *p = &l->weights->params[l->params];
        va_list args;
        va_start(args, format);
        vsnprintf(p->name, sizeof p->name, format, args);
        va_end(args);
        p->dims = cols ? 2 : 1;
        p->size[0] = rows;
        p->size[1] = cols;
        p->offset = offset;
        p->count = count;
        p->decay = l->decay;
        p->trained = l->trained;
    }
    l->params++;
    l->at += count;
    return offset;
}

static int qk_head_dim(const fm_config *c) { return c->qk_nope_head_dim + c->qk_rope_head_dim; }

static void attention_matrices(layout *l, fm_block *b, int i) {
    const fm_config *c = &l->weights->config;
    int heads = c->num_attention_heads, hidden = c->hidden_size;
    b->attn_a = piece(l);
    if (c->q_lora_rank)
        tensor(l, c->q_lora_rank, hidden, "model.layers.%d.self_attn.q_a_proj.weight", i);
    else
        tensor(l, (int64_t)heads * qk_head_dim(c), hidden, "model.layers.%d.self_attn.q_proj.weight", i);
    tensor(l, c->kv_lora_rank + c->qk_rope_head_dim, hidden,
           "model.layers.%d.self_attn.kv_a_proj_with_mqa.weight", i);
    b->q_b = FM_ABSENT;
    if (c->q_lora_rank) {
        b->q_b = piece(l);
        tensor(l, (int64_t)heads * qk_head_dim(c), c->q_lora_rank,
               "model.layers.%d.self_attn.q_b_proj.weight", i);
    }
    b->kv_b = piece(l);
    tensor(l, (int64_t)heads * (c->qk_nope_head_dim + c->v_head_dim), c->kv_lora_rank,
           "model.layers.%d.self_attn.kv_b_proj.weight", i);
    b->o = piece(l);
    tensor(l, hidden, (int64_t)heads * c->v_head_dim, "model.layers.%d.self_attn.o_proj.weight", i);
}

static void dense_matrices(layout *l, fm_block *b, int i) {
    const fm_config *c = &l->weights->config;
    b->gate_up = piece(l);
    tensor(l, c->intermediate_size, c->hidden_size, "model.layers.%d.mlp.gate_proj.weight", i);
    tensor(l, c->intermediate_size, c->hidden_size, "model.layers.%d.mlp.up_proj.weight", i);
    b->down = piece(l);
    tensor(l, c->hidden_size, c->intermediate_size, "model.layers.%d.mlp.down_proj.weight", i);
}

static void expert_matrices(layout *l, fm_block *b, int i) {
    const fm_config *c = &l->weights->config;
    int inner = c->moe_intermediate_size, hidden = c->hidden_size;
    b->router = piece(l);
    tensor(l, c->n_routed_experts, hidden, "model.layers.%d.mlp.gate.weight", i);
    b->experts_gate_up = piece(l);
    for (int e = 0; e < c->n_routed_experts; e++) {
        tensor(l, inner, hidden, "model.layers.%d.mlp.experts.%d.gate_proj.weight", i, e);
        tensor(l, inner, hidden, "model.layers.%d.mlp.experts.%d.up_proj.weight", i, e);
    }
    b->experts_down = piece(l);
    for (int e = 0; e < c->n_routed_experts; e++)
        tensor(l, hidden, inner, "model.layers.%d.mlp.experts.%d.down_proj.weight", i, e);
    if (c->n_shared_experts) {
        int64_t shared = (int64_t)c->n_shared_experts * inner;
        b->shared_gate_up = piece(l);
        tensor(l, shared, hidden, "model.layers.%d.mlp.shared_experts.gate_proj.weight", i);
        tensor(l, shared, hidden, "model.layers.%d.mlp.shared_experts.up_proj.weight", i);
        b->shared_down = piece(l);
        tensor(l, hidden, shared, "model.layers.%d.mlp.shared_experts.down_proj.weight", i);
    }
}

static void matrices(layout *l) {
    fm_weights *w = l->weights;
    const fm_config *c = &w->config;
    w->embed = piece(l);
    tensor(l, c->vocab_size, c->hidden_size, "model.embed_tokens.weight");
    w->head = w->embed;
    if (!c->tie_word_embeddings) {
        w->head = piece(l);
        tensor(l, c->vocab_size, c->hidden_size, "lm_head.weight");
    }
    for (int i = 0; i < w->blocks; i++) {
        fm_block *b = &w->block[i];
        *b = (fm_block){.moe = fm_config_layer_is_moe(c, i)};
        b->gate_up = b->down = b->router = b->router_bias = b->experts_gate_up = b->experts_down = FM_ABSENT;
        b->shared_gate_up = b->shared_down = b->eh_proj = FM_ABSENT;
        if (i >= c->num_hidden_layers) {
            b->eh_proj = piece(l);
            tensor(l, c->hidden_size, 2 * (int64_t)c->hidden_size, "model.layers.%d.eh_proj.weight", i);
        }
        attention_matrices(l, b, i);
        if (b->moe)
            expert_matrices(l, b, i);
        else
            dense_matrices(l, b, i);
    }
}

static void norms(layout *l) {
    fm_weights *w = l->weights;
    const fm_config *c = &w->config;
    for (int i = 0; i < w->blocks; i++) {
        fm_block *b = &w->block[i];
        bool mtp = i >= c->num_hidden_layers;
        b->enorm = b->hnorm = b->head_norm = b->q_norm = FM_ABSENT;
        if (mtp) {
            piece(l);
            b->enorm = tensor(l, c->hidden_size, 0, "model.layers.%d.enorm.weight", i);
            piece(l);
            b->hnorm = tensor(l, c->hidden_size, 0, "model.layers.%d.hnorm.weight", i);
        }
        piece(l);
        b->input_norm = tensor(l, c->hidden_size, 0, "model.layers.%d.input_layernorm.weight", i);
        piece(l);
        if (c->q_lora_rank) {
            b->q_norm = tensor(l, c->q_lora_rank, 0, "model.layers.%d.self_attn.q_a_layernorm.weight", i);
            piece(l);
        }
        b->kv_norm = tensor(l, c->kv_lora_rank, 0, "model.layers.%d.self_attn.kv_a_layernorm.weight", i);
        piece(l);
        b->post_norm = tensor(l, c->hidden_size, 0, "model.layers.%d.post_attention_layernorm.weight", i);
        if (mtp) {
            piece(l);
            b->head_norm = tensor(l, c->hidden_size, 0, "model.layers.%d.shared_head.norm.weight", i);
        }
    }
    piece(l);
    w->final_norm = tensor(l, c->hidden_size, 0, "model.norm.weight");
}

static void buffers(layout *l) {
    fm_weights *w = l->weights;
    if (w->config.topk_method != FM_TOPK_NOAUX_TC) return;
    for (int i = 0; i < w->blocks; i++) {
        if (!w->block[i].moe) continue;
        w->block[i].router_bias = piece(l);
        tensor(l, w->config.n_routed_experts, 0, "model.layers.%d.mlp.gate.e_score_correction_bias", i);
    }
}

static void walk(fm_weights *w, bool fill) {
    layout l = {.weights = w, .fill = fill, .decay = true, .trained = true};
    matrices(&l);
    w->decay_count = piece(&l);
    l.decay = false;
    norms(&l);
    w->trained_count = piece(&l);
    l.trained = false;
    buffers(&l);
    w->total_count = piece(&l);
    w->param_count = l.params;
}

fm_status fm_weights_plan(fm_weights **out, const fm_config *config, fm_error *err) {
    *out = NULL;
    if (config->num_nextn_predict_layers > FM_MAX_MTP)
        return fm_error_set(err, FM_ERR_UNSUPPORTED,
                            "num_nextn_predict_layers is %d, at most %d are supported",
                            config->num_nextn_predict_layers, FM_MAX_MTP);
    fm_weights *w = calloc(1, sizeof *w);
    if (!w) return fm_error_set(err, FM_ERR_MEMORY, "weights: out of memory");
    w->config = *config;
    w->blocks = config->num_hidden_layers + config->num_nextn_predict_layers;
    fm_arena_init(&w->arena, "weights");
    w->block = calloc((size_t)w->blocks, sizeof *w->block);
    if (!w->block) goto fail;
    walk(w, false);
    w->params = calloc((size_t)w->param_count, sizeof *w->params);
    if (!w->params) goto fail;
    walk(w, true);
    *out = w;
    return FM_OK;
fail:
    fm_weights_free(w);
    return fm_error_set(err, FM_ERR_MEMORY, "weights: out of memory for the list of tensors");
}

static void take_arrays(fm_weights *w, bool training) {
    w->w = fm_arena_take(&w->arena, "weights", w->total_count, sizeof(float));
    if (!training) return;
    w->g = fm_arena_take(&w->arena, "gradients", w->total_count, sizeof(float));
    w->m = fm_arena_take(&w->arena, "first moments", w->total_count, sizeof(float));
    w->v = fm_arena_take(&w->arena, "second moments", w->total_count, sizeof(float));
}

fm_status fm_weights_create(fm_weights **out, const fm_config *config, bool training, fm_error *err) {
    fm_status status = fm_weights_plan(out, config, err);
    if (status) return status;
    take_arrays(*out, training);
    status = fm_arena_commit(&(*out)->arena, err);
    if (status) {
        fm_weights_free(*out);
        *out = NULL;
        return status;
    }
    take_arrays(*out, training);
    return FM_OK;
}

void fm_weights_free(fm_weights *weights) {
    if (!weights) return;
    fm_arena_release(&weights->arena);
    free(weights->params);
    free(weights->block);
    free(weights);
}

void fm_weights_init(fm_weights *weights, uint64_t seed) {
    memset(weights->w, 0, weights->total_count * sizeof(float));
    for (int i = 0; i < weights->param_count; i++) {
        const fm_param *p = &weights->params[i];
        float *w = weights->w + p->offset;
        if (p->dims == 1) {
            for (size_t j = 0; p->trained && j < p->count; j++) w[j] = 1.0f;
            continue;
        }
        char stream[FM_PARAM_NAME + 8];
        snprintf(stream, sizeof stream, "init/%s", p->name);
        fm_rng rng = fm_rng_init(seed, stream);
        for (size_t j = 0; j < p->count; j++) w[j] = weights->config.initializer_range * fm_rng_normal(&rng);
    }
}

const fm_param *fm_weights_find(const fm_weights *weights, const char *name) {
    for (int i = 0; i < weights->param_count; i++)
        if (!strcmp(weights->params[i].name, name)) return &weights->params[i];
    return NULL;
}
