/* safetensors_write.c: the writing half of safetensors.h.
 *
 * Where it stands: the last stop of every trained weight (checkpoints, exports). Other programs' readers demand
 * data without holes, so alignment comes from the order: larger elements first, otherwise the caller's order.
 * It refuses names that are empty, doubled or "__metadata__", shapes that overflow, and data that is NULL.
 */
#include "file/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

/* Bytes of one tensor, after checking everything about it that a reader would refuse. */
static fm_status item_bytes(const fm_safetensors_item *item, const char *path, uint64_t *bytes,
                            fm_error *err) {
    const fm_tensor *t = &item->tensor;
    if (item->name == NULL || item->name[0] == '\0' || strcmp(item->name, "__metadata__") == 0)
        return fm_error_set(err, FM_ERR_ARG, "%s: \"%s\" cannot be a tensor's name", path,
                            item->name ? item->name : "(null)");
    if ((unsigned)t->dtype >= FM_DTYPE_COUNT || t->dims < 0 || t->dims > FM_MAX_DIMS)
        return fm_error_set(err, FM_ERR_ARG, "%s: tensor %s: dtype %d with %d dimensions (at most %d)", path,
                            item->name, (int)t->dtype, t->dims, FM_MAX_DIMS);
    *bytes = fm_dtype_size(t->dtype);
    for (int i = 0; i < t->dims; i++)
        if (t->size[i] < 0 || __builtin_mul_overflow(*bytes, (uint64_t)t->size[i], bytes) ||
            *bytes > INT64_MAX)
            return fm_error_set(err, FM_ERR_LIMIT,
                                "%s: tensor %s: shape[%d] = %" PRId64 " is negative or too large", path,
                                item->name, i, t->size[i]);
    if (t->data == NULL && *bytes > 0)
        return fm_error_set(err, FM_ERR_ARG, "%s: tensor %s: its data is NULL", path, item->name);
    return FM_OK;
}

static json_t *describe(const fm_tensor *t, uint64_t begin, uint64_t end) {
    json_t *shape = json_array();
    for (int i = 0; i < t->dims; i++) json_array_append_new(shape, json_integer(t->size[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", fm_dtype_name(t->dtype), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)end);
}

/* order[0..count) lists items by falling element size, stable. Returns the header text, padded with spaces so that
 * the data start on a 64-byte boundary; free() it. */
static fm_status make_header(char **text, const char *path, const fm_safetensors_item *items, int count,
                             int *order, const char *const metadata[][2], int metadata_count, fm_error *err) {
    fm_status status = FM_OK;
    json_t *header = json_object(), *pairs = json_object();
    int placed = 0;
    uint64_t at = 0;
    for (int i = 0; i < metadata_count; i++) {
        if (json_object_set_new(pairs, metadata[i][0], json_string(metadata[i][1])) == 0) continue;
        status = fm_error_set(err, FM_ERR_ARG, "%s: metadata pair %d is not UTF-8 text", path, i);
        goto fail;
    }
    if (metadata_count > 0) json_object_set(header, "__metadata__", pairs);
    for (size_t size = 8; size > 0; size /= 2)
        for (int i = 0; i < count; i++) {
            uint64_t bytes = 0;
            FM_TRY(item_bytes(&items[i], path, &bytes, err));
            if (fm_dtype_size(items[i].tensor.dtype) != size) continue;
            if (json_object_get(header, items[i].name) != NULL) {
                status = fm_error_set(err, FM_ERR_ARG, "%s: two tensors are called %s", path, items[i].name);
                goto fail;
            }
            if (at + bytes > INT64_MAX) {
                status = fm_error_set(err, FM_ERR_LIMIT, "%s: more than 2^63 bytes of data", path);
                goto fail;
            }
            if (json_object_set_new(header, items[i].name, describe(&items[i].tensor, at, at + bytes)) != 0) {
                status = fm_error_set(err, FM_ERR_ARG, "%s: tensor name \"%s\" is not UTF-8 text", path,
                                      items[i].name);
                goto fail;
            }
            at += bytes;
            order[placed++] = i;
        }
    char *json = json_dumps(header, JSON_COMPACT);
    size_t length = json ? strlen(json) : 0, padded = (length + 8 + 63) / 64 * 64 - 8;
    *text = json ? malloc(padded + 1) : NULL;
    if (*text != NULL) {
        memcpy(*text, json, length);
        memset(*text + length, ' ', padded - length);
        (*text)[padded] = '\0';
    } else {
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for the header", path);
    }
    free(json);
fail:
    json_decref(pairs);
    json_decref(header);
    return status;
}

fm_status fm_safetensors_write(const char *path, const fm_safetensors_item *items, int count,
                               const char *const metadata[][2], int metadata_count, fm_error *err) {
    fm_status status;
    fm_writer writer = {0};
    char *header = NULL;
    if (count < 0 || metadata_count < 0)
        return fm_error_set(err, FM_ERR_ARG, "%s: %d tensors, %d metadata pairs", path, count,
                            metadata_count);
    int *order = calloc((size_t)count + 1, sizeof *order);
    if (order == NULL) return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", path);
    FM_TRY(make_header(&header, path, items, count, order, metadata, metadata_count, err));
    FM_TRY(fm_writer_begin(&writer, path, err));
    size_t length = strlen(header);
    uint8_t prefix[8];
    for (int i = 0; i < 8; i++) prefix[i] = (uint8_t)((uint64_t)length >> 8 * i);
    FM_TRY(fm_writer_put(&writer, prefix, sizeof prefix, err));
    FM_TRY(fm_writer_put(&writer, header, length, err));
    for (int i = 0; i < count; i++) {
        const fm_tensor *t = &items[order[i]].tensor;
        size_t bytes = (size_t)fm_tensor_count(t) * fm_dtype_size(t->dtype);
        if (bytes > 0) FM_TRY(fm_writer_put(&writer, t->data, bytes, err));
    }
    FM_TRY(fm_writer_commit(&writer, err));
fail:
    fm_writer_abort(&writer);
    free(header);
    free(order);
    return status;
}
