/* test_ledger.c: the chain catches every changed byte; torn lines; FLOPs against the published figures; the
 * report. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "support/recipes.h"
#include "train/flops.h"
#include "train/ledger.h"
#include "train/report.h"
#include "train/schedule.h"

static char path[600];

static void write_ledger(int lines) {
    fm_ledger ledger;
    fm_error err = {0};
    snprintf(path, sizeof path, "%s/chain.jsonl", fm_test_temp_dir());
    remove(path);
    fm_test_ok(fm_ledger_open(&ledger, path, &err), &err);
    for (int i = 0; i < lines; i++) {
        fm_buf line = {0};
        fm_buf_printf(&line, "{\"kind\":\"%s\",\"step\":%d}", i == 0 ? "segment" : "step", i);
        fm_test_ok(fm_ledger_append(&ledger, &line, &err), &err);
        fm_buf_release(&line);
    }
    fm_test_ok(fm_ledger_sync(&ledger, &err), &err);
    fm_ledger_close(&ledger);
}

static void chain_holds(void **state) {
    (void)state;
    fm_error err = {0};
    fm_ledger_facts facts;
    write_ledger(5);
    fm_test_ok(fm_ledger_verify(path, &facts, &err), &err);
    assert_int_equal(facts.lines, 5);
    assert_int_equal(facts.segments, 1);
    assert_int_equal(facts.steps, 4);
    assert_int_equal(facts.torn_bytes, 0);
}

/* Every single byte of every line but the last (whose hash nothing in the file holds yet), flipped. */
static void chain_catches_every_byte(void **state) {
    (void)state;
    fm_error err = {0};
    fm_ledger_facts facts;
    fm_buf bytes = {0};
    write_ledger(3);
    fm_test_ok(fm_file_read(path, 1 << 20, &bytes, &err), &err);
    size_t last_line = bytes.size - 1;
    while (bytes.data[last_line - 1] != '\n') last_line--;
    for (size_t i = 0; i < last_line; i++) {
        bytes.data[i] ^= 1;
        fm_test_ok(fm_file_write(path, bytes.data, bytes.size, &err), &err);
        err = (fm_error){0};
        fm_test_refused(fm_ledger_verify(path, &facts, &err), &err, FM_ERR_FORMAT, "chain.jsonl", "line",
                        NULL);
        bytes.data[i] ^= 1;
    }
    fm_buf_release(&bytes);
}

static void a_missing_line_is_seen(void **state) {
    (void)state;
    fm_error err = {0};
    fm_ledger_facts facts;
    fm_buf bytes = {0};
    write_ledger(4);
    fm_test_ok(fm_file_read(path, 1 << 20, &bytes, &err), &err);
    char *first = strchr(bytes.data, '\n') + 1, *second = strchr(first, '\n') + 1;
    memmove(first, second, strlen(second) + 1);
    fm_test_ok(fm_file_write(path, bytes.data, strlen(bytes.data), &err), &err);
    fm_test_refused(fm_ledger_verify(path, &facts, &err), &err, FM_ERR_FORMAT, "line 2", NULL);
    fm_buf_release(&bytes);
}

static void a_torn_line_is_cut(void **state) {
    (void)state;
    fm_error err = {0};
    fm_ledger_facts facts;
    fm_ledger ledger;
    fm_buf bytes = {0}, line = {0};
    write_ledger(3);
    fm_test_ok(fm_file_read(path, 1 << 20, &bytes, &err), &err);
    fm_test_ok(fm_file_write(path, bytes.data, bytes.size - 20, &err), &err);
    fm_test_ok(fm_ledger_verify(path, &facts, &err), &err);
    assert_int_equal(facts.lines, 2);
    assert_true(facts.torn_bytes > 0);
    fm_test_ok(fm_ledger_open(&ledger, path, &err), &err);
    assert_true(ledger.torn_bytes > 0);
    fm_buf_puts(&line, "{\"kind\":\"step\",\"step\":9}");
    fm_test_ok(fm_ledger_append(&ledger, &line, &err), &err);
    fm_ledger_close(&ledger);
    fm_test_ok(fm_ledger_verify(path, &facts, &err), &err);
    assert_int_equal(facts.lines, 3);
    assert_int_equal(facts.torn_bytes, 0);
    fm_buf_release(&bytes);
    fm_buf_release(&line);
}

/* DeepSeek-V3 at 4,096: 250.46 and, with MTP, 260.65 GFLOP per token (computed from the published shape). */
static void flops_of_v3(void **state) {
    (void)state;
    fm_config c = {.vocab_size = 129280,
                   .hidden_size = 7168,
                   .num_hidden_layers = 61,
                   .num_attention_heads = 128,
                   .q_lora_rank = 1536,
                   .kv_lora_rank = 512,
                   .qk_nope_head_dim = 128,
                   .qk_rope_head_dim = 64,
                   .v_head_dim = 128,
                   .intermediate_size = 18432,
                   .moe_intermediate_size = 2048,
                   .n_routed_experts = 256,
                   .n_shared_experts = 1,
                   .num_experts_per_tok = 8,
                   .n_group = 8,
                   .topk_group = 4,
                   .first_k_dense_replace = 3,
                   .moe_layer_freq = 1,
                   .topk_method = FM_TOPK_NOAUX_TC,
                   .num_nextn_predict_layers = 1};
    fm_flops plain = fm_flops_of(&c, false), mtp = fm_flops_of(&c, true);
    double pairs = (4096 + 1) / 2.0;
    assert_true(fabs((plain.per_token + plain.per_pair * pairs) * 1e-9 - 250.46) < 0.05);
    assert_true(fabs((mtp.per_token + mtp.per_pair * pairs) * 1e-9 - 260.65) < 0.05);
}

static void schedules(void **state) {
    (void)state;
    fm_schedule s = {.shape = FM_LR_COSINE, .peak = 1, .final = 0.1, .warmup = 10, .steps = 110};
    assert_true(fabs(fm_schedule_lr(&s, 0) - 0.1) < 1e-12);
    assert_true(fabs(fm_schedule_lr(&s, 9) - 1) < 1e-12);
    assert_true(fabs(fm_schedule_lr(&s, 59) - 0.55) < 1e-12); /* half way down */
    assert_true(fabs(fm_schedule_lr(&s, 109) - 0.1) < 1e-12);
    assert_true(fabs(fm_schedule_lr(&s, 500) - 0.1) < 1e-12);
    s = (fm_schedule){.shape = FM_LR_WSD, .peak = 2, .final = 0, .decay = 0.25, .steps = 100};
    assert_true(fm_schedule_lr(&s, 74) == 2);
    assert_true(fabs(fm_schedule_lr(&s, 87) - 2 * (1 - 13.0 / 25)) < 1e-12);
    s = (fm_schedule){.shape = FM_LR_V3, .peak = 2.2e-4, .steps = 14800};
    assert_true(fm_schedule_lr(&s, 9000) == 2.2e-4);
    assert_true(fabs(fm_schedule_lr(&s, 14400) - 2.2e-5) < 1e-12);
    assert_true(fabs(fm_schedule_lr(&s, 14799) - 7.3e-6) < 1e-12);
    for (int i = 1; i < 14800; i++) assert_true(fm_schedule_lr(&s, i) <= fm_schedule_lr(&s, i - 1));
}

static void report_is_one_page(void **state) {
    (void)state;
    fm_error err = {0};
    fm_buf page = {0};
    char ledger[600];
    fm_test_corpus(60);
    char recipe[512];
    strcpy(recipe, fm_test_recipe("report", fm_test_stage));
    fm_test_train(recipe, "report", 5, false, 1);
    fm_test_train(recipe, "report", 0, true, 1);
    snprintf(ledger, sizeof ledger, "%s/run.jsonl", fm_test_run("report"));
    fm_report_options options = {.ledger = ledger, .price_per_hour = 2, .currency = "$"};
    fm_test_ok(fm_report_html(&options, &page, &err), &err);
    static const char *const words[] = {"<svg",     "bits per byte", "Expert load",
                                        "Segments", "convention",    "device-hour",
                                        "RAPL",     "text",          "</html>"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(page.data, words[i]) == NULL) fail_msg("the page lacks %s", words[i]);
    assert_null(strstr(page.data, "<script"));
    assert_null(strstr(page.data, "http"));
    assert_null(strstr(page.data, "nan"));
    fm_buf_release(&page);
    options.ledger = path;
    write_ledger(1);
    fm_test_refused(fm_report_html(&options, &page, &err), &err, FM_ERR_FORMAT, "no step", NULL);
    fm_buf_release(&page);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(chain_holds),
                                       cmocka_unit_test(chain_catches_every_byte),
                                       cmocka_unit_test(a_missing_line_is_seen),
                                       cmocka_unit_test(a_torn_line_is_cut),
                                       cmocka_unit_test(flops_of_v3),
                                       cmocka_unit_test(schedules),
                                       cmocka_unit_test(report_is_one_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
