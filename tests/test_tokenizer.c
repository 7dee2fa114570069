/* test_tokenizer.c: the real vocabularies against the golden ids, round trips, streaming, bad files. */
#include "support/support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "text/tokenizer_impl.h"
#include "text/unicode.h"

static fm_tokenizer *open_shared(const char *path) {
    fm_tokenizer *t;
    fm_error err = {0};
    fm_test_need(fm_test_shared(path));
    fm_test_ok(fm_tokenizer_open(&t, fm_test_shared(path), NULL, &err), &err);
    return t;
}

static void print_ids(const char *label, const int32_t *ids, size_t count) {
    print_message("%s", label);
    for (size_t i = 0; i < count; i++) print_message(" %d", ids[i]);
    print_message("\n");
}

/* Encodes and compares; then decodes and compares with the text unless it was normalised. */
static void check_ids(const fm_tokenizer *t, const char *what, size_t index, const char *text, size_t size,
                      unsigned flags, const int32_t *expected, size_t count, bool exact) {
    fm_ids ids = {0};
    fm_buf back = {0};
    fm_error err = {0};
    fm_test_ok(fm_tokenizer_encode(t, text, size, flags, &ids, &err), &err);
    if (ids.count != count || (count && memcmp(ids.data, expected, count * sizeof *expected) != 0)) {
        print_ids("expected:", expected, count);
        print_ids("got:     ", ids.data, ids.count);
        fail_msg("%s: string %zu: other ids: \"%.*s\"", what, index, (int)(size < 200 ? size : 200), text);
    }
    fm_test_ok(fm_tokenizer_decode(t, ids.data, ids.count, FM_DECODE_EXACT, &back, &err), &err);
    if (exact && (back.size != size || (size && memcmp(back.data, text, size) != 0)))
        fail_msg("%s: string %zu does not decode to itself", what, index);
    fm_buf_release(&back);
    fm_ids_release(&ids);
}

/* ---- golden/tokenizers ---- */

static json_t *load_json(const char *path) {
    json_error_t reason;
    fm_test_need(path);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &reason);
    if (root == NULL) fail_msg("%s: %s", path, reason.text);
    return root;
}

static void golden(const char *name, const char *vocabulary, unsigned flags, bool exact) {
    char path[64];
    snprintf(path, sizeof path, "tokenizers/%s.json", name);
    json_t *texts = load_json(fm_test_golden("tokenizers/strings.json"));
    json_t *lists = load_json(fm_test_golden(path));
    fm_tokenizer *t = open_shared(vocabulary);
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

static void read_file(const char *path, fm_buf *out) {
    fm_error err = {0};
    fm_test_need(path);
    fm_test_ok(fm_file_read(path, 1 << 24, out, &err), &err);
}

static void vocab_test(const char *vocabulary, const char *base, bool exact) {
    static const char separator[] = "\n__ggml_vocab_test__\n";
    char path[256];
    fm_buf input = {0}, output = {0};
    fm_tokenizer *t = open_shared(vocabulary);
    snprintf(path, sizeof path, "%s.inp", base);
    read_file(fm_test_shared(path), &input);
    snprintf(path, sizeof path, "%s.out", base);
    read_file(fm_test_shared(path), &output);
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
    fm_tokenizer *t = open_shared(vocabulary);
    read_file(fm_test_shared("tokenizer/expected/small_input.txt"), &input);
    snprintf(path, sizeof path, "tokenizer/expected/small_tokens_%s.txt", name);
    read_file(fm_test_shared(path), &output);
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

/* ---- any bytes ---- */

static fm_tokenizer *open_small(void) {
    fm_tokenizer *t;
    fm_error err = {0};
    const char *path = fm_test_golden("deepseek_v3-full");
    fm_test_need(path);
    fm_test_ok(fm_tokenizer_open(&t, path, NULL, &err), &err);
    return t;
}

static void encode(const fm_tokenizer *t, const void *text, size_t size, unsigned flags, fm_ids *ids) {
    fm_error err = {0};
    ids->count = 0;
    fm_test_ok(fm_tokenizer_encode(t, text, size, flags, ids, &err), &err);
}

static void check_round_trip(const fm_tokenizer *t, const void *text, size_t size, fm_ids *ids) {
    fm_buf back = {0};
    fm_error err = {0};
    encode(t, text, size, FM_ENCODE_SPECIALS, ids);
    fm_test_ok(fm_tokenizer_decode(t, ids->data, ids->count, FM_DECODE_EXACT, &back, &err), &err);
    assert_int_equal(back.size, size);
    if (size) assert_memory_equal(back.data, text, size);
    fm_buf_release(&back);
}

/* Text of the kind that goes wrong: bytes, pieces of characters, runs, Chinese, digits, blanks, special
 * tokens. */
static size_t random_text(fm_rng *rng, uint8_t *text, size_t room) {
    static const char *const pieces[] = {"中文",       "的",   "，",   "。",        " the",
                                         "The",        "'s",   "é",    "e\xcc\x81", "\xf0\x9f\x98\x80",
                                         "123",        "\n",   "\r\n", "  ",        "<think>",
                                         "<｜User｜>", "<｜",  "ab",   "ない",      "\xe4\xb8",
                                         "\xb8\xad",   "한국", "word", "_",         "一二三"};
    size_t size = 0, goal = fm_rng_below(rng, (uint32_t)room - 32);
    while (size < goal) {
        uint32_t draw = fm_rng_below(rng, 45), code = 0;
        if (draw < 25) {
            size_t length = strlen(pieces[draw]);
            memcpy(text + size, pieces[draw], length);
            size += length;
        } else if (draw < 28) {
            text[size++] = (uint8_t)fm_rng_below(rng, 256);
        } else if (draw < 38) {
            code = 0x4e00 + fm_rng_below(rng, 3000); /* Han */
        } else if (draw < 42) {
            code = 0xa0 + fm_rng_below(rng, 0x560); /* Latin to Hebrew */
        } else {
            code = 0x600 + fm_rng_below(rng, 0xd800 - 0x600);
        }
        if (code) size += fm_utf8_encode(code, (char *)text + size);
    }
    return size;
}

static void test_random_bytes(void **state) {
    (void)state;
    static const char *const vocabularies[] = {"tokenizer/deepseek-v3", "tokenizer/llama3",
                                               "tokenizer/kimi-k2/kimi_k2.tiktoken"};
    uint8_t text[400];
    fm_ids ids = {0};
    fm_rng rng = fm_rng_init(1, "random bytes");
    for (size_t v = 0; v < sizeof vocabularies / sizeof *vocabularies; v++) {
        fm_tokenizer *t = open_shared(vocabularies[v]);
        for (int i = 0; i < 3000; i++) {
            size_t size = fm_rng_below(&rng, 200);
            for (size_t j = 0; j < size; j++) text[j] = (uint8_t)fm_rng_u32(&rng);
            check_round_trip(t, text, size, &ids);
            check_round_trip(t, text, random_text(&rng, text, sizeof text), &ids);
        }
        fm_tokenizer_close(t);
    }
    fm_ids_release(&ids);
}

/* Merging a word by the book: bytes, then the pair with the lowest rank, the leftmost first. */
static void merge_by_the_book(const fm_tokenizer *t, const uint8_t *p, size_t size, fm_ids *out) {
    fm_error err = {0};
    size_t begin = out->count;
    for (size_t i = 0; i < size; i++) fm_test_ok(fm_ids_push(out, t->byte_id[p[i]], &err), &err);
    for (;;) {
        uint32_t best = FM_NO_RANK;
        size_t at = 0;
        for (size_t i = begin; i + 1 < out->count; i++) {
            uint32_t rank = fm_pair_rank(t, (uint32_t)out->data[i], (uint32_t)out->data[i + 1]);
            if (rank < best) best = rank, at = i;
        }
        if (best == FM_NO_RANK) return;
        out->data[at] = fm_merge_result(t, best);
        out->count--;
        memmove(out->data + at + 1, out->data + at + 2, (out->count - at - 1) * sizeof *out->data);
    }
}

/* The shortcuts (whole characters, the cache, the heap, known words) against the book, with one pattern that
 * makes words of everything up to a line end. */
static void test_shortcuts(void **state) {
    (void)state;
    static const char *const vocabularies[] = {
        "tokenizer/deepseek-v3/tokenizer.json", "tokenizer/llama3/tokenizer.model",
        "tokenizer/qwen2.5/qwen.tiktoken", "tokenizer/kimi-k2/kimi_k2.tiktoken"};
    static uint8_t text[1 << 16];
    fm_ids ids = {0}, expected = {0};
    fm_rng rng = fm_rng_init(2, "shortcuts");
    for (size_t v = 0; v < sizeof vocabularies / sizeof *vocabularies; v++) {
        fm_tokenizer *t;
        fm_error err = {0};
        fm_test_need(fm_test_shared(vocabularies[v]));
        fm_test_ok(
            fm_tokenizer_open(&t, fm_test_shared(vocabularies[v]), &(fm_tokenizer_options){"[^\\n]+"}, &err),
            &err);
        t->nfc = false;
        size_t size = 0;
        while (size < sizeof text - 500) {
            size += random_text(&rng, text + size, fm_rng_below(&rng, 8) ? 100 : 500);
            text[size++] = '\n';
        }
        encode(t, text, size, FM_ENCODE_TEXT, &ids);
        expected.count = 0;
        for (const uint8_t *p = text, *end; p < text + size; p = end) {
            bool gap = *p == '\n'; /* what the pattern does not match is a word as well */
            for (end = p + 1; end < text + size && (*end == '\n') == gap;) end++;
            int32_t whole = fm_word_find(t, p, (size_t)(end - p), fm_word_hash(p, (size_t)(end - p)));
            if (whole >= 0 && t->whole_words)
                fm_test_ok(fm_ids_push(&expected, whole, &err), &err);
            else
                merge_by_the_book(t, p, (size_t)(end - p), &expected);
        }
        for (size_t i = 0; i < ids.count && i < expected.count; i++) {
            if (ids.data[i] == expected.data[i]) continue;
            print_ids("expected:", expected.data + i, 8);
            print_ids("got:     ", ids.data + i, 8);
            fail_msg("%s: id %zu differs", vocabularies[v], i);
        }
        assert_int_equal(ids.count, expected.count);
        fm_tokenizer_close(t);
    }
    fm_ids_release(&ids);
    fm_ids_release(&expected);
}

static void test_naughty_strings(void **state) {
    (void)state;
    fm_buf text = {0};
    fm_ids ids = {0};
    fm_tokenizer *t = open_small();
    read_file(fm_test_shared("fuzz/naughty_strings.txt"), &text);
    check_round_trip(t, text.data, text.size, &ids);
    for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n"))
        check_round_trip(t, line, strlen(line), &ids);
    fm_tokenizer_close(t);
    fm_ids_release(&ids);
    fm_buf_release(&text);
}

/* One word of a mebibyte must not take quadratic time. */
static void test_long_word(void **state) {
    (void)state;
    size_t size = 1 << 20;
    char *text = malloc(size);
    fm_ids ids = {0};
    fm_tokenizer *t = open_shared("tokenizer/llama3");
    for (size_t i = 0; i < size; i++) text[i] = "abcaab"[i * 7 % 6];
    check_round_trip(t, text, size, &ids);
    memset(text, '<', size);
    check_round_trip(t, text, size, &ids);
    memset(text, ' ', size);
    check_round_trip(t, text, size, &ids);
    fm_tokenizer_close(t);
    fm_ids_release(&ids);
    free(text);
}

/* ---- special tokens ---- */

static void test_specials(void **state) {
    (void)state;
    static const char text[] = "a<think>b</think><｜end▁of▁sentence｜>";
    fm_ids ids = {0};
    fm_buf out = {0};
    fm_error err = {0};
    fm_tokenizer *t = open_small();
    assert_int_equal(fm_tokenizer_vocab_size(t), 512);
    assert_int_equal(fm_tokenizer_special(t, "<think>"), 5);
    assert_int_equal(fm_tokenizer_special(t, "<think"), -1);
    assert_int_equal(fm_tokenizer_special(t, "<think>x"), -1);
    assert_int_equal(fm_tokenizer_special(t, ""), -1);
    assert_true(fm_tokenizer_is_special(t, 1));
    assert_false(fm_tokenizer_is_special(t, 300));
    assert_false(fm_tokenizer_is_special(t, -1));
    assert_false(fm_tokenizer_is_special(t, 512));
    encode(t, text, strlen(text), FM_ENCODE_SPECIALS, &ids);
    assert_int_equal(ids.count, 5);
    assert_int_equal(ids.data[1], 5);
    assert_int_equal(ids.data[4], 1);
    fm_test_ok(fm_tokenizer_decode(t, ids.data, ids.count, FM_DECODE_SKIP_SPECIALS, &out, &err), &err);
    assert_string_equal(out.data, "ab");
    encode(t, text, strlen(text), FM_ENCODE_TEXT, &ids);
    assert_true(ids.count > 20);
    for (size_t i = 0; i < ids.count; i++) assert_false(fm_tokenizer_is_special(t, ids.data[i]));
    int32_t bad = 512;
    fm_test_refused(fm_tokenizer_decode(t, &bad, 1, 0, &out, &err), &err, FM_ERR_ARG, "512", "tokenizer.json",
                    NULL);
    fm_buf_release(&out);
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
}

/* ---- streaming ---- */

/* Each id alone: nothing that ends inside a character is ever given out, and the whole is the text. */
static void test_streaming(void **state) {
    (void)state;
    fm_tokenizer *t = open_small(); /* most characters take several tokens here */
    fm_rng rng = fm_rng_init(3, "streaming");
    uint8_t text[300];
    fm_ids ids = {0};
    fm_error err = {0};
    for (int round = 0; round < 2000; round++) {
        size_t size = random_text(&rng, text, sizeof text);
        for (unsigned flags = FM_DECODE_EXACT; flags <= FM_DECODE_REPLACE; flags += FM_DECODE_REPLACE) {
            fm_detokenizer d = fm_detokenizer_init(t, flags);
            fm_buf out = {0}, whole = {0};
            encode(t, text, size, FM_ENCODE_TEXT, &ids);
            for (size_t i = 0; i < ids.count; i++) {
                fm_test_ok(fm_detokenizer_push(&d, ids.data[i], &out, &err), &err);
                const uint8_t *end = (const uint8_t *)out.data + out.size;
                for (size_t tail = 1; tail <= 3 && tail <= out.size; tail++)
                    if (flags == FM_DECODE_REPLACE) assert_false(fm_utf8_is_cut(end - tail, end));
            }
            fm_test_ok(fm_detokenizer_flush(&d, &out, &err), &err);
            fm_test_ok(fm_tokenizer_decode(t, ids.data, ids.count, flags, &whole, &err), &err);
            assert_int_equal(out.size, whole.size);
            if (out.size) assert_memory_equal(out.data, whole.data, out.size);
            if (flags == FM_DECODE_EXACT) {
                assert_int_equal(out.size, size);
                if (size) assert_memory_equal(out.data, text, size);
            } else {
                assert_int_equal(fm_utf8_bad(out.data ? out.data : "", out.size), out.size);
            }
            fm_buf_release(&out);
            fm_buf_release(&whole);
        }
    }
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
}

/* U+FFFD once for each maximal part, as Python's errors="replace" and the Unicode Standard (3.9) have it. */
static void test_replacement(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"a\xff", "a\xef\xbf\xbd"},
                                           {"\xe4\xb8", "\xef\xbf\xbd"},
                                           {"\xe4\xb8z", "\xef\xbf\xbdz"},
                                           {"\xf0\x9f\x98\xe4\xb8\xad", "\xef\xbf\xbd\xe4\xb8\xad"},
                                           {"\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                                           {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
    fm_tokenizer *t = open_small();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fm_ids ids = {0};
        fm_buf out = {0};
        fm_error err = {0};
        encode(t, cases[i][0], strlen(cases[i][0]), FM_ENCODE_TEXT, &ids);
        fm_test_ok(fm_tokenizer_decode(t, ids.data, ids.count, FM_DECODE_REPLACE, &out, &err), &err);
        assert_string_equal(out.data, cases[i][1]);
        fm_ids_release(&ids);
        fm_buf_release(&out);
    }
    fm_tokenizer_close(t);
}

/* ---- writing ---- */

static void test_save(void **state) {
    (void)state;
    static const char *const vocabularies[] = {"tokenizer/deepseek-r1", "tokenizer/qwen2.5/qwen.tiktoken",
                                               "tokenizer/deepseek-llm/ggml-vocab-deepseek-llm.gguf"};
    json_t *texts = load_json(fm_test_golden("tokenizers/strings.json"));
    for (size_t v = 0; v < sizeof vocabularies / sizeof *vocabularies; v++) {
        fm_tokenizer *t = open_shared(vocabularies[v]), *again;
        char path[128];
        fm_error err = {0};
        snprintf(path, sizeof path, "%s/tokenizer.json", fm_test_temp_dir());
        fm_test_ok(fm_tokenizer_save(t, path, &err), &err);
        fm_test_ok(fm_tokenizer_open(&again, fm_test_temp_dir(), NULL, &err), &err);
        assert_int_equal(fm_tokenizer_vocab_size(again), fm_tokenizer_vocab_size(t));
        for (size_t i = 0; i < json_array_size(texts); i++) {
            const json_t *text = json_array_get(texts, i);
            fm_ids a = {0}, b = {0};
            encode(t, json_string_value(text), json_string_length(text), FM_ENCODE_SPECIALS, &a);
            encode(again, json_string_value(text), json_string_length(text), FM_ENCODE_SPECIALS, &b);
            assert_int_equal(a.count, b.count);
            if (a.count) assert_memory_equal(a.data, b.data, a.count * sizeof *a.data);
            fm_ids_release(&a);
            fm_ids_release(&b);
        }
        fm_tokenizer_close(t);
        fm_tokenizer_close(again);
    }
    json_decref(texts);
}

static void test_golden_folders(void **state) {
    (void)state;
    static const char *const folders[] = {"deepseek_v2-full",
                                          "deepseek_v3-mtp",
                                          "llama3",
                                          "qwen2-tied",
                                          "qwen3_moe",
                                          "gguf/deepseek_v3-full.gguf",
                                          "gguf/deepseek_v3-Q4_K_M.gguf"};
    static const char text[] = "Hello, 世界! 12345 <think>";
    fm_ids ids[sizeof folders / sizeof *folders] = {0};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        fm_tokenizer *t;
        fm_error err = {0};
        fm_test_need(fm_test_golden(folders[i]));
        fm_test_ok(fm_tokenizer_open(&t, fm_test_golden(folders[i]), NULL, &err), &err);
        encode(t, text, strlen(text), FM_ENCODE_SPECIALS, &ids[i]);
        fm_tokenizer_close(t);
        assert_int_equal(ids[i].count, ids[0].count);
        assert_memory_equal(ids[i].data, ids[0].data, ids[0].count * sizeof *ids[0].data);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) fm_ids_release(&ids[i]);
}

/* ---- bad files ---- */

static void refused(const char *json, fm_status expected, const char *word) {
    fm_tokenizer *t;
    fm_error err = {0};
    fm_status status = fm_tokenizer_from_json(&t, json, strlen(json), "bad.json", &err);
    if (status == FM_OK) fail_msg("accepted: %s", json);
    fm_test_refused(status, &err, expected, "bad.json", word, NULL);
    assert_null(t);
}

#define BPE(vocab, merges) "{\"model\":{\"type\":\"BPE\",\"vocab\":{" vocab "},\"merges\":[" merges "]},"
#define BYTE_LEVEL         "\"pre_tokenizer\":{\"type\":\"ByteLevel\"}"
#define GOOD               BPE("\"a\":0,\"b\":1,\"ab\":2", "\"a b\"")

static void test_bad_json(void **state) {
    (void)state;
    fm_tokenizer *t;
    fm_error err = {0};
    static const char good[] = GOOD BYTE_LEVEL "}";
    fm_test_ok(fm_tokenizer_from_json(&t, good, strlen(good), "good.json", &err), &err);
    fm_ids ids = {0};
    encode(t, "abba", 4, 0, &ids);
    assert_int_equal(ids.count, 3);
    fm_test_refused(fm_tokenizer_encode(t, "abc", 3, 0, &ids, &err), &err, FM_ERR_UNSUPPORTED, "0x63", NULL);
    assert_int_equal(ids.count, 3); /* as it was */
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
    refused("{}", FM_ERR_FORMAT, "model");
    refused("[]", FM_ERR_FORMAT, "model");
    refused("{\"a\":1,\"a\":2}", FM_ERR_FORMAT, "duplicate");
    refused("{\"model\":{\"type\":\"Unigram\"}}", FM_ERR_UNSUPPORTED, "Unigram");
    refused("{\"model\":{\"byte_fallback\":true}}", FM_ERR_UNSUPPORTED, "byte_fallback");
    refused("{\"model\":{\"dropout\":0.1}}", FM_ERR_UNSUPPORTED, "dropout");
    refused("{\"model\":{\"vocab\":[]}}", FM_ERR_FORMAT, "model.vocab");
    refused("{\"model\":{\"vocab\":{\"a\":\"0\"}}}", FM_ERR_FORMAT, "not an integer");
    refused("{\"model\":{\"vocab\":{\"a\":-1}}}", FM_ERR_LIMIT, "-1");
    refused("{\"model\":{\"vocab\":{\"a\":1048576}}}", FM_ERR_LIMIT, "1048575");
    refused("{\"model\":{\"vocab\":{\"a\":9223372036854775807}}}", FM_ERR_LIMIT, "model.vocab");
    refused("{\"model\":{\"vocab\":{\"\":0}}}", FM_ERR_LIMIT, "0 bytes");
    refused("{\"model\":{\"vocab\":{\"a\":0,\"b\":0}}}", FM_ERR_FORMAT, "used twice");
    refused("{\"model\":{\"vocab\":{\"a\":0}}}", FM_ERR_FORMAT, "model.merges");
    refused(BPE("\"a\":0", "\"a b\"") BYTE_LEVEL "}", FM_ERR_FORMAT, "model.merges[0]: \"b\"");
    refused(BPE("\"a\":0,\"b\":1", "\"a b\"") BYTE_LEVEL "}", FM_ERR_FORMAT, "not in the vocabulary");
    refused(BPE("\"a\":0", "\"ab\"") BYTE_LEVEL "}", FM_ERR_FORMAT, "two tokens");
    refused(BPE("\"a\":0", "[\"a\"]") BYTE_LEVEL "}", FM_ERR_FORMAT, "[left, right]");
    refused(BPE("\"a\":0", "[\"\",\"a\"]") BYTE_LEVEL "}", FM_ERR_FORMAT, "model.merges[0]");
    refused(BPE("", "") BYTE_LEVEL "}", FM_ERR_FORMAT, "empty");
    refused(GOOD "\"x\":0}", FM_ERR_UNSUPPORTED, "pre_tokenizer");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Metaspace\"}}", FM_ERR_UNSUPPORTED, "Metaspace");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true}}", FM_ERR_UNSUPPORTED,
            "prefix");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Removed\"}}", FM_ERR_UNSUPPORTED,
            "Removed");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Isolated\"}}", FM_ERR_FORMAT,
            "pattern");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Isolated\",\"pattern\":{\"Regex\":\"(?"
                 "<=a)b\"}}}",
            FM_ERR_UNSUPPORTED, "lookbehind");
    refused(GOOD "\"normalizer\":{\"type\":\"NFKC\"}," BYTE_LEVEL "}", FM_ERR_UNSUPPORTED, "NFKC");
    refused(GOOD "\"added_tokens\":{}," BYTE_LEVEL "}", FM_ERR_FORMAT, "added_tokens");
    refused(GOOD "\"added_tokens\":[{\"id\":3}]," BYTE_LEVEL "}", FM_ERR_FORMAT, "added_tokens[0]");
    refused(GOOD "\"added_tokens\":[{\"id\":0,\"content\":\"<s>\"}]," BYTE_LEVEL "}", FM_ERR_FORMAT, "id 0");
    refused(GOOD "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\",\"lstrip\":true}]," BYTE_LEVEL "}",
            FM_ERR_UNSUPPORTED, "lstrip");
    refused(GOOD
            "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\"},{\"id\":4,\"content\":\"<s>\"}]," BYTE_LEVEL
            "}",
            FM_ERR_FORMAT, "there twice");
}

/* Cut anywhere, a vocabulary is refused with a message that names it. */
static void test_truncated(void **state) {
    (void)state;
    fm_buf text = {0};
    read_file(fm_test_golden("deepseek_v3-full/tokenizer.json"), &text);
    size_t whole = text.size; /* blanks at the end may go */
    while (whole > 0 && (text.data[whole - 1] == '\n' || text.data[whole - 1] == ' ')) whole--;
    for (size_t size = 0; size < whole; size++) {
        fm_tokenizer *t;
        fm_error err = {0};
        char *cut =
            malloc(size ? size : 1); /* of exactly this size, so that the sanitizer sees a step too far */
        memcpy(cut, text.data, size);
        fm_status status = fm_tokenizer_from_json(&t, cut, size, "cut.json", &err);
        if (status != FM_ERR_FORMAT) fail_msg("cut at %zu: %s", size, fm_status_name(status));
        assert_non_null(strstr(err.message, "cut.json"));
        free(cut);
    }
    fm_buf_release(&text);
}

static void open_bytes(const void *bytes, size_t size, const fm_tokenizer_options *options, fm_tokenizer **t,
                       fm_status expected, const char *word) {
    char path[128];
    fm_error err = {0};
    snprintf(path, sizeof path, "%s/bytes", fm_test_temp_dir());
    fm_test_ok(fm_file_write(path, bytes, size, &err), &err);
    fm_status status = fm_tokenizer_open(t, path, options, &err);
    if (expected == FM_OK)
        fm_test_ok(status, &err);
    else
        fm_test_refused(status, &err, expected, path, word, NULL);
}

static void test_bad_tiktoken(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    fm_buf file = {0};
    fm_tokenizer *t;
    fm_ids ids = {0};
    fm_tokenizer_options options = {.pattern = "\\p{L}+"};
    for (int b = 0; b < 256; b++)
        fm_buf_printf(&file, "%c%c== %d\n", digits[b >> 2], digits[b << 4 & 0x3f], b);
    size_t bytes_alone = file.size;
    fm_buf_puts(&file, "YWI= 256\r\n"); /* "ab" */
    open_bytes(file.data, file.size, NULL, &t, FM_ERR_UNSUPPORTED, "--pattern");
    open_bytes(file.data, bytes_alone - 10, &options, &t, FM_ERR_FORMAT, "0xff");
    open_bytes(file.data, file.size, &(fm_tokenizer_options){"a*"}, &t, FM_ERR_UNSUPPORTED, "empty string");
    open_bytes(file.data, file.size, &options, &t, FM_OK, NULL);
    encode(t, "xabab!", 6, 0, &ids);
    assert_int_equal(ids.count, 4);
    assert_int_equal(ids.data[1], 256);
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
    static const struct {
        const char *line, *word;
        fm_status status;
    } bad[] = {{"YWI=", "line 258", FM_ERR_FORMAT},
               {"YWI 7", "line 258", FM_ERR_FORMAT},
               {"Y*I= 300", "line 258", FM_ERR_FORMAT},
               {"YWM= x", "line 258", FM_ERR_FORMAT},
               {"YWM= 300 1", "line 258", FM_ERR_FORMAT},
               {"YWM= 5", "used twice", FM_ERR_FORMAT},
               {"YWI= 300", "same bytes", FM_ERR_FORMAT},
               {"YWM= 1048576", "1048575", FM_ERR_LIMIT},
               {"YWM= 99999999999999999999", "1048575", FM_ERR_LIMIT}};
    size_t size = file.size;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        file.size = size;
        fm_buf_puts(&file, bad[i].line);
        open_bytes(file.data, file.size, &options, &t, bad[i].status, bad[i].word);
    }
    fm_buf_release(&file);
}

static void test_bad_files(void **state) {
    (void)state;
    fm_tokenizer *t;
    fm_error err = {0};
    open_bytes("", 0, NULL, &t, FM_ERR_FORMAT, "empty");
    open_bytes(" \n", 2, NULL, &t, FM_ERR_FORMAT, "empty");
    open_bytes("\n\x05\x01", 3, NULL, &t, FM_ERR_FORMAT, "SentencePiece");
    open_bytes("GGUF", 4, NULL, &t, FM_ERR_FORMAT, "version");
    fm_test_refused(fm_tokenizer_open(&t, "/nonexistent/tokenizer.json", NULL, &err), &err, FM_ERR_IO,
                    "/nonexistent/tokenizer.json", NULL);
    fm_test_refused(fm_tokenizer_open(&t, FM_SOURCE_DIR "/src", NULL, &err), &err, FM_ERR_IO,
                    "tokenizer.json", NULL);
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
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_shortcuts),
        cmocka_unit_test(test_naughty_strings),
        cmocka_unit_test(test_long_word),
        cmocka_unit_test(test_specials),
        cmocka_unit_test(test_streaming),
        cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_save),
        cmocka_unit_test(test_golden_folders),
        cmocka_unit_test(test_bad_json),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_bad_tiktoken),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
