/* test_bpe_train.c: training a vocabulary: against a plain reference, deterministic, with its options and its
 * errors. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/rng.h"
#include "text/bpe_train.h"
#include "text/tokenizer_impl.h"

static fm_tokenizer *train(const fm_bpe_options *options, const fm_bpe_text *texts, size_t count) {
    fm_bpe_trainer *trainer;
    fm_tokenizer *t;
    fm_error err = {0};
    fm_test_ok(fm_bpe_trainer_create(&trainer, options, &err), &err);
    fm_test_ok(fm_bpe_trainer_add(trainer, texts, count, &err), &err);
    fm_test_ok(fm_bpe_trainer_finish(trainer, &t, &err), &err);
    fm_bpe_trainer_free(trainer);
    return t;
}

static fm_tokenizer *train_text(const fm_bpe_options *options, const char *text) {
    fm_bpe_text one = {(const uint8_t *)text, strlen(text)};
    return train(options, &one, 1);
}

static void check_token(const fm_tokenizer *t, int32_t id, const char *expected) {
    size_t size;
    const char *bytes = fm_tokenizer_bytes(t, id, &size);
    if (bytes == NULL || size != strlen(expected) || memcmp(bytes, expected, size) != 0)
        fail_msg("token %d is \"%.*s\", not \"%s\"", id, (int)size, bytes ? bytes : "", expected);
}

/* A case worked out on paper. */
static void test_by_hand(void **state) {
    (void)state;
    fm_bpe_options options = fm_bpe_options_default();
    options.vocab_size = 260;
    /* The words are "abc", " abc", " ab", " zz", " abc"; the pairs ab 4, bc 3, " a" 3, " z" 1, zz 1. */
    fm_tokenizer *t = train_text(&options, "abc abc ab zz abc");
    check_token(t, 256, "ab");
    /* Now " " with "ab" and "ab" with "c" occur three times; the space's id is lower than 256. */
    check_token(t, 257, " ab");
    check_token(t, 258, " abc");
    assert_int_equal(fm_tokenizer_vocab_size(t), 259); /* nothing else occurs twice */
    fm_tokenizer_close(t);
}

/* ---- the reference: counts all pairs afresh for each merge ---- */

typedef struct plain_word {
    int32_t symbols[64];
    int size;
} plain_word;

static plain_word words[4000];

static void merge_plain(plain_word *w, int32_t left, int32_t right, int32_t id) {
    int to = 0;
    for (int i = 0; i < w->size; i++) {
        bool here = i + 1 < w->size && w->symbols[i] == left && w->symbols[i + 1] == right;
        w->symbols[to++] = here ? id : w->symbols[i];
        i += here;
    }
    w->size = to;
}

/* The most frequent pair, ties by left and then by right id; its count. */
static int best_pair(int count, int32_t limit, int32_t *left, int32_t *right) {
    static int counts[300][300];
    memset(counts, 0, sizeof counts);
    for (int w = 0; w < count; w++)
        for (int i = 0; i + 1 < words[w].size; i++) counts[words[w].symbols[i]][words[w].symbols[i + 1]]++;
    int best = 0;
    for (int32_t a = 0; a < limit; a++)
        for (int32_t b = 0; b < limit; b++)
            if (counts[a][b] > best) best = counts[a][b], *left = a, *right = b;
    return best;
}

static void test_against_reference(void **state) {
    (void)state;
    fm_rng rng = fm_rng_init(1, "train");
    for (int round = 0; round < 20; round++) {
        fm_bpe_options options = fm_bpe_options_default();
        options.vocab_size = 290;
        options.pattern = "[^ ]+"; /* spaces are words of their own */
        fm_buf text = {0};
        int count = 500 + (int)fm_rng_below(&rng, 500);
        int lengths[1000];
        for (int w = 0; w < count; w++) {
            lengths[w] = 1 + (int)fm_rng_below(&rng, 12);
            for (int i = 0; i < lengths[w]; i++) fm_buf_putc(&text, (char)('a' + fm_rng_below(&rng, 4)));
            fm_buf_putc(&text, ' ');
        }
        fm_bpe_text one = {(const uint8_t *)text.data, text.size};
        fm_tokenizer *t = train(&options, &one, 1);
        const char *p = text.data;
        for (int w = 0; w < count; w++) {
            words[w].size = lengths[w];
            for (int i = 0; i < lengths[w]; i++) words[w].symbols[i] = t->byte_id[(uint8_t)p[i]];
            p += lengths[w] + 1;
        }
        int32_t next = 256, left = 0, right = 0;
        for (int32_t rank = 0; rank < t->merged_count; rank++) {
            assert_true(best_pair(count, next, &left, &right) >= 2);
            assert_int_equal(fm_pair_rank(t, (uint32_t)left, (uint32_t)right), rank);
            int32_t id = fm_merge_result(t, (uint32_t)rank);
            if (id >= next) next = id + 1;
            for (int w = 0; w < count; w++) merge_plain(&words[w], left, right, id);
        }
        assert_int_equal(next, 290);
        fm_tokenizer_close(t);
        fm_buf_release(&text);
    }
}

/* ---- the same whatever the threads and the order ---- */

static void test_deterministic(void **state) {
    (void)state;
    const char *path = fm_test_shared("train/wiki/valid.txt");
    fm_buf text = {0}, json[3] = {{0}};
    fm_error err = {0};
    fm_test_need(path);
    fm_test_ok(fm_file_read(path, 1 << 24, &text, &err), &err);
    fm_buf copy = {0};
    fm_buf_append(&copy, text.data, text.size);
    while (text.size < 5 << 20)
        fm_buf_append(&text, copy.data, copy.size); /* several chunks for several threads */
    fm_buf_release(&copy);
    size_t half = (size_t)(strchr(text.data + text.size / 2, '\n') - text.data) + 1;
    const uint8_t *p = (const uint8_t *)text.data;
    fm_bpe_text forward[] = {{p, half}, {p + half, text.size - half}}, backward[] = {forward[1], forward[0]};
    for (int i = 0; i < 3; i++) {
        fm_bpe_options options = fm_bpe_options_default();
        options.vocab_size = 1000;
        options.threads = i == 0 ? 1 : 4;
        fm_tokenizer *t = train(&options, i < 2 ? forward : backward, 2);
        assert_int_equal(fm_tokenizer_vocab_size(t), 1000);
        fm_test_ok(fm_tokenizer_to_json(t, &json[i], &err), &err);
        fm_tokenizer_close(t);
    }
    assert_string_equal(json[0].data, json[1].data);
    assert_string_equal(json[0].data, json[2].data);
    for (int i = 0; i < 3; i++) fm_buf_release(&json[i]);
    fm_buf_release(&text);
}

/* ---- options ---- */

static void test_digits_and_specials(void **state) {
    (void)state;
    static const fm_bpe_special specials[] = {{"<｜User｜>", true}, {"<think>", false}};
    fm_bpe_options options = fm_bpe_options_default();
    fm_error err = {0};
    options.vocab_size = 300;
    options.specials = specials;
    options.special_count = 2;
    fm_tokenizer *t =
        train_text(&options, "12 12 12 12 <think>ab<think>ab<think> <think> <｜User｜>ab<｜User｜>ab");
    assert_int_equal(fm_tokenizer_special(t, "<｜User｜>"), 0);
    assert_int_equal(fm_tokenizer_special(t, "<think>"), 1);
    assert_true(fm_tokenizer_is_special(t, 0));
    assert_false(fm_tokenizer_is_special(t, 1));
    check_token(t, 2, "!"); /* the first of GPT-2's alphabet */
    check_token(t, 258, "ab");
    /* No token with two digits, and none from the insides of the specials. */
    for (int32_t id = 258; id < fm_tokenizer_vocab_size(t); id++) {
        size_t size;
        const char *bytes = fm_tokenizer_bytes(t, id, &size);
        for (size_t i = 0; i < size; i++) assert_null(memchr("0123456789<>kU", bytes[i], 14));
    }
    fm_tokenizer_close(t);
    options.pattern = "[^ ]+";
    t = train_text(&options, "a12 a12 a12"); /* with this pattern digits join */
    check_token(t, 258, "12");               /* as frequent as "a1", and a digit's id is lower */
    check_token(t, 259, "a12");
    fm_tokenizer_close(t);
    options.single_digits = true;
    t = train_text(&options, "a12 a12 a12"); /* unless they are kept apart */
    assert_int_equal(fm_tokenizer_vocab_size(t), 258);
    fm_ids ids = {0};
    fm_test_ok(fm_tokenizer_encode(t, "a12", 3, 0, &ids, &err), &err);
    assert_int_equal(ids.count, 3);
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
}

/* A merge whose bytes are a special token's text must not become a second token of that name. */
static void test_special_as_word(void **state) {
    (void)state;
    static const fm_bpe_special specials[] = {{"abc", true}};
    fm_bpe_options options = fm_bpe_options_default();
    options.vocab_size = 300;
    options.pattern = "[^ ]+";
    options.specials = specials;
    options.special_count = 1;
    fm_buf json = {0};
    fm_error err = {0};
    fm_tokenizer *t = train_text(&options, "ab bc ab bc abd bcd"), *again;
    fm_test_ok(fm_tokenizer_to_json(t, &json, &err), &err);
    fm_test_ok(fm_tokenizer_from_json(&again, json.data, json.size, "again", &err), &err);
    assert_int_equal(fm_tokenizer_vocab_size(again), fm_tokenizer_vocab_size(t));
    fm_tokenizer_close(t);
    fm_tokenizer_close(again);
    fm_buf_release(&json);
}

static void test_odd_texts(void **state) {
    (void)state;
    fm_bpe_options options = fm_bpe_options_default();
    options.vocab_size = 400;
    fm_bpe_text none[] = {{NULL, 0}, {(const uint8_t *)"", 0}};
    fm_tokenizer *t = train(&options, none, 2);
    assert_int_equal(fm_tokenizer_vocab_size(t), 256);
    fm_tokenizer_close(t);
    uint8_t *noise = malloc(1 << 20);
    fm_rng rng = fm_rng_init(5, "noise");
    for (size_t i = 0; i < 1 << 20; i++) noise[i] = (uint8_t)fm_rng_u32(&rng);
    fm_bpe_text text = {noise, 1 << 20};
    t = train(&options, &text, 1);
    assert_int_equal(fm_tokenizer_vocab_size(t), 400);
    fm_tokenizer_close(t);
    memset(noise, 'x', 1 << 20); /* one word above the limit: nothing to learn */
    t = train(&options, &text, 1);
    assert_int_equal(fm_tokenizer_vocab_size(t), 256);
    fm_tokenizer_close(t);
    free(noise);
}

static void test_errors(void **state) {
    (void)state;
    static const fm_bpe_special twice[] = {{"<a>", true}, {"<a>", true}}, empty[] = {{"", true}};
    fm_bpe_trainer *trainer;
    fm_error err = {0};
    fm_tokenizer *t;
    fm_bpe_options options = fm_bpe_options_default();
    options.vocab_size = 255;
    fm_test_refused(fm_bpe_trainer_create(&trainer, &options, &err), &err, FM_ERR_ARG, "255", "256", NULL);
    options.vocab_size = FM_TOKENIZER_MAX_VOCAB + 1;
    fm_test_refused(fm_bpe_trainer_create(&trainer, &options, &err), &err, FM_ERR_ARG, "1048576", NULL);
    options.vocab_size = 400;
    options.pattern = "(?<=a)";
    fm_test_refused(fm_bpe_trainer_create(&trainer, &options, &err), &err, FM_ERR_UNSUPPORTED, "lookbehind",
                    NULL);
    options.pattern = NULL;
    options.specials = twice;
    options.special_count = 2;
    fm_test_refused(fm_bpe_trainer_create(&trainer, &options, &err), &err, FM_ERR_ARG, "<a>", "twice", NULL);
    options.specials = empty;
    options.special_count = 1;
    fm_test_refused(fm_bpe_trainer_create(&trainer, &options, &err), &err, FM_ERR_LIMIT, "0 bytes", NULL);
    assert_null(trainer);
    options.special_count = 0;
    fm_test_ok(fm_bpe_trainer_create(&trainer, &options, &err), &err);
    fm_test_ok(fm_bpe_trainer_finish(trainer, &t, &err), &err);
    fm_tokenizer_close(t);
    fm_test_refused(fm_bpe_trainer_finish(trainer, &t, &err), &err, FM_ERR_STATE, NULL);
    fm_test_refused(fm_bpe_trainer_add(trainer, NULL, 0, &err), &err, FM_ERR_STATE, NULL);
    fm_bpe_trainer_free(trainer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),         cmocka_unit_test(test_against_reference),
        cmocka_unit_test(test_deterministic),   cmocka_unit_test(test_digits_and_specials),
        cmocka_unit_test(test_special_as_word), cmocka_unit_test(test_odd_texts),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
