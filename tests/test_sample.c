/* test_sample.c: the draw has the distribution that the options describe; ranges are refused by name. */
#include "support/support.h"

#include <math.h>
#include <string.h>

#include "infer/sample.h"

enum { VOCAB = 50 };

/* Draws 20,000 tokens from fixed logits; counts[] gets how often each came. */
static void draw(const fm_sample_options *options, int counts[VOCAB]) {
    fm_error err = {0};
    uint64_t workspace[VOCAB];
    memset(counts, 0, VOCAB * sizeof *counts);
    for (uint64_t position = 0; position < 20000; position++) {
        float logits[VOCAB];
        for (int i = 0; i < VOCAB; i++)
            logits[i] = (float)((i * 37) % VOCAB) * 0.1f; /* the best is where 37i = 49 */
        int32_t token;
        fm_sample_in in = {.logits = logits, .vocab = VOCAB, .position = position, .workspace = workspace};
        fm_test_ok(fm_sample_token(options, &in, &token, &err), &err);
        counts[token]++;
    }
}

/* Compares with the softmax over the `kept` best, computed here by sorting ranks. */
static void expect(const int counts[VOCAB], int kept, double temperature) {
    double total = 0;
    for (int rank = 0; rank < kept; rank++) total += exp((VOCAB - 1 - rank) * 0.1 / temperature);
    for (int i = 0; i < VOCAB; i++) {
        int rank = VOCAB - 1 - (i * 37) % VOCAB;
        double p = rank < kept ? exp((VOCAB - 1 - rank) * 0.1 / temperature) / total : 0;
        assert_true(fabs(counts[i] - 20000 * p) <= 4.5 * sqrt(20000 * p * (1 - p)) + (p > 0 ? 1 : 0));
    }
}

static void distributions(void **state) {
    (void)state;
    int counts[VOCAB];
    fm_sample_options o = fm_sample_options_default();
    o.temperature = 1, o.top_p = 1;
    draw(&o, counts), expect(counts, VOCAB, 1);
    o.temperature = 0.5f;
    draw(&o, counts), expect(counts, VOCAB, 0.5);
    o.top_k = 7;
    draw(&o, counts), expect(counts, 7, 0.5);
    o.top_k = 0, o.top_p = 0.5f, o.temperature = 1;
    int kept = 0;
    double all = 0, part = 0;
    for (int i = 0; i < VOCAB; i++) all += exp(i * 0.1);
    while (part < 0.5 * all) part += exp((VOCAB - 1 - kept++) * 0.1);
    draw(&o, counts), expect(counts, kept, 1);
    o.top_p = 1, o.min_p = 0.55f; /* e^-0.5 = 0.607 stays, e^-0.6 = 0.549 goes */
    draw(&o, counts), expect(counts, 6, 1);
    o.min_p = 0, o.top_k = 10, o.top_p = 0.3f; /* top-p counts on what top-k left */
    for (kept = 0, all = part = 0; kept < 10; kept++) all += exp((VOCAB - 1 - kept) * 0.1);
    for (kept = 0; part < 0.3 * all;) part += exp((VOCAB - 1 - kept++) * 0.1);
    draw(&o, counts), expect(counts, kept, 1);
}

static void greedy_ties_and_penalty(void **state) {
    (void)state;
    fm_error err = {0};
    uint64_t workspace[4];
    fm_sample_options o = fm_sample_options_default();
    o.temperature = 0;
    float logits[4] = {1, NAN, 3, 3};
    int32_t token, recent[] = {2, 2};
    fm_sample_in in = {.logits = logits, .vocab = 4, .workspace = workspace};
    fm_test_ok(fm_sample_token(&o, &in, &token, &err), &err);
    assert_int_equal(token, 2);
    in.recent = recent, in.recent_count = 2, o.repeat_penalty = 2;
    fm_test_ok(fm_sample_token(&o, &in, &token, &err), &err);
    assert_int_equal(token, 3);
    assert_true(logits[2] == 1.5f); /* once, not twice */
    for (int i = 0; i < 4; i++) logits[i] = NAN;
    fm_test_refused(fm_sample_token(&o, &in, &token, &err), &err, FM_ERR_NUMERIC, "4 logits", NULL);
}

static void same_seed_same_token(void **state) {
    (void)state;
    fm_sample_options o = fm_sample_options_default();
    int one[VOCAB], two[VOCAB];
    o.temperature = 1;
    draw(&o, one), draw(&o, two);
    assert_memory_equal(one, two, sizeof one);
    o.seed = 1;
    draw(&o, two);
    assert_memory_not_equal(one, two, sizeof one);
}

static void ranges(void **state) {
    (void)state;
    fm_error err = {0};
    fm_sample_options o = fm_sample_options_default();
    fm_test_ok(fm_sample_options_check(&o, &err), &err);
    o.top_p = 0;
    fm_test_refused(fm_sample_options_check(&o, &err), &err, FM_ERR_ARG, "top_p", "0", "1", NULL);
    o = fm_sample_options_default(), o.temperature = NAN;
    fm_test_refused(fm_sample_options_check(&o, &err), &err, FM_ERR_ARG, "temperature", NULL);
    o = fm_sample_options_default(), o.repeat_penalty = 11;
    fm_test_refused(fm_sample_options_check(&o, &err), &err, FM_ERR_ARG, "repeat_penalty", "11", "10", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions),
        cmocka_unit_test(greedy_ties_and_penalty),
        cmocka_unit_test(same_seed_same_token),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
