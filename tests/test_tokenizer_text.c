/* test_tokenizer_text.c: any bytes go in and come out: round trips, shortcuts against the book, special tokens,
 * streaming. */
#include "support/text_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/utf8.h"
#include "text/tokenizer_impl.h"
#include "text/unicode.h"

static void check_round_trip(const fm_tokenizer *t, const void *text, size_t size, fm_ids *ids) {
    fm_buf back = {0};
    fm_error err = {0};
    fm_test_encode(t, text, size, FM_ENCODE_SPECIALS, ids);
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
        fm_tokenizer *t = fm_test_tokenizer(vocabularies[v]);
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
        fm_test_encode(t, text, size, FM_ENCODE_TEXT, &ids);
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
            fm_test_print_ids("expected:", expected.data + i, 8);
            fm_test_print_ids("got:     ", ids.data + i, 8);
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
    fm_tokenizer *t = fm_test_small_tokenizer();
    fm_test_read(fm_test_shared("fuzz/naughty_strings.txt"), &text);
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
    fm_tokenizer *t = fm_test_tokenizer("tokenizer/llama3");
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
    fm_tokenizer *t = fm_test_small_tokenizer();
    assert_int_equal(fm_tokenizer_vocab_size(t), 512);
    assert_int_equal(fm_tokenizer_special(t, "<think>"), 5);
    assert_int_equal(fm_tokenizer_special(t, "<think"), -1);
    assert_int_equal(fm_tokenizer_special(t, "<think>x"), -1);
    assert_int_equal(fm_tokenizer_special(t, ""), -1);
    assert_true(fm_tokenizer_is_special(t, 1));
    assert_false(fm_tokenizer_is_special(t, 300));
    assert_false(fm_tokenizer_is_special(t, -1));
    assert_false(fm_tokenizer_is_special(t, 512));
    fm_test_encode(t, text, strlen(text), FM_ENCODE_SPECIALS, &ids);
    assert_int_equal(ids.count, 5);
    assert_int_equal(ids.data[1], 5);
    assert_int_equal(ids.data[4], 1);
    fm_test_ok(fm_tokenizer_decode(t, ids.data, ids.count, FM_DECODE_SKIP_SPECIALS, &out, &err), &err);
    assert_string_equal(out.data, "ab");
    fm_test_encode(t, text, strlen(text), FM_ENCODE_TEXT, &ids);
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
    fm_tokenizer *t = fm_test_small_tokenizer(); /* most characters take several tokens here */
    fm_rng rng = fm_rng_init(3, "streaming");
    uint8_t text[300];
    fm_ids ids = {0};
    fm_error err = {0};
    for (int round = 0; round < 2000; round++) {
        size_t size = random_text(&rng, text, sizeof text);
        for (unsigned flags = FM_DECODE_EXACT; flags <= FM_DECODE_REPLACE; flags += FM_DECODE_REPLACE) {
            fm_detokenizer d = fm_detokenizer_init(t, flags);
            fm_buf out = {0}, whole = {0};
            fm_test_encode(t, text, size, FM_ENCODE_TEXT, &ids);
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
    fm_tokenizer *t = fm_test_small_tokenizer();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fm_ids ids = {0};
        fm_buf out = {0};
        fm_error err = {0};
        fm_test_encode(t, cases[i][0], strlen(cases[i][0]), FM_ENCODE_TEXT, &ids);
        fm_test_ok(fm_tokenizer_decode(t, ids.data, ids.count, FM_DECODE_REPLACE, &out, &err), &err);
        assert_string_equal(out.data, cases[i][1]);
        fm_ids_release(&ids);
        fm_buf_release(&out);
    }
    fm_tokenizer_close(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_bytes),    cmocka_unit_test(test_shortcuts),
        cmocka_unit_test(test_naughty_strings), cmocka_unit_test(test_long_word),
        cmocka_unit_test(test_specials),        cmocka_unit_test(test_streaming),
        cmocka_unit_test(test_replacement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
