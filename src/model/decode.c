/* decode.c: a decoder's memory: weights packed piece by piece from a folder or a trainer, work space, caches.
 *
 * Where it stands: made once per model; decode_run.c computes with it. The plan runs twice over one arena (base/arena.h),
 * so the work space of prefill and step is fixed before the first token. Refuses: see decode.h.
 */
#include <stdlib.h>
#include <string.h>

#include "model/decode_state.h"
#include "model/weights_file.h"

enum { DEFAULT_ROWS = 256, CHUNK_ROWS = 256 };

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* ---- plan ------------------------------------------------------------------------------------------------------- */

static void plan_linear(fm_decoder *d, fm_linear *w, const char *label, int n, int k, fm_dtype dtype) {
    *w = (fm_linear){.n = n, .k = k, .dtype = dtype};
    w->packed = fm_arena_take(&d->arena, label, fm_linear_bytes(n, k, dtype), 1);
}

static void plan_attention(fm_decoder *d, fm_decoder_block *b) {
    const fm_dims *m = &d->dim;
    fm_dtype t = d->options.dtype;
    const char *label = "attention weights";
    plan_linear(d, &b->attn_a, label, m->a_width, m->hidden, t);
    if (m->q_rank) plan_linear(d, &b->q_b, label, m->heads * m->dqk, m->q_rank, t);
    for (int h = 0; h < m->heads; h++) {
        plan_linear(d, &b->key[h], label, m->nope, m->kv_rank, t);
        plan_linear(d, &b->absorb[h], label, m->kv_rank, m->nope, t);
        plan_linear(d, &b->value[h], label, m->dv, m->kv_rank, t);
    }
    plan_linear(d, &b->o, label, m->hidden, m->heads * m->dv, t);
}

static void plan_feed_forward(fm_decoder *d, fm_decoder_block *b, const fm_block *layout) {
    const fm_dims *m = &d->dim;
    fm_dtype t = d->options.dtype;
    if (!layout->moe) {
        plan_linear(d, &b->gate_up, "dense weights", 2 * m->dense_inner, m->hidden, t);
        plan_linear(d, &b->down, "dense weights", m->hidden, m->dense_inner, t);
        return;
    }
    plan_linear(d, &b->router, "router weights", m->experts, m->hidden, FM_F32);
    for (int e = 0; e < m->experts; e++) {
        plan_linear(d, &b->expert_gate_up[e], "expert weights", 2 * m->expert_inner, m->hidden, t);
        plan_linear(d, &b->expert_down[e], "expert weights", m->hidden, m->expert_inner, t);
    }
    if (!m->shared_inner) return;
    plan_linear(d, &b->shared_gate_up, "shared expert weights", 2 * m->shared_inner, m->hidden, t);
    plan_linear(d, &b->shared_down, "shared expert weights", m->hidden, m->shared_inner, t);
}

static float *floats(fm_decoder *d, size_t rows, size_t size) {
    return fm_arena_take(&d->arena, "work space", rows * size, sizeof(float));
}

static void plan_work(fm_decoder *d) {
    const fm_dims *m = &d->dim;
    fm_decode_work *w = &d->work;
    size_t rows = (size_t)d->max_rows, context = (size_t)d->max_context, heads = (size_t)m->heads;
    size_t hidden = (size_t)m->hidden, slots = m->experts ? rows * (size_t)m->top_k : 0;
    size_t inner = larger(slots * (size_t)m->expert_inner,
                          rows * larger((size_t)m->shared_inner, (size_t)m->dense_inner));
    const char *label = "work space";
    w->x = floats(d, rows, hidden);
    w->y = floats(d, rows, hidden);
    w->norm = floats(d, rows, hidden);
    w->last = floats(d, rows, hidden);
    if (d->options.mtp) w->pair = floats(d, rows, 2 * hidden);
    w->a = floats(d, rows, (size_t)m->a_width);
    w->q = floats(d, rows, heads * (size_t)m->dqk);
    w->q_norm = floats(d, rows, (size_t)m->q_rank);
    w->k =
        fm_arena_take(&d->arena, "expanded keys and values", context * heads * (size_t)m->dqk, sizeof(float));
    w->v =
        fm_arena_take(&d->arena, "expanded keys and values", context * heads * (size_t)m->dv, sizeof(float));
    w->o = floats(d, rows, heads * (size_t)m->dv);
    w->q_latent = floats(d, rows, heads * (size_t)m->kv_rank);
    w->q_rope = floats(d, rows, heads * (size_t)m->rope);
    w->out_latent = floats(d, rows, heads * (size_t)m->kv_rank);
    w->scores = floats(d, FM_DECODE_SCORE_ROWS, heads * ((context + 63) / 64 * 64));
    w->logits = floats(d, rows, (size_t)m->experts);
    w->router_scores = floats(d, rows, (size_t)m->experts);
    w->weights = floats(d, slots, 1);
    w->chosen = fm_arena_take(&d->arena, label, slots, sizeof(int32_t));
    w->plan = (fm_permute){.top_k = m->top_k, .experts = m->experts};
    w->plan.begin = fm_arena_take(&d->arena, label, (size_t)m->experts + 1, sizeof(int32_t));
    w->plan.source = fm_arena_take(&d->arena, label, slots, sizeof(int32_t));
    w->plan.slot_of = fm_arena_take(&d->arena, label, slots, sizeof(int32_t));
    w->rows_in = floats(d, slots, hidden);
    w->rows_out = floats(d, slots, hidden);
    w->gate_up = floats(d, inner, 2);
    w->inner = floats(d, inner, 1);
    w->positions = fm_arena_take(&d->arena, label, rows, sizeof(int32_t));
    w->tokens = fm_arena_take(&d->arena, label, rows, sizeof(int32_t));
    w->zeros = fm_arena_take(&d->arena, label, rows, sizeof(int32_t));
    w->jobs = fm_arena_take(&d->arena, label, larger(2 * heads, larger((size_t)m->experts, rows)),
                            sizeof(fm_linear_job));
    w->attends = fm_arena_take(&d->arena, label, FM_DECODE_SCORE_ROWS, sizeof(fm_mla_decode));
}

static void plan(fm_decoder *d) {
    const fm_weights *l = d->layout;
    const fm_config *c = &l->config;
    d->embed = fm_arena_take(&d->arena, "embedding", (size_t)c->vocab_size * (size_t)c->hidden_size,
                             fm_dtype_size(d->options.dtype));
    plan_linear(d, &d->head, "head", c->vocab_size, c->hidden_size, d->options.dtype);
    d->vectors = fm_arena_take(&d->arena, "norms and biases", l->total_count - l->decay_count, sizeof(float));
    d->rope_table =
        fm_arena_take(&d->arena, "rope table", (size_t)d->max_context * (size_t)d->dim.rope, sizeof(float));
    for (int i = 0; i < d->blocks; i++) {
        fm_decoder_block *b = &d->block[i];
        plan_attention(d, b);
        plan_feed_forward(d, b, &l->block[i]);
        if (i >= c->num_hidden_layers)
            plan_linear(d, &b->eh_proj, "attention weights", c->hidden_size, 2 * c->hidden_size,
                        d->options.dtype);
    }
    plan_work(d);
}

/* ---- pack ------------------------------------------------------------------------------------------------------- */

/* Where weights come from: a trainer's arrays or a checked folder. */
typedef struct source {
    const fm_weights *memory;
    const fm_weights_file *file;
    float *rows; /* buffer of room floats */
    size_t room;
} source;

static void source_read(const source *from, size_t offset, size_t count, float *out) {
    if (from->memory)
        memcpy(out, from->memory->w + offset, count * sizeof *out);
    else
        fm_weights_file_read(from->file, offset, count, out);
}

/* A weight of the layout, in pieces of whole 16-row groups. */
static void pack(const source *from, const fm_linear *w, size_t offset) {
    for (int row = 0; row < w->n; row += CHUNK_ROWS) {
        int rows = w->n - row < CHUNK_ROWS ? w->n - row : CHUNK_ROWS;
        source_read(from, offset + (size_t)row * (size_t)w->k, (size_t)rows * (size_t)w->k, from->rows);
        fm_linear_pack((char *)w->packed + fm_linear_bytes(row, w->k, w->dtype), w->dtype, from->rows, FM_F32,
                       rows, w->k, w->k);
    }
}

/* The transpose of a stored [k, n] matrix. */
static void pack_transposed(const source *from, const fm_linear *w, size_t offset) {
    size_t n = (size_t)w->n, k = (size_t)w->k;
    float *turned = from->rows + n * k;
    source_read(from, offset, n * k, from->rows);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++) turned[i * k + j] = from->rows[j * n + i];
    fm_linear_pack((void *)w->packed, w->dtype, turned, FM_F32, w->n, w->k, w->k);
}

static void pack_block(fm_decoder *d, const source *from, int index) {
    const fm_dims *m = &d->dim;
    const fm_block *l = &d->layout->block[index];
    fm_decoder_block *b = &d->block[index];
    pack(from, &b->attn_a, l->attn_a);
    if (m->q_rank) pack(from, &b->q_b, l->q_b);
    for (int h = 0; h < m->heads; h++) {
        size_t key = l->kv_b + (size_t)h * (size_t)(m->nope + m->dv) * (size_t)m->kv_rank;
        pack(from, &b->key[h], key);
        pack_transposed(from, &b->absorb[h], key);
        pack(from, &b->value[h], key + (size_t)m->nope * (size_t)m->kv_rank);
    }
    pack(from, &b->o, l->o);
    if (index >= d->layout->config.num_hidden_layers) pack(from, &b->eh_proj, l->eh_proj);
    if (!l->moe) {
        pack(from, &b->gate_up, l->gate_up);
        pack(from, &b->down, l->down);
        return;
    }
    pack(from, &b->router, l->router);
    for (int e = 0; e < m->experts; e++) {
        size_t size = (size_t)e * (size_t)m->expert_inner * (size_t)m->hidden;
        pack(from, &b->expert_gate_up[e], l->experts_gate_up + 2 * size);
        pack(from, &b->expert_down[e], l->experts_down + size);
    }
    if (!m->shared_inner) return;
    pack(from, &b->shared_gate_up, l->shared_gate_up);
    pack(from, &b->shared_down, l->shared_down);
}

static void pack_embedding(fm_decoder *d, const source *from) {
    size_t vocab = (size_t)d->layout->config.vocab_size, hidden = (size_t)d->dim.hidden;
    size_t size = fm_dtype_size(d->options.dtype);
    for (size_t row = 0; row < vocab; row += CHUNK_ROWS) {
        size_t count = (vocab - row < CHUNK_ROWS ? vocab - row : CHUNK_ROWS) * hidden;
        source_read(from, d->layout->embed + row * hidden, count, from->rows);
        fm_convert_from_f32((char *)d->embed + row * hidden * size, from->rows, d->options.dtype, count);
    }
}

/* Norms and biases, tensor by tensor: gaps of alignment are in no file. Those of MTP modules left out stay zero. */
static void pack_vectors(fm_decoder *d, const source *from) {
    for (int i = 0; i < d->layout->param_count; i++) {
        const fm_param *p = &d->layout->params[i];
        if (p->offset < d->layout->decay_count || (from->file && !from->file->tensor[i])) continue;
        source_read(from, p->offset, p->count, d->vectors + (p->offset - d->layout->decay_count));
    }
}

/* The largest slice that packing reads at once. */
static size_t source_room(const fm_decoder *d) {
    const fm_dims *m = &d->dim;
    size_t wide = (size_t)m->hidden * 2; /* eh_proj */
    wide = larger(wide, larger((size_t)m->q_rank, (size_t)m->kv_rank));
    wide = larger(wide, (size_t)m->heads * (size_t)m->dv);
    wide = larger(wide,
                  larger((size_t)m->dense_inner, larger((size_t)m->expert_inner, (size_t)m->shared_inner)));
    return larger(CHUNK_ROWS * wide, 2 * (size_t)m->nope * (size_t)m->kv_rank);
}

static fm_status pack_all(fm_decoder *d, source from, fm_error *err) {
    from.room = source_room(d);
    from.rows = malloc(from.room * sizeof *from.rows);
    if (!from.rows) return fm_error_set(err, FM_ERR_MEMORY, "decoder: out of memory for packing");
    pack_embedding(d, &from);
    pack(&from, &d->head, d->layout->head);
    pack_vectors(d, &from);
    for (int i = 0; i < d->blocks; i++) pack_block(d, &from, i);
    free(from.rows);
    return FM_OK;
}

/* ---- create ----------------------------------------------------------------------------------------------------- */

/* Storage for the arrays of fm_linear that each block points into. */
static bool give_lists(fm_decoder *d) {
    size_t heads = (size_t)d->dim.heads, experts = (size_t)d->dim.experts, each = 3 * heads + 2 * experts;
    d->block = calloc((size_t)d->blocks, sizeof *d->block);
    d->heads = calloc((size_t)d->blocks * each, sizeof *d->heads);
    if (!d->block || !d->heads) return false;
    for (int i = 0; i < d->blocks; i++) {
        fm_linear *at = d->heads + (size_t)i * each;
        d->block[i].key = at;
        d->block[i].absorb = at + heads;
        d->block[i].value = at + 2 * heads;
        d->block[i].expert_gate_up = at + 3 * heads;
        d->block[i].expert_down = at + 3 * heads + experts;
    }
    return true;
}

static fm_status decoder_plan(fm_decoder **out, const fm_config *config, fm_dev *dev,
                              const fm_decoder_options *options, fm_error *err) {
    *out = NULL;
    if (options->dtype != FM_F32 && options->dtype != FM_BF16)
        return fm_error_set(err, FM_ERR_ARG, "decoder: weights are packed as F32 or BF16, not %s",
                            fm_dtype_name(options->dtype));
    if (options->mtp && !config->num_nextn_predict_layers)
        return fm_error_set(err, FM_ERR_ARG, "decoder: the model has no multi-token prediction module");
    fm_decoder *d = calloc(1, sizeof *d);
    if (!d) return fm_error_set(err, FM_ERR_MEMORY, "decoder: out of memory");
    fm_arena_init(&d->arena, "decoder");
    d->dev = dev;
    d->options = *options;
    d->dim = fm_dims_of(config);
    d->max_rows = options->max_rows > 0 ? options->max_rows : DEFAULT_ROWS;
    d->max_context = options->max_context > 0 ? options->max_context : config->max_position_embeddings;
    d->blocks = config->num_hidden_layers + (options->mtp ? config->num_nextn_predict_layers : 0);
    fm_status status = fm_weights_plan(&d->layout, config, err);
    if (!status && !give_lists(d)) status = fm_error_set(err, FM_ERR_MEMORY, "decoder: out of memory");
    if (!status) {
        plan(d);
        status = fm_arena_commit(&d->arena, err);
    }
    if (status) {
        fm_decoder_free(d);
        return status;
    }
    plan(d);
    d->softmax_scale = fm_mla_rope(config, d->rope_table, d->max_context);
    *out = d;
    return FM_OK;
}

fm_status fm_decoder_load(fm_decoder **out, const char *folder, fm_dev *dev,
                          const fm_decoder_options *options, fm_error *err) {
    fm_config config;
    fm_weights_file file = {0};
    *out = NULL;
    fm_status status = fm_config_load(&config, folder, err);
    if (!status) status = decoder_plan(out, &config, dev, options, err);
    if (!status) status = fm_weights_file_open(&file, (*out)->layout, folder, options->mtp, err);
    if (!status) {
        status = pack_all(*out, (source){.file = &file}, err);
        fm_weights_file_close(&file);
    }
    if (status) {
        fm_decoder_free(*out);
        *out = NULL;
    }
    return status;
}

fm_status fm_decoder_pack(fm_decoder **out, const fm_weights *weights, fm_dev *dev,
                          const fm_decoder_options *options, fm_error *err) {
    fm_status status = decoder_plan(out, &weights->config, dev, options, err);
    if (!status) status = pack_all(*out, (source){.memory = weights}, err);
    if (status) {
        fm_decoder_free(*out);
        *out = NULL;
    }
    return status;
}

void fm_decoder_free(fm_decoder *decoder) {
    if (!decoder) return;
    fm_arena_release(&decoder->arena);
    fm_weights_free(decoder->layout);
    free(decoder->block);
    free(decoder->heads);
    free(decoder);
}

const fm_config *fm_decoder_config(const fm_decoder *decoder) { return &decoder->layout->config; }
const fm_arena *fm_decoder_arena(const fm_decoder *decoder) { return &decoder->arena; }

/* ---- cache ------------------------------------------------------------------------------------------------------ */

static int cache_stride(const fm_decoder *d) { return d->dim.kv_rank + d->dim.rope; }

size_t fm_cache_position_bytes(const fm_decoder *decoder) {
    return (size_t)decoder->blocks * (size_t)cache_stride(decoder) * sizeof(float);
}

fm_status fm_cache_open(fm_cache *cache, const fm_decoder *decoder, int capacity, fm_error *err) {
    *cache = (fm_cache){0};
    if (capacity < 1 || capacity > decoder->max_context)
        return fm_error_set(err, FM_ERR_LIMIT, "cache: %d positions, the decoder was made for 1 to %d",
                            capacity, decoder->max_context);
    *cache = (fm_cache){.blocks = decoder->blocks, .capacity = capacity, .stride = cache_stride(decoder)};
    cache->data = malloc((size_t)capacity * fm_cache_position_bytes(decoder));
    if (!cache->data)
        return fm_error_set(err, FM_ERR_MEMORY, "cache: out of memory for %d positions of %zu bytes",
                            capacity, fm_cache_position_bytes(decoder));
    return FM_OK;
}

void fm_cache_close(fm_cache *cache) {
    free(cache->data);
    *cache = (fm_cache){0};
}

void fm_cache_truncate(fm_cache *cache, int length) {
    if (length < cache->length) cache->length = length < 0 ? 0 : length;
}
