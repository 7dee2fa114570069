/* test_safetensors.c: reading and writing safetensors: the golden folders, a round trip, and bad input. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/rng.h"
#include "file/safetensors.h"

static const char *temp_path(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", fm_test_temp_dir(), name);
    return path;
}

/* A file of this header text and `data_bytes` bytes of data (0, 1, 2 ...). Plain writes: speed matters here. */
static const char *make_file(const char *header, size_t data_bytes) {
    const char *path = temp_path("case.safetensors");
    FILE *f = fopen(path, "wb");
    uint64_t size = strlen(header);
    for (int i = 0; i < 8; i++) fputc((int)(size >> 8 * i & 0xff), f);
    fputs(header, f);
    for (size_t i = 0; i < data_bytes; i++) fputc((int)(i & 0xff), f);
    assert_int_equal(fclose(f), 0);
    return path;
}

static void refused(const char *header, size_t data_bytes, fm_status expected, const char *word) {
    fm_error err = {0};
    fm_safetensors *file = (fm_safetensors *)1;
    fm_status status = fm_safetensors_open(&file, make_file(header, data_bytes), &err);
    fm_test_refused(status, &err, expected, word, "case.safetensors", NULL);
    assert_null(file);
}

static void golden_files(void **state) {
    (void)state;
    fm_test_need(fm_test_golden("deepseek_v3-full"));
    fm_error err = {0};
    fm_safetensors *one, *many, *expected;
    fm_test_ok(fm_safetensors_open(&many, fm_test_golden("deepseek_v3-full"), &err), &err); /* sharded */
    fm_test_ok(fm_safetensors_open(&one, fm_test_golden("deepseek_v3-plain"), &err), &err);
    fm_test_ok(fm_safetensors_open(&expected, fm_test_golden("deepseek_v3-full/expected.safetensors"), &err),
               &err);
    assert_true(fm_safetensors_count(many) > 90 && fm_safetensors_count(one) > 80);
    for (int i = 1; i < fm_safetensors_count(many); i++)
        assert_true(strcmp(fm_safetensors_name(many, i - 1), fm_safetensors_name(many, i)) < 0);
    for (int i = 0; i < fm_safetensors_count(many); i++)
        assert_ptr_equal(fm_safetensors_find(many, fm_safetensors_name(many, i)), fm_safetensors_at(many, i));
    assert_null(fm_safetensors_find(many, "model.layers.77.x"));
    assert_null(fm_safetensors_name(many, -1));
    assert_null(fm_safetensors_at(many, fm_safetensors_count(many)));

    const fm_tensor *ids = fm_safetensors_find(expected, "input_ids");
    const fm_tensor *logits = fm_safetensors_find(expected, "logits");
    assert_non_null(ids);
    assert_non_null(logits);
    assert_int_equal(ids->dtype, FM_I64);
    assert_int_equal(logits->dims, 3);
    assert_int_equal(fm_tensor_count(logits) / logits->size[2], fm_tensor_count(ids));
    for (int64_t i = 0; i < fm_tensor_count(ids); i++) {
        int64_t id = ((const int64_t *)ids->data)[i];
        assert_true(id >= 0 && id < logits->size[2]);
    }
    fm_safetensors_close(one);
    fm_safetensors_close(many);
    fm_safetensors_close(expected);
}

static void round_trip(void **state) { /* every dtype, an empty tensor, a scalar; order by element size */
    (void)state;
    _Alignas(64) static uint8_t bytes[FM_DTYPE_COUNT][64];
    fm_safetensors_item items[FM_DTYPE_COUNT + 2];
    char names[FM_DTYPE_COUNT][16];
    for (int i = 0; i < FM_DTYPE_COUNT; i++) {
        for (int j = 0; j < 64; j++) bytes[i][j] = (uint8_t)(i * 64 + j);
        snprintf(names[i], sizeof names[i], "t%c \"\\/%d", 'z' - i, i);
        items[i] = (fm_safetensors_item){
            names[i], {.dtype = (fm_dtype)i, .dims = 3, .size = {1, 3, 2}, .data = bytes[i]}};
    }
    items[FM_DTYPE_COUNT] = (fm_safetensors_item){"empty", {.dtype = FM_F32, .dims = 2, .size = {5, 0}}};
    items[FM_DTYPE_COUNT + 1] = (fm_safetensors_item){"scalar", {.dtype = FM_F32, .data = bytes[0]}};
    const char *metadata[][2] = {{"format", "pt"}, {"said", "a \"quoted\" \xe4\xbd\xa0"}};
    const char *path = temp_path("round.safetensors");
    fm_error err = {0};
    fm_safetensors *file;
    fm_test_ok(fm_safetensors_write(path, items, FM_DTYPE_COUNT + 2, metadata, 2, &err), &err);
    fm_test_ok(fm_safetensors_open(&file, path, &err), &err);
    assert_int_equal(fm_safetensors_count(file), FM_DTYPE_COUNT + 2);
    for (int i = 0; i < FM_DTYPE_COUNT + 2; i++) {
        const fm_tensor *t = fm_safetensors_find(file, items[i].name), *w = &items[i].tensor;
        assert_non_null(t);
        assert_int_equal(t->dtype, w->dtype);
        assert_int_equal(t->dims, w->dims);
        for (int d = 0; d < t->dims; d++) assert_int_equal(t->size[d], w->size[d]);
        assert_int_equal((uintptr_t)t->data % fm_dtype_size(t->dtype), 0);
        if (fm_tensor_count(t))
            assert_memory_equal(t->data, w->data, fm_tensor_count(t) * fm_dtype_size(t->dtype));
    }
    fm_safetensors_close(file);
    fm_test_ok(fm_safetensors_write(path, NULL, 0, NULL, 0, &err), &err);
    fm_test_ok(fm_safetensors_open(&file, path, &err), &err);
    assert_int_equal(fm_safetensors_count(file), 0);
    assert_null(fm_safetensors_find(file, "x"));
    fm_safetensors_close(file);
}

static void write_refusals(void **state) {
    (void)state;
    float one = 1;
    fm_error err = {0};
    const char *path = temp_path("refused.safetensors");
    fm_safetensors_item twice[2] = {{"same", {.data = &one}}, {"same", {.data = &one}}};
    fm_test_refused(fm_safetensors_write(path, twice, 2, NULL, 0, &err), &err, FM_ERR_ARG, "same", NULL);
    fm_safetensors_item reserved = {"__metadata__", {.data = &one}};
    fm_test_refused(fm_safetensors_write(path, &reserved, 1, NULL, 0, &err), &err, FM_ERR_ARG, "__metadata__",
                    NULL);
    fm_safetensors_item no_data = {"x", {.dims = 1, .size = {3}}};
    fm_test_refused(fm_safetensors_write(path, &no_data, 1, NULL, 0, &err), &err, FM_ERR_ARG, "NULL", NULL);
    fm_safetensors_item huge = {"x", {.dims = 2, .size = {INT64_MAX, 4}, .data = &one}};
    fm_test_refused(fm_safetensors_write(path, &huge, 1, NULL, 0, &err), &err, FM_ERR_LIMIT, "shape[", NULL);
    fm_safetensors_item not_text = {"\xff\xfe", {.data = &one}};
    fm_test_refused(fm_safetensors_write(path, &not_text, 1, NULL, 0, &err), &err, FM_ERR_ARG, "UTF-8", NULL);
    fm_test_refused(fm_safetensors_write(path, NULL, -1, NULL, 0, &err), &err, FM_ERR_ARG, "-1", NULL);
    const char *bad_pair[][2] = {{"k", "\xff"}};
    fm_test_refused(fm_safetensors_write(path, NULL, 0, bad_pair, 1, &err), &err, FM_ERR_ARG, "pair 0", NULL);
    assert_false(fm_path_exists(path));
    fm_test_refused(fm_safetensors_write("/nonexistent/x.safetensors", NULL, 0, NULL, 0, &err), &err,
                    FM_ERR_IO, "/nonexistent/x.safetensors", NULL);
}

#define T(fields) "{\"x\":{" fields "}}"

static void bad_headers(void **state) {
    (void)state;
    refused("", 0, FM_ERR_FORMAT, "JSON");
    refused("[]", 0, FM_ERR_FORMAT, "not an object");
    refused("{\"x\":{}", 0, FM_ERR_FORMAT, "JSON");
    refused("{\"x\":7}", 0, FM_ERR_FORMAT, "tensor x");
    refused("{\"__metadata__\":{\"a\":1}}", 0, FM_ERR_FORMAT, "__metadata__: a");
    refused("{\"__metadata__\":[]}", 0, FM_ERR_FORMAT, "__metadata__");
    refused("{\"x\":{},\"x\":{}}", 0, FM_ERR_FORMAT, "duplicate");
    refused(T("\"shape\":[1],\"data_offsets\":[0,4]"), 4, FM_ERR_FORMAT, "dtype");
    refused(T("\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]"), 4, FM_ERR_UNSUPPORTED, "F33");
    refused(T("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4, FM_ERR_FORMAT, "shape");
    refused(T("\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]"), 4, FM_ERR_FORMAT, "shape[0]");
    refused(T("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]"), 4, FM_ERR_FORMAT, "shape[0]");
    refused(T("\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]"), 4, FM_ERR_UNSUPPORTED,
            "5 dimensions");
    refused(T("\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]"), 4, FM_ERR_LIMIT,
            "shape[1]");
    refused(T("\"dtype\":\"F32\",\"shape\":[4294967296,2147483648,0],\"data_offsets\":[0,0]"), 4,
            FM_ERR_LIMIT, "shape[1]");
    refused(T("\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]"), 4, FM_ERR_FORMAT,
            "JSON");
    refused(T("\"dtype\":\"F32\",\"shape\":[1]"), 4, FM_ERR_FORMAT, "data_offsets");
    refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]"), 4, FM_ERR_FORMAT, "data_offsets");
    refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]"), 4, FM_ERR_FORMAT, "data_offsets");
    refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]"), 4, FM_ERR_FORMAT, "data_offsets");
    refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"), 3, FM_ERR_FORMAT, "truncated");
    refused(T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]"), 4, FM_ERR_FORMAT,
            "truncated");
    refused(T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"), 8, FM_ERR_FORMAT, "needs 8");
    refused("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
            "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]} }",
            8, FM_ERR_FORMAT, "overlap");
    refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
            "\"y\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]} }",
            8, FM_ERR_FORMAT, "overlap");
    char odd[200] = T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]");
    while (strlen(odd) % 4 != 1) strcat(odd, " ");
    refused(odd, 4, FM_ERR_UNSUPPORTED, "aligned");
}

static void bad_lengths(void **state) {
    (void)state;
    static const uint8_t bytes[][8] = {
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0, 0, 0, 0, 0x80}, {0, 0, 0, 0, 1}, {3}};
    static const char *const words[] = {"header length", "header length", "header length", "truncated"};
    fm_error err = {0};
    fm_safetensors *file;
    const char *path = temp_path("length.safetensors");
    for (int i = 0; i < 4; i++) {
        fm_test_ok(fm_file_write(path, bytes[i], 8, &err), &err);
        fm_status expected = i < 3 ? FM_ERR_LIMIT : FM_ERR_FORMAT;
        fm_test_refused(fm_safetensors_open(&file, path, &err), &err, expected, words[i], NULL);
    }
    fm_test_refused(fm_safetensors_open(&file, "/nonexistent", &err), &err, FM_ERR_IO, "/nonexistent", NULL);
    fm_test_refused(fm_safetensors_open(&file, fm_test_temp_dir(), &err), &err, FM_ERR_IO, "neither", NULL);
}

/* Every truncation of a good file is refused; no flipped bit crashes (a flip in a value is not detectable here). */
static void cut_and_flipped(void **state) {
    (void)state;
    float values[6] = {1, 2, 3, 4, 5, 6};
    int64_t ids[2] = {7, 8};
    fm_safetensors_item items[] = {{"a.weight", {.dtype = FM_F32, .dims = 2, .size = {2, 3}, .data = values}},
                                   {"ids", {.dtype = FM_I64, .dims = 1, .size = {2}, .data = ids}}};
    const char *good = temp_path("good.safetensors");
    char bad[256];
    snprintf(bad, sizeof bad, "%s/bad.safetensors", fm_test_temp_dir());
    fm_error err = {0};
    fm_safetensors *file;
    fm_buf text = {0};
    fm_test_ok(fm_safetensors_write(good, items, 2, NULL, 0, &err), &err);
    fm_test_ok(fm_file_read(good, 1 << 20, &text, &err), &err);
    for (size_t size = 0; size < text.size; size++) {
        FILE *f = fopen(bad, "wb");
        fwrite(text.data, 1, size, f);
        fclose(f);
        fm_test_refused(fm_safetensors_open(&file, bad, &err), &err, FM_ERR_FORMAT, "bad.safetensors", NULL);
    }
    int refusals = 0;
    size_t header = text.size - sizeof values - sizeof ids;
    for (size_t bit = 0; bit < 8 * header; bit++) {
        text.data[bit / 8] ^= (char)(1 << bit % 8);
        FILE *f = fopen(bad, "wb");
        fwrite(text.data, 1, text.size, f);
        fclose(f);
        refusals += fm_safetensors_open(&file, bad, &err) != FM_OK;
        for (int i = 0; file != NULL && i < fm_safetensors_count(file); i++) {
            const fm_tensor *t = fm_safetensors_at(file, i); /* reading what was accepted must be safe */
            float sum = 0, first[64];
            if (fm_tensor_count(t) <= 64)
                fm_convert_to_f32(first, t->data, t->dtype, (size_t)fm_tensor_count(t));
            for (int64_t k = 0; k < fm_tensor_count(t) && k < 64; k++) sum += first[k];
            (void)sum;
        }
        fm_safetensors_close(file);
    }
    assert_true(refusals > (int)header); /* most flips hit structure */
    fm_buf_release(&text);
}

static void index_case(const char *index, fm_status expected, const char *word) {
    fm_error err = {0};
    fm_safetensors *file;
    char path[256];
    snprintf(path, sizeof path, "%s/sharded", fm_test_temp_dir());
    fm_test_ok(fm_dir_make(path, &err), &err);
    float one = 1;
    fm_safetensors_item item = {"x", {.data = &one}};
    snprintf(path, sizeof path, "%s/sharded/a.safetensors", fm_test_temp_dir());
    fm_test_ok(fm_safetensors_write(path, &item, 1, NULL, 0, &err), &err);
    snprintf(path, sizeof path, "%s/sharded/model.safetensors.index.json", fm_test_temp_dir());
    fm_test_ok(fm_file_write(path, index, strlen(index), &err), &err);
    snprintf(path, sizeof path, "%s/sharded", fm_test_temp_dir());
    fm_status status = fm_safetensors_open(&file, path, &err);
    if (expected == FM_OK)
        fm_test_ok(status, &err);
    else
        fm_test_refused(status, &err, expected, word, "model.safetensors.index.json", NULL);
    fm_safetensors_close(file);
}

static void bad_indexes(void **state) {
    (void)state;
    index_case("{\"weight_map\":{\"x\":\"a.safetensors\"}}", FM_OK, NULL);
    index_case("", FM_ERR_FORMAT, "JSON");
    index_case("{}", FM_ERR_FORMAT, "weight_map");
    index_case("{\"weight_map\":[]}", FM_ERR_FORMAT, "weight_map");
    index_case("{\"weight_map\":{\"x\":1}}", FM_ERR_FORMAT, "not a file name");
    index_case("{\"weight_map\":{\"x\":\"b.safetensors\"}}", FM_ERR_IO, "b.safetensors");
    index_case("{\"weight_map\":{\"x\":\"../sharded/a.safetensors\"}}", FM_ERR_FORMAT, "plain file name");
    index_case("{\"weight_map\":{\"x\":\"\"}}", FM_ERR_FORMAT, "plain file name");
    index_case("{\"weight_map\":{\"y\":\"a.safetensors\"}}", FM_ERR_FORMAT, "does not hold");
    index_case("{\"weight_map\":{\"x\":\"a.safetensors\",\"x\":\"a.safetensors\"}}", FM_ERR_FORMAT,
               "duplicate");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files), cmocka_unit_test(round_trip),  cmocka_unit_test(write_refusals),
        cmocka_unit_test(bad_headers),  cmocka_unit_test(bad_lengths), cmocka_unit_test(cut_and_flipped),
        cmocka_unit_test(bad_indexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
