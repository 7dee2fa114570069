/* test_tokenizer.c: the real vocabularies against the golden ids. */
#include "support/text_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Encodes and compares; then decodes and compares with the text unless it was normalised. */
static void check_ids(const fm_tokenizer *t, const char *what, size_t index, const char *text, size_t size,
                      unsigned flags, const int32_t *expected, size_t count, bool exact) {
    fm_ids ids = {0};
    fm_buf back = {0};
    fm_error err = {0};
    fm_test_ok(fm_tokenizer_encode(t, text, size, flags, &ids, &err), &err);
    if (ids.count != count || (count && memcmp(ids.data, expected, count * sizeof *expected) != 0)) {
        fm_test_print_ids("expected:", expected, count);
        fm_test_print_ids("got:     ", ids.data, ids.count);
        fail_msg("%s: string %zu: other ids: \"%.*s\"", what, index, (int)(size < 200 ? size : 200), text);
    }
    fm_test_ok(fm_tokenizer_decode(t, ids.data, ids.count, FM_DECODE_EXACT, &back, &err), &err);
    if (exact && (back.size != size || (size && memcmp(back.data, text, size) != 0)))
        fail_msg("%s: string %zu does not decode to itself", what, index);
    fm_buf_release(&back);
    fm_ids_release(&ids);
}

/* ---- golden/tokenizers ---- */

static void golden(const char *name, const char *vocabulary, unsigned flags, bool exact) {
    char path[64];
    snprintf(path, sizeof path, "tokenizers/%s.json", name);
    json_t *texts = fm_test_json(fm_test_golden("tokenizers/strings.json"));
    json_t *lists = fm_test_json(fm_test_golden(path));
    fm_tokenizer *t = fm_test_tokenizer(vocabulary);
    assert_int_equal(json_array_size(texts), json_array_size(lists));
    assert_true(json_array_size(texts) >= 457);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const json_t *text = json_array_get(texts, i), *list = json_array_get(lists, i);
        size_t count = json_array_size(list);
        int32_t *expected = calloc(count + 1, sizeof *expected);
        for (size_t j = 0; j < count; j++) expected[j] = (int32_t)json_integer_value(json_array_get(list, j));
        check_ids(t, name, i, json_string_value(text), json_string_length(text), flags, expected, count,
                  exact);
        free(expected);
    }
    fm_tokenizer_close(t);
    json_decref(lists);
    json_decref(texts);
}

static void test_golden_deepseek_v3(void **state) {
    (void)state;
    golden("deepseek-v3", "tokenizer/deepseek-v3", FM_ENCODE_SPECIALS, true);
}
static void test_golden_deepseek_r1(void **state) {
    (void)state;
    golden("deepseek-r1", "tokenizer/deepseek-r1/tokenizer.json", FM_ENCODE_SPECIALS, true);
}
static void test_golden_qwen(void **state) {
    (void)state;
    golden("qwen2.5", "tokenizer/qwen2.5/qwen.tiktoken", FM_ENCODE_SPECIALS, false);
}
static void test_golden_llama(void **state) {
    (void)state;
    golden("llama3", "tokenizer/llama3", FM_ENCODE_SPECIALS, true);
}
static void test_golden_kimi(void **state) {
    (void)state;
    golden("kimi-k2", "tokenizer/kimi-k2/kimi_k2.tiktoken", FM_ENCODE_SPECIALS, true);
}

/* ---- pairs of files: texts, and a line of ids for each ---- */

static size_t parse_line(char **line, int32_t **ids) {
    size_t count = 0, room = 16;
    *ids = malloc(room * sizeof **ids);
    char *p = *line;
    while (*p && *p != '\n') {
        if (*p == ' ' || *p == ',' || *p == '\r') {
            p++;
            continue;
        }
        if (count == room) *ids = realloc(*ids, (room *= 2) * sizeof **ids);
        (*ids)[count++] = (int32_t)strtol(p, &p, 10);
    }
    *line = *p ? p + 1 : p;
    return count;
}

static void vocab_test(const char *vocabulary, const char *base, bool exact) {
    static const char separator[] = "\n__ggml_vocab_test__\n";
    char path[256];
    fm_buf input = {0}, output = {0};
    fm_tokenizer *t = fm_test_tokenizer(vocabulary);
    snprintf(path, sizeof path, "%s.inp", base);
    fm_test_read(fm_test_shared(path), &input);
    snprintf(path, sizeof path, "%s.out", base);
    fm_test_read(fm_test_shared(path), &output);
    char *text = input.data, *line = output.data;
    size_t tests = 0;
    while (text) {
        char *stop = strstr(text, separator);
        int32_t *expected;
        size_t size = stop ? (size_t)(stop - text) : strlen(text);
        if (size == 0 && stop == NULL) break;
        size_t count = parse_line(&line, &expected);
        check_ids(t, base, tests++, text, size, FM_ENCODE_SPECIALS, expected, count, exact);
        free(expected);
        text = stop ? stop + strlen(separator) : NULL;
    }
    assert_true(tests >= 40);
    fm_buf_release(&input);
    fm_buf_release(&output);
    fm_tokenizer_close(t);
}

static void test_vocab_deepseek_llm(void **state) {
    (void)state;
    vocab_test("tokenizer/deepseek-llm/ggml-vocab-deepseek-llm.gguf",
               "tokenizer/deepseek-llm/ggml-vocab-deepseek-llm.gguf", true);
}
static void test_vocab_deepseek_coder(void **state) {
    (void)state;
    vocab_test("tokenizer/deepseek-coder/ggml-vocab-deepseek-coder.gguf",
               "tokenizer/deepseek-coder/ggml-vocab-deepseek-coder.gguf", true);
}
static void test_vocab_llama(void **state) {
    (void)state;
    vocab_test("tokenizer/llama3", "tokenizer/llama3/ggml-vocab-llama-bpe.gguf", true);
}
static void test_vocab_qwen2(void **state) {
    (void)state;
    vocab_test("tokenizer/qwen2.5/qwen.tiktoken", "tokenizer/qwen2.5/ggml-vocab-qwen2.gguf", false);
}
static void test_vocab_r1_qwen(void **state) {
    (void)state;
    vocab_test("tokenizer/qwen2.5/qwen.tiktoken", "tokenizer/qwen2.5/ggml-vocab-deepseek-r1-qwen.gguf",
               false);
}

/* The lines of small_input.txt (\n stands for a newline, \s for a space) against small_tokens_<name>.txt. */
static void small_test(const char *vocabulary, const char *name) {
    char path[128];
    fm_buf input = {0}, output = {0};
    fm_tokenizer *t = fm_test_tokenizer(vocabulary);
    fm_test_read(fm_test_shared("tokenizer/expected/small_input.txt"), &input);
    snprintf(path, sizeof path, "tokenizer/expected/small_tokens_%s.txt", name);
    fm_test_read(fm_test_shared(path), &output);
    char *line = output.data;
    size_t tests = 0;
    for (char *text = input.data, *stop; *text; text = stop) {
        stop = strchr(text, '\n');
        if (stop)
            *stop++ = '\0';
        else
            stop = text + strlen(text);
        char *to = text;
        for (const char *from = text; *from; from++) {
            bool escape = from[0] == '\\' && (from[1] == 'n' || from[1] == 's');
            *to++ = !escape ? *from : from[1] == 'n' ? '\n' : ' ';
            from += escape;
        }
        int32_t *expected;
        size_t count = parse_line(&line, &expected);
        check_ids(t, name, tests++, text, (size_t)(to - text), FM_ENCODE_SPECIALS, expected, count, true);
        free(expected);
    }
    assert_true(tests > 10);
    fm_buf_release(&input);
    fm_buf_release(&output);
    fm_tokenizer_close(t);
}

static void test_small_r1(void **state) {
    (void)state;
    small_test("tokenizer/deepseek-r1", "r1");
}
static void test_small_llama(void **state) {
    (void)state;
    small_test("tokenizer/llama3", "llama33");
}
static void test_small_kimi(void **state) {
    (void)state;
    small_test("tokenizer/kimi-k2/kimi_k2.tiktoken", "kimi_k2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_deepseek_v3),
        cmocka_unit_test(test_golden_deepseek_r1),
        cmocka_unit_test(test_golden_qwen),
        cmocka_unit_test(test_golden_llama),
        cmocka_unit_test(test_golden_kimi),
        cmocka_unit_test(test_vocab_deepseek_llm),
        cmocka_unit_test(test_vocab_deepseek_coder),
        cmocka_unit_test(test_vocab_llama),
        cmocka_unit_test(test_vocab_qwen2),
        cmocka_unit_test(test_vocab_r1_qwen),
        cmocka_unit_test(test_small_r1),
        cmocka_unit_test(test_small_llama),
        cmocka_unit_test(test_small_kimi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
