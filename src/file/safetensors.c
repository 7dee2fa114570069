/* safetensors.c: reading and writing safetensors; safetensors.h holds the format.
 *
 * Where it stands: the first stop of every weight, and of every golden tensor, on its way into the program.
 * Headers are untrusted: jansson parses the JSON (duplicates refused, depth bounded), then each number is checked
 * before it is used. Nothing is allocated but what is proportional to the header's own bytes.
 * It refuses what safetensors.h lists.
 */
#include "file/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

enum { HEADER_LIMIT = 100 * 1000 * 1000, INDEX_LIMIT = 100 * 1000 * 1000, PATH_ROOM = 4096 };

typedef struct entry {
    char *name; /* owned */
    fm_tensor tensor;
    int map; /* which mapping the data lies in: overlaps are looked for inside one file */
} entry;

struct fm_safetensors {
    entry *entries; /* in name order */
    int count, room;
    fm_map *maps;
    int map_count;
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static int by_place(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->map != y->map) return x->map < y->map ? -1 : 1;
    uintptr_t p = (uintptr_t)x->tensor.data, q = (uintptr_t)y->tensor.data;
    if (p != q) return p < q ? -1 : 1;
    int64_t m = fm_tensor_count(&x->tensor), n = fm_tensor_count(&y->tensor); /* empty tensors first */
    return m < n ? -1 : m > n;
}

static fm_status parse_json(json_t **out, const void *text, size_t size, const char *where, fm_error *err) {
    json_error_t at;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &at);
    if (*out != NULL) return FM_OK;
    if (json_error_code(&at) == json_error_out_of_memory)
        return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for a JSON header of %zu bytes", where, size);
    return fm_error_set(err, FM_ERR_FORMAT, "%s: JSON at byte %d of %zu: %s", where, at.position, size,
                        at.text);
}

/* "shape": at most FM_MAX_DIMS numbers, none negative, whose product times the element size fits. */
static fm_status parse_shape(fm_tensor *t, uint64_t *size_bytes, const json_t *shape, const char *where,
                             const char *name, fm_error *err) {
    if (!json_is_array(shape))
        return fm_error_set(err, FM_ERR_FORMAT, "%s: tensor %s: shape is missing or not a list", where, name);
    if (json_array_size(shape) > FM_MAX_DIMS)
        return fm_error_set(err, FM_ERR_UNSUPPORTED,
                            "%s: tensor %s: shape has %zu dimensions, at most %d are known", where, name,
                            json_array_size(shape), FM_MAX_DIMS);
    t->dims = (int)json_array_size(shape);
    uint64_t bytes = fm_dtype_size(t->dtype);
    bool empty = false;
    for (int i = 0; i < t->dims; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return fm_error_set(err, FM_ERR_FORMAT,
                                "%s: tensor %s: shape[%d] is not a whole number from 0 up", where, name, i);
        t->size[i] = json_integer_value(size);
        if (t->size[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(bytes, (uint64_t)t->size[i], &bytes) || bytes > INT64_MAX)
            return fm_error_set(err, FM_ERR_LIMIT,
                                "%s: tensor %s: shape[%d] = %" PRId64 " overflows 63 bits of size", where,
                                name, i, t->size[i]);
    }
    *size_bytes = empty ? 0 : bytes;
    return FM_OK;
}

/* One header entry to a view into the mapping, whose data area starts `start` bytes into the file. */
static fm_status parse_tensor(fm_tensor *t, const json_t *json, const fm_map *map, uint64_t start,
                              const char *where, const char *name, fm_error *err) {
    if (!json_is_object(json))
        return fm_error_set(err, FM_ERR_FORMAT, "%s: tensor %s: its entry is not an object", where, name);
    const char *dtype = json_string_value(json_object_get(json, "dtype"));
    if (dtype == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: tensor %s: dtype is missing or not text", where, name);
    t->dtype = fm_dtype_from_name(dtype);
    if (t->dtype == FM_DTYPE_COUNT)
        return fm_error_set(err, FM_ERR_UNSUPPORTED, "%s: tensor %s: dtype \"%s\" is not known", where, name,
                            dtype);
    uint64_t bytes = 0;
    fm_status status = parse_shape(t, &bytes, json_object_get(json, "shape"), where, name, err);
    if (status != FM_OK) return status;

    const json_t *offsets = json_object_get(json, "data_offsets");
    const json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last) ||
        json_integer_value(first) < 0 || json_integer_value(last) < json_integer_value(first))
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: tensor %s: data_offsets are not two rising numbers from 0 up", where, name);
    uint64_t begin = (uint64_t)json_integer_value(first), end = (uint64_t)json_integer_value(last);
    if (end > map->size - start)
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: tensor %s: data_offsets end at %" PRIu64 ", the file holds %" PRIu64
                            " bytes of data (truncated?)",
                            where, name, end, (uint64_t)map->size - start);
    if (end - begin != bytes)
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: tensor %s: data_offsets span %" PRIu64
                            " bytes, %s of its shape needs %" PRIu64,
                            where, name, end - begin, dtype, bytes);
    if ((start + begin) % fm_dtype_size(t->dtype) != 0)
        return fm_error_set(err, FM_ERR_UNSUPPORTED,
                            "%s: tensor %s: starts at byte %" PRIu64
                            " of the file, which is not aligned for %s",
                            where, name, start + begin, dtype);
    t->data =
        (void *)(uintptr_t)(map->data + start + begin); /* the mapping is read-only; views are not const */
    return FM_OK;
}

static fm_status add_entry(fm_safetensors *file, const char *name, const fm_tensor *tensor, int map,
                           fm_error *err) {
    char *copy = strdup(name);
    if (copy == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for the tensor name %s", name);
    file->entries[file->count++] = (entry){.name = copy, .tensor = *tensor, .map = map};
    return FM_OK;
}

/* Room for `more` entries on top of those there. */
static fm_status reserve(fm_safetensors *file, size_t more, fm_error *err) {
    if (more > (size_t)(INT_MAX - file->count))
        return fm_error_set(err, FM_ERR_LIMIT, "%zu tensors, at most %d are possible", more, INT_MAX);
    size_t need = (size_t)file->count + more;
    if (need <= (size_t)file->room) return FM_OK;
    entry *grown = realloc(file->entries, need * sizeof *grown);
    if (grown == NULL)
        return fm_error_set(err, FM_ERR_MEMORY, "no memory for the table of %zu tensors", need);
    file->entries = grown;
    file->room = (int)need;
    return FM_OK;
}

/* Opens one file as mapping number file->map_count; *header is its JSON, *start where its data begin. The caller
 * made room in file->maps. */
static fm_status open_part(fm_safetensors *file, const char *path, json_t **header, uint64_t *start,
                           fm_error *err) {
    fm_map *map = &file->maps[file->map_count];
    fm_status status = fm_map_open(map, path, err);
    if (status != FM_OK) return status;
    file->map_count++;
    if (map->size < 8)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: %zu bytes is too short for a safetensors file", path,
                            map->size);
    uint64_t size = 0;
    for (int i = 0; i < 8; i++) size |= (uint64_t)map->data[i] << 8 * i;
    if (size > HEADER_LIMIT)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: header length %" PRIu64 ", at most %d is accepted", path,
                            size, HEADER_LIMIT);
    if (size > map->size - 8)
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: header length %" PRIu64 ", the file has %zu bytes (truncated?)", path, size,
                            map->size);
    status = parse_json(header, map->data + 8, (size_t)size, path, err);
    if (status != FM_OK) return status;
    if (!json_is_object(*header))
        return fm_error_set(err, FM_ERR_FORMAT, "%s: the header is not an object", path);
    *start = 8 + size;
    return FM_OK;
}

/* Text to text only, as the format has it. */
static fm_status check_metadata(const json_t *metadata, const char *where, fm_error *err) {
    if (metadata == NULL) return FM_OK;
    if (!json_is_object(metadata))
        return fm_error_set(err, FM_ERR_FORMAT, "%s: __metadata__ is not an object", where);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value) {
        if (!json_is_string(value))
            return fm_error_set(err, FM_ERR_FORMAT, "%s: __metadata__: %s is not text", where, key);
    }
    return FM_OK;
}

static fm_status read_single(fm_safetensors *file, const char *path, fm_error *err) {
    json_t *header = NULL;
    uint64_t start = 0;
    fm_status status;
    file->maps = calloc(1, sizeof *file->maps);
    if (file->maps == NULL) return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", path);
    FM_TRY(open_part(file, path, &header, &start, err));
    FM_TRY(check_metadata(json_object_get(header, "__metadata__"), path, err));
    FM_TRY(reserve(file, json_object_size(header), err));
    const char *name;
    json_t *json;
    json_object_foreach(header, name, json) {
        if (strcmp(name, "__metadata__") == 0) continue;
        fm_tensor tensor = {0};
        FM_TRY(parse_tensor(&tensor, json, &file->maps[0], start, path, name, err));
        FM_TRY(add_entry(file, name, &tensor, 0, err));
    }
fail:
    json_decref(header);
    return status;
}

/* The index's files, each opened once. */
typedef struct shard {
    const char *name; /* borrowed from the index */
    json_t *header;
    uint64_t start;
} shard;

/* The number of the shard called `name`, opened if it is new; -1 with *status set on failure. `hint` is tried first:
 * neighbouring names mostly share a shard. */
static int find_shard(fm_safetensors *file, shard *shards, const char *name, int hint, const char *folder,
                      const char *index, fm_status *status, fm_error *err) {
    *status = FM_OK;
    if (hint >= 0 && strcmp(shards[hint].name, name) == 0) return hint;
    for (int i = 0; i < file->map_count; i++)
        if (strcmp(shards[i].name, name) == 0) return i;
    char path[PATH_ROOM];
    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, "..") == 0 || strcmp(name, ".") == 0) {
        *status = fm_error_set(err, FM_ERR_FORMAT,
                               "%s: weight_map names \"%s\", which is not a plain file name", index, name);
        return -1;
    }
    int new_shard = file->map_count;
    *status = fm_path_join(path, sizeof path, folder, name, err);
    if (*status == FM_OK) {
        shards[new_shard].name = name;
        *status = open_part(file, path, &shards[new_shard].header, &shards[new_shard].start, err);
    }
    if (*status == FM_OK) return new_shard;
    fm_error_prefix(err, "%s: weight_map", index);
    return -1;
}

/* How many different files the map names: that many mappings are reserved, no more. */
static size_t count_shards(const json_t *weight_map) {
    json_t *seen = json_object();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)weight_map, name, value) {
        if (json_is_string(value)) json_object_set_new(seen, json_string_value(value), json_true());
    }
    size_t count = json_object_size(seen);
    json_decref(seen);
    return count;
}

/* Takes exactly the tensors that weight_map names, each from the shard it names. */
static fm_status read_mapped(fm_safetensors *file, shard *shards, const json_t *weight_map,
                             const char *folder, const char *index, fm_error *err) {
    fm_status status = reserve(file, json_object_size(weight_map), err);
    if (status != FM_OK) return status;
    int at = -1;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)weight_map, name, value) {
        if (!json_is_string(value))
            return fm_error_set(err, FM_ERR_FORMAT, "%s: weight_map: %s is not a file name", index, name);
        at = find_shard(file, shards, json_string_value(value), at, folder, index, &status, err);
        if (at < 0) return status;
        const json_t *json = json_object_get(shards[at].header, name);
        if (json == NULL)
            return fm_error_set(err, FM_ERR_FORMAT, "%s: weight_map puts %s in %s, which does not hold it",
                                index, name, shards[at].name);
        fm_tensor tensor = {0};
        status = parse_tensor(&tensor, json, &file->maps[at], shards[at].start, shards[at].name, name, err);
        if (status == FM_OK) status = add_entry(file, name, &tensor, at, err);
        if (status != FM_OK) return status;
    }
    return FM_OK;
}

static fm_status read_sharded(fm_safetensors *file, const char *folder, const char *index, fm_error *err) {
    fm_status status;
    fm_buf text = {0};
    json_t *json = NULL;
    shard *shards = NULL;
    size_t shard_count = 0;
    FM_TRY(fm_file_read(index, INDEX_LIMIT, &text, err));
    FM_TRY(parse_json(&json, text.data ? text.data : "", text.size, index, err));
    const json_t *weight_map = json_object_get(json, "weight_map");
    if (!json_is_object(weight_map)) {
        status = fm_error_set(err, FM_ERR_FORMAT, "%s: weight_map is missing or not an object", index);
        goto fail;
    }
    shard_count = count_shards(weight_map);
    file->maps = calloc(shard_count + 1, sizeof *file->maps);
    shards = calloc(shard_count + 1, sizeof *shards);
    if (file->maps == NULL || shards == NULL) {
        status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for %zu shards", index, shard_count);
        goto fail;
    }
    FM_TRY(read_mapped(file, shards, weight_map, folder, index, err));
fail:
    for (size_t i = 0; shards != NULL && i < shard_count; i++) json_decref(shards[i].header);
    free(shards);
    json_decref(json);
    fm_buf_release(&text);
    return status;
}

/* Two tensors must not share bytes: a file that says so is damaged, and a writer through one view would change
 * the other. Leaves the entries in name order. */
static fm_status check_overlap(fm_safetensors *file, const char *path, fm_error *err) {
    if (file->count == 0) return FM_OK;
    qsort(file->entries, (size_t)file->count, sizeof *file->entries, by_place);
    for (int i = 1; i < file->count; i++) {
        const entry *before = &file->entries[i - 1], *after = &file->entries[i];
        const char *end = (const char *)before->tensor.data +
                          (size_t)fm_tensor_count(&before->tensor) * fm_dtype_size(before->tensor.dtype);
        if (before->map == after->map && (const char *)after->tensor.data < end)
            return fm_error_set(err, FM_ERR_FORMAT, "%s: tensors %s and %s: data_offsets overlap", path,
                                before->name, after->name);
    }
    qsort(file->entries, (size_t)file->count, sizeof *file->entries, by_name);
    return FM_OK;
}

fm_status fm_safetensors_open(fm_safetensors **out, const char *path, fm_error *err) {
    *out = NULL;
    fm_status status;
    fm_safetensors *file = calloc(1, sizeof *file);
    if (file == NULL) return fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", path);
    if (!fm_path_is_dir(path)) {
        FM_TRY(read_single(file, path, err));
    } else {
        char name[PATH_ROOM];
        FM_TRY(fm_path_join(name, sizeof name, path, "model.safetensors", err));
        if (fm_path_exists(name)) {
            FM_TRY(read_single(file, name, err));
        } else {
            FM_TRY(fm_path_join(name, sizeof name, path, "model.safetensors.index.json", err));
            if (!fm_path_exists(name)) {
                status = fm_error_set(err, FM_ERR_IO,
                                      "%s: holds neither model.safetensors nor model.safetensors.index.json",
                                      path);
                goto fail;
            }
            FM_TRY(read_sharded(file, path, name, err));
        }
    }
    FM_TRY(check_overlap(file, path, err));
    *out = file;
    return FM_OK;
fail:
    fm_safetensors_close(file);
    return status;
}

void fm_safetensors_close(fm_safetensors *file) {
    if (file == NULL) return;
    for (int i = 0; i < file->count; i++) free(file->entries[i].name);
    for (int i = 0; i < file->map_count; i++) fm_map_close(&file->maps[i]);
    free(file->entries);
    free(file->maps);
    free(file);
}

int fm_safetensors_count(const fm_safetensors *file) { return file->count; }

const char *fm_safetensors_name(const fm_safetensors *file, int i) {
    return i >= 0 && i < file->count ? file->entries[i].name : NULL;
}

const fm_tensor *fm_safetensors_at(const fm_safetensors *file, int i) {
    return i >= 0 && i < file->count ? &file->entries[i].tensor : NULL;
}

const fm_tensor *fm_safetensors_find(const fm_safetensors *file, const char *name) {
    if (file->count == 0) return NULL;
    entry key = {.name = (char *)(uintptr_t)name};
    const entry *found = bsearch(&key, file->entries, (size_t)file->count, sizeof key, by_name);
    return found ? &found->tensor : NULL;
}
