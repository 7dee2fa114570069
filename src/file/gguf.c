/* gguf.c: see gguf.h. Values are read byte by byte, so neither alignment nor the machine's byte order
 * matters. */
#include "file/gguf.h"

#include <stdlib.h>
#include <string.h>

struct fm_gguf {
    char *name;
    fm_gguf_pair *pairs; /* sorted by key */
    int pair_count;
    uint64_t tensor_count;
    size_t tensor_offset;
};

static const struct {
    const char *name;
    uint8_t size; /* of one value; 0: not fixed */
} types[FM_GGUF_TYPES] = {{"u8", 1},  {"i8", 1},  {"u16", 2},  {"i16", 2},    {"u32", 4},
                          {"i32", 4}, {"f32", 4}, {"bool", 1}, {"string", 0}, {"array", 0},
                          {"u64", 8}, {"i64", 8}, {"f64", 8}};

const char *fm_gguf_type_name(fm_gguf_type type) {
    return (unsigned)type < FM_GGUF_TYPES ? types[type].name : "unknown";
}

static uint64_t load(const uint8_t *p, int size) {
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; i--) value = value << 8 | p[i];
    return value;
}

/* ---- reading with checks ---- */

typedef struct reader {
    const char *name;
    const uint8_t *begin, *at, *end;
    fm_error *err;
} reader;

static fm_status truncated(const reader *r, const char *what, uint64_t need) {
    return fm_error_set(r->err, FM_ERR_FORMAT, "%s: %s at byte %zu needs %llu bytes, the file ends after %zu",
                        r->name, what, (size_t)(r->at - r->begin), (unsigned long long)need,
                        (size_t)(r->end - r->at));
}

static fm_status skip(reader *r, uint64_t size, const char *what) {
    if (size > (size_t)(r->end - r->at)) return truncated(r, what, size);
    r->at += size;
    return FM_OK;
}

static fm_status take_int(reader *r, int size, uint64_t *value, const char *what) {
    if ((size_t)(r->end - r->at) < (size_t)size) return truncated(r, what, (uint64_t)size);
    *value = load(r->at, size);
    r->at += size;
    return FM_OK;
}

static fm_status take_string(reader *r, fm_gguf_string *string, const char *what) {
    uint64_t size = 0;
    fm_status status = take_int(r, 8, &size, what);
    if (status != FM_OK) return status;
    *string = (fm_gguf_string){(const char *)r->at, (size_t)size};
    return skip(r, size, what);
}

static fm_status take_type(reader *r, fm_gguf_type *type, const char *key) {
    uint64_t value = 0;
    fm_status status = take_int(r, 4, &value, key);
    if (status != FM_OK) return status;
    if (value >= FM_GGUF_TYPES)
        return fm_error_set(r->err, FM_ERR_FORMAT, "%s: %s: unknown value type %llu, limit %d", r->name, key,
                            (unsigned long long)value, FM_GGUF_TYPES - 1);
    *type = (fm_gguf_type)value;
    return FM_OK;
}

static fm_status skip_values(reader *r, fm_gguf_type type, uint64_t count, const char *key) {
    fm_status status = FM_OK;
    if (types[type].size) {
        if (count > (size_t)(r->end - r->at) / types[type].size) return truncated(r, key, count);
        return skip(r, count * types[type].size, key);
    }
    for (uint64_t i = 0; i < count && status == FM_OK; i++) {
        fm_gguf_string string;
        status = take_string(r, &string, key);
    }
    return status;
}

static fm_status take_pair(reader *r, fm_gguf_pair *pair) {
    fm_status status = FM_OK;
    char key[FM_GGUF_MAX_KEY + 1];
    FM_TRY(take_string(r, &pair->key, "a key"));
    if (pair->key.size == 0 || pair->key.size > FM_GGUF_MAX_KEY)
        return fm_error_set(r->err, FM_ERR_LIMIT, "%s: a key before byte %zu is %zu bytes long, limit 1..%d",
                            r->name, (size_t)(r->at - r->begin), pair->key.size, FM_GGUF_MAX_KEY);
    for (size_t i = 0; i < pair->key.size; i++)
        if ((uint8_t)pair->key.data[i] < 0x20 || (uint8_t)pair->key.data[i] > 0x7e)
            return fm_error_set(r->err, FM_ERR_FORMAT, "%s: a key before byte %zu holds byte 0x%02x", r->name,
                                (size_t)(r->at - r->begin), (uint8_t)pair->key.data[i]);
    memcpy(key, pair->key.data, pair->key.size);
    key[pair->key.size] = '\0';
    FM_TRY(take_type(r, &pair->type, key));
    pair->element = pair->type;
    pair->count = 1;
    if (pair->type == FM_GGUF_ARRAY) {
        FM_TRY(take_type(r, &pair->element, key));
        FM_TRY(take_int(r, 8, &pair->count, key));
        if (pair->element == FM_GGUF_ARRAY)
            return fm_error_set(r->err, FM_ERR_UNSUPPORTED, "%s: %s: an array of arrays", r->name, key);
    }
    pair->data = r->at;
    FM_TRY(skip_values(r, pair->element, pair->count, key));
    if (pair->element == FM_GGUF_BOOL) {
        for (uint64_t i = 0; i < pair->count; i++)
            if (pair->data[i] > 1)
                return fm_error_set(r->err, FM_ERR_FORMAT, "%s: %s: a bool is %u, limit 1", r->name, key,
                                    pair->data[i]);
    }
fail:
    return status;
}

static int compare_keys(fm_gguf_string a, fm_gguf_string b) {
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_key(const void *a, const void *b) {
    return compare_keys(((const fm_gguf_pair *)a)->key, ((const fm_gguf_pair *)b)->key);
}

static fm_status take_header(reader *r, uint64_t *tensors, uint64_t *pairs) {
    fm_status status = FM_OK;
    uint64_t version = 0;
    if (r->end - r->at < 4 || memcmp(r->at, "GGUF", 4) != 0)
        return fm_error_set(r->err, FM_ERR_FORMAT,
                            "%s: not a GGUF file: the first four bytes are not \"GGUF\"", r->name);
    r->at += 4;
    FM_TRY(take_int(r, 4, &version, "the version"));
    if (version >= 1u << 24)
        return fm_error_set(r->err, FM_ERR_UNSUPPORTED, "%s: a big-endian GGUF file", r->name);
    if (version != 2 && version != 3)
        return fm_error_set(r->err, FM_ERR_UNSUPPORTED, "%s: GGUF version %u, supported are 2 and 3", r->name,
                            (unsigned)version);
    FM_TRY(take_int(r, 8, tensors, "the tensor count"));
    FM_TRY(take_int(r, 8, pairs, "the pair count"));
    /* A pair takes at least 13 bytes, a tensor record 24. */
    uint64_t left = (uint64_t)(r->end - r->at);
    if (*pairs > FM_GGUF_MAX_PAIRS || *pairs > left / 13)
        return fm_error_set(r->err, FM_ERR_LIMIT, "%s: %llu pairs, limit %d (and %llu by the file's size)",
                            r->name, (unsigned long long)*pairs, FM_GGUF_MAX_PAIRS,
                            (unsigned long long)(left / 13));
    if (*tensors > left / 24)
        return fm_error_set(r->err, FM_ERR_LIMIT, "%s: %llu tensors, limit %llu by the file's size", r->name,
                            (unsigned long long)*tensors, (unsigned long long)(left / 24));
fail:
    return status;
}

fm_status fm_gguf_open(fm_gguf **out, const void *bytes, size_t size, const char *name, fm_error *err) {
    reader r = {.name = name, .begin = bytes, .at = bytes, .end = (const uint8_t *)bytes + size, .err = err};
    uint64_t tensors = 0, pairs = 0;
    *out = NULL;
    fm_status status = take_header(&r, &tensors, &pairs);
    if (status != FM_OK) return status;
    fm_gguf *g = calloc(1, sizeof *g);
    if (g) {
        g->name = strdup(name);
        g->pairs = calloc(pairs + 1, sizeof *g->pairs);
    }
    if (g == NULL || g->name == NULL || g->pairs == NULL) {
        status =
            fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for %llu pairs", name, (unsigned long long)pairs);
        goto fail;
    }
    for (uint64_t i = 0; i < pairs; i++) FM_TRY(take_pair(&r, &g->pairs[g->pair_count++]));
    qsort(g->pairs, (size_t)g->pair_count, sizeof *g->pairs, by_key);
    for (int i = 1; i < g->pair_count; i++) {
        fm_gguf_string key = g->pairs[i].key;
        if (compare_keys(g->pairs[i - 1].key, key) == 0) {
            status = fm_error_set(err, FM_ERR_FORMAT, "%s: the key %.*s is there twice", name, (int)key.size,
                                  key.data);
            goto fail;
        }
    }
    g->tensor_count = tensors;
    g->tensor_offset = (size_t)(r.at - r.begin);
    *out = g;
    return FM_OK;
fail:
    fm_gguf_close(g);
    return status;
}

void fm_gguf_close(fm_gguf *g) {
    if (g == NULL) return;
    free(g->pairs);
    free(g->name);
    free(g);
}

/* ---- looking things up ---- */

uint64_t fm_gguf_tensor_count(const fm_gguf *g) { return g->tensor_count; }
size_t fm_gguf_tensor_offset(const fm_gguf *g) { return g->tensor_offset; }
int fm_gguf_pair_count(const fm_gguf *g) { return g->pair_count; }
const fm_gguf_pair *fm_gguf_pair_at(const fm_gguf *g, int i) { return &g->pairs[i]; }

const fm_gguf_pair *fm_gguf_find(const fm_gguf *g, const char *key) {
    fm_gguf_pair wanted = {.key = {key, strlen(key)}};
    return bsearch(&wanted, g->pairs, (size_t)g->pair_count, sizeof *g->pairs, by_key);
}

static fm_status need(const fm_gguf *g, const char *key, const fm_gguf_pair **pair, fm_error *err) {
    *pair = fm_gguf_find(g, key);
    if (*pair) return FM_OK;
    return fm_error_set(err, FM_ERR_FORMAT, "%s: the key %s is missing", g->name, key);
}

static fm_status wrong_type(const fm_gguf *g, const char *key, const char *wanted, const fm_gguf_pair *pair,
                            fm_error *err) {
    bool array = pair->type == FM_GGUF_ARRAY;
    return fm_error_set(err, FM_ERR_FORMAT, "%s: %s: wanted %s, found %s%s", g->name, key, wanted,
                        array ? "an array of " : "", fm_gguf_type_name(pair->element));
}

fm_status fm_gguf_get_string(const fm_gguf *g, const char *key, fm_gguf_string *out, fm_error *err) {
    const fm_gguf_pair *pair;
    fm_status status = need(g, key, &pair, err);
    if (status != FM_OK) return status;
    if (pair->type != FM_GGUF_STRING) return wrong_type(g, key, "a string", pair, err);
    const uint8_t *cursor = pair->data;
    *out = fm_gguf_next_string(&cursor);
    return FM_OK;
}

fm_status fm_gguf_get_int(const fm_gguf *g, const char *key, int64_t *out, fm_error *err) {
    const fm_gguf_pair *pair;
    fm_status status = need(g, key, &pair, err);
    if (status != FM_OK) return status;
    switch (pair->type) {
    case FM_GGUF_U8:
    case FM_GGUF_U16:
    case FM_GGUF_U32:
    case FM_GGUF_U64: *out = (int64_t)load(pair->data, types[pair->type].size); break;
    case FM_GGUF_I8: *out = (int8_t)load(pair->data, 1); break;
    case FM_GGUF_I16: *out = (int16_t)load(pair->data, 2); break;
    case FM_GGUF_I32: *out = (int32_t)load(pair->data, 4); break;
    case FM_GGUF_I64: *out = (int64_t)load(pair->data, 8); break;
    default: return wrong_type(g, key, "an integer", pair, err);
    }
    if (pair->type == FM_GGUF_U64 && *out < 0)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: %s: %llu, limit %lld", g->name, key,
                            (unsigned long long)load(pair->data, 8), (long long)INT64_MAX);
    return FM_OK;
}

fm_status fm_gguf_get_float(const fm_gguf *g, const char *key, double *out, fm_error *err) {
    const fm_gguf_pair *pair;
    fm_status status = need(g, key, &pair, err);
    if (status != FM_OK) return status;
    if (pair->type == FM_GGUF_F32) {
        uint32_t bits = (uint32_t)load(pair->data, 4);
        float value;
        memcpy(&value, &bits, sizeof value);
        *out = value;
        return FM_OK;
    }
    if (pair->type != FM_GGUF_F64) return wrong_type(g, key, "a float", pair, err);
    uint64_t bits = load(pair->data, 8);
    memcpy(out, &bits, sizeof *out);
    return FM_OK;
}

fm_status fm_gguf_get_bool(const fm_gguf *g, const char *key, bool *out, fm_error *err) {
    const fm_gguf_pair *pair;
    fm_status status = need(g, key, &pair, err);
    if (status != FM_OK) return status;
    if (pair->type != FM_GGUF_BOOL) return wrong_type(g, key, "a bool", pair, err);
    *out = pair->data[0] != 0;
    return FM_OK;
}

fm_status fm_gguf_get_array(const fm_gguf *g, const char *key, fm_gguf_type element, const fm_gguf_pair **out,
                            fm_error *err) {
    fm_status status = need(g, key, out, err);
    if (status != FM_OK) return status;
    if ((*out)->type == FM_GGUF_ARRAY && (*out)->element == element) return FM_OK;
    char wanted[32] = "an array of ";
    strcat(wanted, fm_gguf_type_name(element));
    return wrong_type(g, key, wanted, *out, err);
}

fm_gguf_string fm_gguf_next_string(const uint8_t **cursor) {
    fm_gguf_string string = {(const char *)*cursor + 8, (size_t)load(*cursor, 8)};
    *cursor += 8 + string.size;
    return string;
}

int32_t fm_gguf_i32_at(const fm_gguf_pair *pair, uint64_t i) { return (int32_t)load(pair->data + 4 * i, 4); }
