/* test_gguf.c: the GGUF reader: values of every type, every cut, wrong counts and types. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "file/gguf.h"
#include "text/tokenizer.h"

static void put(fm_buf *b, uint64_t value, int size) {
    for (int i = 0; i < size; i++) fm_buf_putc(b, (char)(value >> 8 * i));
}

static void put_string(fm_buf *b, const char *text) {
    put(b, strlen(text), 8);
    fm_buf_puts(b, text);
}

static void put_key(fm_buf *b, const char *key, fm_gguf_type type) {
    put_string(b, key);
    put(b, type, 4);
}

static void put_header(fm_buf *b, uint32_t version, uint64_t tensors, uint64_t pairs) {
    fm_buf_clear(b);
    fm_buf_puts(b, "GGUF");
    put(b, version, 4);
    put(b, tensors, 8);
    put(b, pairs, 8);
}

static void put_array(fm_buf *b, const char *key, fm_gguf_type element, uint64_t count) {
    put_key(b, key, FM_GGUF_ARRAY);
    put(b, element, 4);
    put(b, count, 8);
}

/* A file with one value of each type. */
static void make_sample(fm_buf *b) {
    put_header(b, 3, 0, 14);
    put_key(b, "u8", FM_GGUF_U8), put(b, 200, 1);
    put_key(b, "i8", FM_GGUF_I8), put(b, (uint64_t)-100, 1);
    put_key(b, "u16", FM_GGUF_U16), put(b, 60000, 2);
    put_key(b, "i16", FM_GGUF_I16), put(b, (uint64_t)-30000, 2);
    put_key(b, "u32", FM_GGUF_U32), put(b, 4000000000u, 4);
    put_key(b, "i32", FM_GGUF_I32), put(b, (uint64_t)-2000000000, 4);
    put_key(b, "f32", FM_GGUF_F32), put(b, 0xc0200000, 4); /* -2.5 */
    put_key(b, "bool", FM_GGUF_BOOL), put(b, 1, 1);
    put_key(b, "string", FM_GGUF_STRING), put_string(b, "text");
    put_key(b, "u64", FM_GGUF_U64), put(b, 1ull << 62, 8);
    put_key(b, "i64", FM_GGUF_I64), put(b, (uint64_t)-5, 8);
    put_key(b, "f64", FM_GGUF_F64), put(b, 0x3ff8000000000000, 8); /* 1.5 */
    put_array(b, "strings", FM_GGUF_STRING, 2), put_string(b, "a"), put_string(b, "");
    put_array(b, "numbers", FM_GGUF_I32, 2), put(b, 7, 4), put(b, (uint64_t)-8, 4);
}

static void test_values(void **state) {
    (void)state;
    fm_buf b = {0};
    fm_gguf *g;
    fm_error err = {0};
    fm_gguf_string text;
    const fm_gguf_pair *array;
    int64_t number;
    double real;
    bool yes;
    static const struct {
        const char *key;
        int64_t value;
    } integers[] = {{"u8", 200},         {"i8", -100},         {"u16", 60000},     {"i16", -30000},
                    {"u32", 4000000000}, {"i32", -2000000000}, {"u64", 1ll << 62}, {"i64", -5}};
    make_sample(&b);
    fm_test_ok(fm_gguf_open(&g, b.data, b.size, "sample", &err), &err);
    assert_int_equal(fm_gguf_pair_count(g), 14);
    assert_int_equal(fm_gguf_tensor_count(g), 0);
    assert_int_equal(fm_gguf_tensor_offset(g), b.size);
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        fm_test_ok(fm_gguf_get_int(g, integers[i].key, &number, &err), &err);
        assert_int_equal(number, integers[i].value);
    }
    fm_test_ok(fm_gguf_get_float(g, "f32", &real, &err), &err);
    assert_true(real == -2.5);
    fm_test_ok(fm_gguf_get_float(g, "f64", &real, &err), &err);
    assert_true(real == 1.5);
    fm_test_ok(fm_gguf_get_bool(g, "bool", &yes, &err), &err);
    assert_true(yes);
    fm_test_ok(fm_gguf_get_string(g, "string", &text, &err), &err);
    assert_int_equal(text.size, 4);
    assert_memory_equal(text.data, "text", 4);
    fm_test_ok(fm_gguf_get_array(g, "strings", FM_GGUF_STRING, &array, &err), &err);
    assert_int_equal(array->count, 2);
    const uint8_t *cursor = array->data;
    assert_int_equal(fm_gguf_next_string(&cursor).size, 1);
    assert_int_equal(fm_gguf_next_string(&cursor).size, 0);
    fm_test_ok(fm_gguf_get_array(g, "numbers", FM_GGUF_I32, &array, &err), &err);
    assert_int_equal(fm_gguf_i32_at(array, 1), -8);
    assert_null(fm_gguf_find(g, "nothing"));
    fm_test_refused(fm_gguf_get_int(g, "nothing", &number, &err), &err, FM_ERR_FORMAT, "sample", "nothing",
                    NULL);
    fm_test_refused(fm_gguf_get_int(g, "string", &number, &err), &err, FM_ERR_FORMAT, "an integer", "string",
                    NULL);
    fm_test_refused(fm_gguf_get_string(g, "u8", &text, &err), &err, FM_ERR_FORMAT, "a string", "found u8",
                    NULL);
    fm_test_refused(fm_gguf_get_bool(g, "u8", &yes, &err), &err, FM_ERR_FORMAT, "a bool", NULL);
    fm_test_refused(fm_gguf_get_float(g, "u8", &real, &err), &err, FM_ERR_FORMAT, "a float", NULL);
    fm_test_refused(fm_gguf_get_array(g, "numbers", FM_GGUF_F32, &array, &err), &err, FM_ERR_FORMAT,
                    "array of f32", "array of i32", NULL);
    fm_gguf_close(g);
    fm_buf_release(&b);
}

/* Every cut of a file is refused, read from a block of exactly that size. */
static void check_cuts(const char *bytes, size_t size) {
    for (size_t cut = 0; cut < size; cut++) {
        fm_gguf *g;
        fm_error err = {0};
        char *part = malloc(cut ? cut : 1);
        memcpy(part, bytes, cut);
        fm_status status = fm_gguf_open(&g, part, cut, "cut", &err);
        if (status != FM_ERR_FORMAT && status != FM_ERR_LIMIT)
            fail_msg("cut at %zu: %s", cut, fm_status_name(status));
        assert_non_null(strstr(err.message, "cut: "));
        free(part);
    }
}

static void test_cuts(void **state) {
    (void)state;
    fm_buf b = {0};
    make_sample(&b);
    check_cuts(b.data, b.size);
    fm_buf_release(&b);
}

static void refused(const fm_buf *b, fm_status expected, const char *word) {
    fm_gguf *g;
    fm_error err = {0};
    fm_test_refused(fm_gguf_open(&g, b->data, b->size, "bad", &err), &err, expected, "bad: ", word, NULL);
    assert_null(g);
}

static void test_refusals(void **state) {
    (void)state;
    fm_buf b = {0};
    put_header(&b, 1, 0, 0);
    refused(&b, FM_ERR_UNSUPPORTED, "version 1");
    put_header(&b, 0x03000000, 0, 0);
    refused(&b, FM_ERR_UNSUPPORTED, "big-endian");
    put_header(&b, 3, 0, UINT64_MAX);
    refused(&b, FM_ERR_LIMIT, "18446744073709551615 pairs");
    put_header(&b, 3, UINT64_MAX, 0);
    refused(&b, FM_ERR_LIMIT, "tensors");
    put_header(&b, 3, 0, 1);
    put_key(&b, "k", 13), put(&b, 0, 8);
    refused(&b, FM_ERR_FORMAT, "k: unknown value type 13");
    put_header(&b, 3, 0, 1);
    put_key(&b, "k", FM_GGUF_STRING), put(&b, UINT64_MAX, 8);
    refused(&b, FM_ERR_FORMAT, "k at byte");
    put_header(&b, 3, 0, 1);
    put_array(&b, "k", FM_GGUF_F64, UINT64_MAX / 8);
    refused(&b, FM_ERR_FORMAT, "k at byte");
    put_header(&b, 3, 0, 1);
    put_array(&b, "k", FM_GGUF_STRING, UINT64_MAX);
    refused(&b, FM_ERR_FORMAT, "k at byte");
    put_header(&b, 3, 0, 1);
    put_array(&b, "k", FM_GGUF_ARRAY, 0);
    refused(&b, FM_ERR_UNSUPPORTED, "array of arrays");
    put_header(&b, 3, 0, 1);
    put_key(&b, "k", FM_GGUF_BOOL), put(&b, 2, 1);
    refused(&b, FM_ERR_FORMAT, "a bool is 2");
    put_header(&b, 3, 0, 2);
    put_key(&b, "same", FM_GGUF_U8), put(&b, 1, 1), put_key(&b, "same", FM_GGUF_U8), put(&b, 2, 1);
    refused(&b, FM_ERR_FORMAT, "same is there twice");
    put_header(&b, 3, 0, 1);
    put_key(&b, "", FM_GGUF_U8), put(&b, 1, 1);
    refused(&b, FM_ERR_LIMIT, "0 bytes");
    put_header(&b, 3, 0, 1);
    put_key(&b, "a\nb", FM_GGUF_U8), put(&b, 1, 1);
    refused(&b, FM_ERR_FORMAT, "0x0a");
    char key[300];
    memset(key, 'k', 299);
    key[299] = '\0';
    put_header(&b, 3, 0, 1);
    put_key(&b, key, FM_GGUF_U8), put(&b, 1, 1);
    refused(&b, FM_ERR_LIMIT, "limit 1..255");
    fm_buf_clear(&b);
    fm_buf_puts(&b, "GGML");
    refused(&b, FM_ERR_FORMAT, "not a GGUF file");
    fm_buf_release(&b);
}

/* ---- vocabularies in GGUF ---- */

typedef struct vocabulary {
    const char *model, *pre, *merge;
    uint64_t type_count;
    uint32_t last_type;
} vocabulary;

static void make_vocabulary(fm_buf *b, const vocabulary *v) {
    put_header(b, 3, 0, 5);
    put_key(b, "tokenizer.ggml.model", FM_GGUF_STRING), put_string(b, v->model);
    put_key(b, "tokenizer.ggml.pre", FM_GGUF_STRING), put_string(b, v->pre);
    put_array(b, "tokenizer.ggml.tokens", FM_GGUF_STRING, 4);
    put_string(b, "a"), put_string(b, "b"), put_string(b, "ab"), put_string(b, "<s>");
    put_array(b, "tokenizer.ggml.token_type", FM_GGUF_I32, v->type_count);
    for (uint64_t i = 0; i < v->type_count; i++) put(b, i == 3 ? v->last_type : 1, 4);
    put_array(b, "tokenizer.ggml.merges", FM_GGUF_STRING, 1), put_string(b, v->merge);
}

static fm_status open_vocabulary(const fm_buf *b, fm_tokenizer **t, fm_error *err) {
    char path[128];
    snprintf(path, sizeof path, "%s/v.gguf", fm_test_temp_dir());
    fm_test_ok(fm_file_write(path, b->data, b->size, err), err);
    return fm_tokenizer_open(t, path, NULL, err);
}

static void test_vocabulary(void **state) {
    (void)state;
    static const struct {
        vocabulary v;
        fm_status status;
        const char *word;
    } bad[] = {{{"llama", "qwen2", "a b", 4, 3}, FM_ERR_UNSUPPORTED, "\"llama\""},
               {{"gpt2", "mystery", "a b", 4, 3}, FM_ERR_UNSUPPORTED, "\"mystery\""},
               {{"gpt2", "qwen2", "ab", 4, 3}, FM_ERR_FORMAT, "tokenizer.ggml.merges[0]"},
               {{"gpt2", "qwen2", "a z", 4, 3}, FM_ERR_FORMAT, "\"z\""},
               {{"gpt2", "qwen2", "b a", 4, 3}, FM_ERR_FORMAT, "not in the vocabulary"},
               {{"gpt2", "qwen2", "a b", 3, 3}, FM_ERR_FORMAT, "3 types for 4 tokens"},
               {{"gpt2", "qwen2", "a b", 4, 9}, FM_ERR_FORMAT, "token_type[3]: 9"}};
    fm_buf b = {0};
    fm_tokenizer *t;
    fm_error err = {0};
    fm_ids ids = {0};
    make_vocabulary(&b, &(vocabulary){"gpt2", "qwen2", "a b", 4, 3});
    fm_test_ok(open_vocabulary(&b, &t, &err), &err);
    fm_test_ok(fm_tokenizer_encode(t, "ab<s>a", 6, FM_ENCODE_SPECIALS, &ids, &err), &err);
    assert_int_equal(ids.count, 3);
    assert_int_equal(ids.data[0], 2);
    assert_int_equal(ids.data[1], 3);
    assert_true(fm_tokenizer_is_special(t, 3));
    fm_tokenizer_close(t);
    fm_ids_release(&ids);
    check_cuts(b.data, b.size);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        make_vocabulary(&b, &bad[i].v);
        fm_test_refused(open_vocabulary(&b, &t, &err), &err, bad[i].status, "v.gguf", bad[i].word, NULL);
        assert_null(t);
    }
    put_header(&b, 3, 0, 0);
    fm_test_refused(open_vocabulary(&b, &t, &err), &err, FM_ERR_FORMAT, "tokenizer.ggml.model", "missing",
                    NULL);
    fm_buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_vocabulary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
