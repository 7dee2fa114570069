/* weights_file.c: published checkpoints to f32 slices and back. Contract and formats: weights_file.h, weights.h. */
#include "model/weights_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

enum { SCALE_BLOCK = 128 };

static void shape_text(char *out, size_t room, int dims, const int64_t *size) {
    size_t at = (size_t)snprintf(out, room, "[");
    for (int i = 0; i < dims && at < room; i++)
        at += (size_t)snprintf(out + at, room - at, i ? ", %lld" : "%lld", (long long)size[i]);
    if (at < room) snprintf(out + at, room - at, "]");
}

static fm_status check_shape(const char *folder, const char *name, const fm_tensor *t, int dims,
                             const int64_t *size, fm_error *err) {
    bool same = t->dims == dims;
    for (int i = 0; same && i < dims; i++) same = t->size[i] == size[i];
    if (same) return FM_OK;
    char expected[96], actual[96];
    shape_text(expected, sizeof expected, dims, size);
    shape_text(actual, sizeof actual, t->dims, t->size);
    return fm_error_set(err, FM_ERR_FORMAT, "%s: tensor %s has shape %s, the config asks for %s", folder,
                        name, actual, expected);
}

/* The block scales that an F8 tensor needs. */
static fm_status find_scale(fm_weights_file *f, int i, const char *name, fm_error *err) {
    const fm_param *p = &f->layout->params[i];
    char scale[FM_PARAM_NAME + 16];
    snprintf(scale, sizeof scale, "%s_scale_inv", name);
    const fm_tensor *t = fm_safetensors_find(f->file, scale);
    if (!t)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: tensor %s is F8_E4M3, but its scales %s are missing",
                            f->folder, name, scale);
    if (t->dtype != FM_F32)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: tensor %s has type %s, scales must be F32", f->folder,
                            scale, fm_dtype_name(t->dtype));
    int64_t size[2] = {(p->size[0] + SCALE_BLOCK - 1) / SCALE_BLOCK,
                       (p->size[1] + SCALE_BLOCK - 1) / SCALE_BLOCK};
    f->scale[i] = t;
    return check_shape(f->folder, scale, t, 2, size, err);
}

static fm_status find_param(fm_weights_file *f, int i, bool needed, fm_error *err) {
    const fm_param *p = &f->layout->params[i];
    const fm_tensor *t = fm_safetensors_find(f->file, p->name);
    if (!t && !needed) return FM_OK;
    if (!t) return fm_error_set(err, FM_ERR_FORMAT, "%s: tensor %s is missing", f->folder, p->name);
    fm_status status = check_shape(f->folder, p->name, t, p->dims, p->size, err);
    if (status) return status;
    f->tensor[i] = t;
    if (t->dtype == FM_F8_E4M3 && p->dims == 2) return find_scale(f, i, p->name, err);
    if (t->dtype != FM_F32 && t->dtype != FM_F16 && t->dtype != FM_BF16)
        return fm_error_set(
            err, FM_ERR_UNSUPPORTED,
            "%s: tensor %s has type %s; F32, F16, BF16 and block-scaled F8_E4M3 matrices are read", f->folder,
            p->name, fm_dtype_name(t->dtype));
    return FM_OK;
}

static bool is_mtp(const fm_weights *layout, const char *name) {
    int layer = -1;
    return sscanf(name, "model.layers.%d.", &layer) == 1 && layer >= layout->config.num_hidden_layers;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* The shared tensor that a published checkpoint repeats under this name, or NULL. */
static const char *copy_of(const fm_weights *layout, const char *name) {
    const char *head = layout->config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
    if (layout->config.tie_word_embeddings && !strcmp(name, "lm_head.weight")) return head;
    if (!is_mtp(layout, name)) return NULL;
    int layer = -1, used = 0;
    sscanf(name, "model.layers.%d.%n", &layer, &used);
    if (layer >= layout->blocks) return NULL;
    if (!strcmp(name + used, "embed_tokens.weight")) return "model.embed_tokens.weight";
    if (!strcmp(name + used, "shared_head.head.weight")) return head;
    return NULL;
}

static fm_status check_copy(const fm_weights_file *f, const char *name, const char *shared,
                            const fm_tensor *t, fm_error *err) {
    const fm_tensor *s = fm_safetensors_find(f->file, shared);
    fm_status status = check_shape(f->folder, name, t, s->dims, s->size, err);
    if (status) return status;
    if (t->dtype != s->dtype ||
        memcmp(t->data, s->data, (size_t)fm_tensor_count(t) * fm_dtype_size(t->dtype)))
        return fm_error_set(err, FM_ERR_UNSUPPORTED,
                            "%s: tensor %s differs from %s, of which it must be a copy", f->folder, name,
                            shared);
    return FM_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const fm_param *const *)a)->name, (*(const fm_param *const *)b)->name);
}

static bool known(const fm_param *const *sorted, int count, const char *name) {
    int low = 0, high = count - 1;
    while (low <= high) {
        int middle = (low + high) / 2, order = strcmp(name, sorted[middle]->name);
        if (!order) return true;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return false;
}

/* Everything in the file must be something of the model: a stray tensor means the wrong config. */
static fm_status refuse_extra(const fm_weights_file *f, fm_error *err) {
    int count = f->layout->param_count;
    const fm_param **sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted) return fm_error_set(err, FM_ERR_MEMORY, "%s: out of memory", f->folder);
    for (int i = 0; i < count; i++) sorted[i] = &f->layout->params[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    fm_status status = FM_OK;
    for (int i = 0; i < fm_safetensors_count(f->file) && !status; i++) {
        const char *name = fm_safetensors_name(f->file, i), *shared;
        char base[FM_PARAM_NAME + 32];
        if (known(sorted, count, name)) continue;
        if ((shared = copy_of(f->layout, name))) {
            status = check_copy(f, name, shared, fm_safetensors_at(f->file, i), err);
            continue;
        }
        if (ends_with(name, ".rotary_emb.inv_freq"))
            continue; /* recomputed from the config; old exports keep it */
        if (ends_with(name, "_scale_inv") && strlen(name) < sizeof base) {
            snprintf(base, sizeof base, "%.*s", (int)(strlen(name) - strlen("_scale_inv")), name);
            if (known(sorted, count, base)) continue;
        }
        status =
            fm_error_set(err, FM_ERR_FORMAT,
                         "%s: tensor %s is not part of the model that the config describes", f->folder, name);
    }
    free(sorted);
    return status;
}

fm_status fm_weights_file_open(fm_weights_file *file, const fm_weights *layout, const char *folder,
                               bool need_mtp, fm_error *err) {
    *file = (fm_weights_file){.layout = layout};
    snprintf(file->folder, sizeof file->folder, "%s", folder);
    fm_status status = fm_safetensors_open(&file->file, folder, err);
    if (status) return status;
    file->tensor = calloc((size_t)layout->param_count, sizeof *file->tensor);
    file->scale = calloc((size_t)layout->param_count, sizeof *file->scale);
    if (!file->tensor || !file->scale) {
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: out of memory", folder);
        goto fail;
    }
    for (int i = 0; i < layout->param_count && !status; i++)
        status = find_param(file, i, need_mtp || !is_mtp(layout, layout->params[i].name), err);
    if (!status) status = refuse_extra(file, err);
    if (status) goto fail;
    return FM_OK;
fail:
    fm_weights_file_close(file);
    return status;
}

void fm_weights_file_close(fm_weights_file *file) {
    if (file->file) fm_safetensors_close(file->file);
    free(file->tensor);
    free(file->scale);
    *file = (fm_weights_file){0};
}

/* `rows` rows of an F8 matrix from row `first`, each element times the scale of its block. */
static void read_f8(const fm_tensor *t, const fm_tensor *scale, int64_t first, int64_t rows, float *out) {
    int64_t cols = t->size[1], scale_cols = scale->size[1];
    const uint8_t *bytes = (const uint8_t *)t->data + first * cols;
    const float *scales = scale->data;
    fm_convert_to_f32(out, bytes, FM_F8_E4M3, (size_t)(rows * cols));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            out[r * cols + c] *= scales[(first + r) / SCALE_BLOCK * scale_cols + c / SCALE_BLOCK];
}

void fm_weights_file_read(const fm_weights_file *file, size_t offset, size_t count, float *out) {
    const fm_weights *layout = file->layout;
    int low = 0, high = layout->param_count - 1;
    while (low < high) { /* the last tensor that begins at or before `offset` */
        int middle = (low + high + 1) / 2;
        if (layout->params[middle].offset <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    for (int i = low; count; i++) {
        const fm_param *p = &layout->params[i];
        const fm_tensor *t = file->tensor[i];
        size_t skip = offset - p->offset, n = p->count - skip < count ? p->count - skip : count;
        if (file->scale[i])
            read_f8(t, file->scale[i], (int64_t)skip / p->size[1], (int64_t)n / p->size[1], out);
        else
            fm_convert_to_f32(out, (const char *)t->data + skip * fm_dtype_size(t->dtype), t->dtype, n);
        offset += n;
        out += n;
        count -= n;
    }
}

fm_status fm_weights_load(fm_weights *weights, const char *folder, fm_error *err) {
    fm_weights_file file;
    fm_status status = fm_weights_file_open(&file, weights, folder, true, err);
    if (status) return status;
    for (int i = 0; i < weights->param_count; i++) {
        const fm_param *p = &weights->params[i];
        fm_weights_file_read(&file, p->offset, p->count, weights->w + p->offset);
    }
    fm_weights_file_close(&file);
    return FM_OK;
}

fm_status fm_weights_open(fm_weights **out, const char *folder, bool training, fm_error *err) {
    fm_config config;
    *out = NULL;
    fm_status status = fm_config_load(&config, folder, err);
    if (!status) status = fm_weights_create(out, &config, training, err);
    if (!status) status = fm_weights_load(*out, folder, err);
    if (status) {
        fm_weights_free(*out);
        *out = NULL;
    }
    return status;
}

/* Adds the copies of embedding and head that the published layout keeps in each MTP module. A tied model, which shares
 * the one table anyway, goes without: they would be a quarter of a small model's file. */
static int add_copies(const fm_weights *w, fm_safetensors_item *items, int count,
                      char (*names)[FM_PARAM_NAME]) {
    const fm_config *c = &w->config;
    if (c->tie_word_embeddings) return count;
    const char *shared[2] = {"model.embed_tokens.weight", "lm_head.weight"};
    const char *suffix[2] = {"embed_tokens.weight", "shared_head.head.weight"};
    int base = count, copy = 0;
    for (int layer = c->num_hidden_layers; layer < w->blocks; layer++)
        for (int k = 0; k < 2; k++, copy++)
            for (int i = 0; i < base; i++) {
                if (strcmp(items[i].name, shared[k])) continue;
                snprintf(names[copy], FM_PARAM_NAME, "model.layers.%d.%s", layer, suffix[k]);
                items[count] = items[i];
                items[count++].name = names[copy];
            }
    return count;
}

static fm_status save_config(const fm_weights *weights, const char *folder, fm_dtype dtype, fm_error *err) {
    char path[1024];
    fm_buf text = {0};
    fm_status status = fm_path_join(path, sizeof path, folder, "config.json", err);
    if (!status)
        status = fm_config_write(&weights->config, dtype == FM_BF16 ? "bfloat16" : "float32", &text, err);
    if (!status) status = fm_file_write(path, text.data, text.size, err);
    fm_buf_release(&text);
    return status;
}

fm_status fm_weights_save(const fm_weights *weights, const char *folder, fm_dtype dtype,
                          const char *const metadata[][2], int metadata_count, fm_error *err) {
    if (dtype != FM_F32 && dtype != FM_BF16)
        return fm_error_set(err, FM_ERR_ARG, "%s: weights are saved as F32 or BF16, not %s", folder,
                            fm_dtype_name(dtype));
    int room = weights->param_count + 2 * FM_MAX_MTP;
    char(*names)[FM_PARAM_NAME] = calloc(2 * FM_MAX_MTP, sizeof *names);
    fm_safetensors_item *items = calloc((size_t)room, sizeof *items);
    uint16_t *half = dtype == FM_BF16 ? malloc(weights->trained_count * sizeof *half) : NULL;
    char path[1024];
    fm_status status = fm_dir_make(folder, err);
    if (!status) status = fm_path_join(path, sizeof path, folder, "model.safetensors", err);
    if (!status && (!names || !items || (dtype == FM_BF16 && !half)))
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: out of memory for the copy to save", folder);
    if (status) goto done;
    if (half) fm_convert_from_f32(half, weights->w, FM_BF16, weights->trained_count);
    for (int i = 0; i < weights->param_count; i++) {
        const fm_param *p = &weights->params[i];
        bool narrow = half && p->trained;
        items[i].name = p->name;
        items[i].tensor =
            (fm_tensor){.dtype = narrow ? FM_BF16 : FM_F32,
                        .dims = p->dims,
                        .size = {p->size[0], p->size[1]},
                        .data = narrow ? (void *)(half + p->offset) : (void *)(weights->w + p->offset)};
    }
    int count = add_copies(weights, items, weights->param_count, names);
    status = fm_safetensors_write(path, items, count, metadata, metadata_count, err);
    if (!status) status = save_config(weights, folder, dtype, err);
done:
    free(half);
    free(items);
    free(names);
    return status;
}
