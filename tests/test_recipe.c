/* test_recipe.c: what a recipe says is what is taken, and every mistake in one is named: file, key, value,
 * limit. */
#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "support/recipes.h"
#include "train/recipe.h"

static void reads_all(void **state) {
    (void)state;
    fm_recipe r;
    fm_error err = {0};
    fm_test_corpus(9);
    fm_test_ok(fm_recipe_load(&r, fm_test_recipe("good", fm_test_stage), &err), &err);
    assert_string_equal(r.name, "good");
    assert_int_equal(r.seed, 3);
    assert_int_equal(r.precision, FM_PRECISION_F32);
    assert_int_equal(r.config.vocab_size, 320); /* 262 ids, rounded up to a multiple of 64 */
    assert_int_equal(r.stage_count, 2);
    assert_int_equal(r.total_steps, 12);
    assert_int_equal(r.stage[0].batch_rows, 4);
    assert_int_equal(r.stage[0].micro_rows, 2);
    assert_int_equal(r.stage[1].kind, FM_STAGE_SFT);
    assert_int_equal(r.stage[0].sources[0].holdout, 5);
    assert_int_equal(r.stage[0].sources[0].path[0], '/');
    assert_int_equal(r.stage[0].sources[1].kind, FM_SOURCE_TASK);
    assert_string_equal(r.stage[0].sources[1].name, "task-addsub");
    assert_int_equal(r.stage[0].sources[1].levels, 1);
    assert_int_equal(r.stage[1].sources[1].langs, 1u << FM_LANG_EN);
    assert_int_equal(r.keep, 2);
    int64_t inside;
    assert_int_equal(fm_recipe_stage(&r, 6, &inside), 0);
    assert_int_equal(inside, 6);
    assert_int_equal(fm_recipe_stage(&r, 7, &inside), 1);
    assert_int_equal(inside, 0);
    fm_recipe_release(&r);
}

/* A change of the good stage text, and the words its refusal must hold. */
typedef struct mistake {
    const char *from, *to;
    const char *words[4];
} mistake;

static const mistake mistakes[] = {
    {"steps: 7", "stepz: 7", {"stepz", "line"}},
    {"steps: 7", "steps: seven", {"steps", "seven", "line"}},
    {"steps: 7", "steps: 0", {"stages[1].steps is 0", "must be 1"}},
    {"steps: 7", "steps: 7\n    steps: 8", {"steps", "already"}},
    {"steps: 7", "steps: 7\n    tokens: 100", {"both of steps and tokens"}},
    {"    steps: 7\n", "", {"none of steps and tokens"}},
    {"batch_tokens: 256", "batch_tokens: 250", {"batch_tokens is 250", "multiple of sequence 64"}},
    {"micro_batch: 2", "micro_batch: 3", {"micro_batch is 3", "divide"}},
    {"sequence: 96", "sequence: 384", {"sequence is 384", "max_position_embeddings 256"}},
    {"shape: cosine", "shape: sine", {"sine"}},
    {"peak: 0.01", "peak: nan", {"lr.peak is nan", "must be"}},
    {"peak: 0.01", "peak: high", {"peak", "high"}},
    {"warmup: 2", "warmup: 7", {"lr.warmup is 7", "0 to 6"}},
    {"file: text.jsonl, weight: 2",
     "file: absent.jsonl, weight: 2",
     {"sources[1].file", "absent.jsonl", "no such file"}},
    {"file: text.jsonl, weight: 2", "file: good2.yaml, weight: 2", {"must end in", "good2.yaml"}},
    {"weight: 2", "weight: -2", {"weight is -2"}},
    {"weight: 2", "weight: 2, gen: prose", {"2 of the keys file, task and gen"}},
    {"holdout: 5}\n      - {task", "holdout: 1}\n      - {task", {"holdout is 1", "2 to"}},
    {"task: addsub", "task: adding", {"\"adding\" is no family"}},
    {"levels: [1]", "levels: [4]", {"levels is 4", "1 to 3"}},
    {"task: addsub", "name: text, task: addsub", {"name is \"text\"", "sources[1]"}},
    {"gen: dialogue", "gen: poems", {"poems"}},
    {"langs: [en]", "langs: [fr]", {"fr"}},
    {"kind: sft", "kind: sft\n    mask: none", {"mask is none", "sft"}},
    {"every: 4", "every: -4", {"validation.every is -4"}},
    {"stages:", "seeds: 1\nstages:", {"seeds"}},
    {"stages:", "precision: f16\nstages:", {"precision"}},
    {"stages:", "optimizer: {beta1: 1.5}\nstages:", {"optimizer.beta1 is 1.5"}},
    {"stages:", "stages: [", {"line"}},
};

static void names_every_mistake(void **state) {
    (void)state;
    fm_test_corpus(9);
    fm_test_recipe("good2", "");
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const mistake *m = &mistakes[i];
        fm_buf text = {0};
        const char *at = strstr(fm_test_stage, m->from);
        if (at == NULL) fail_msg("case %zu: \"%s\" is not in the stage", i, m->from);
        fm_buf_append(&text, fm_test_stage, (size_t)(at - fm_test_stage));
        fm_buf_puts(&text, m->to);
        fm_buf_puts(&text, at + strlen(m->from));
        fm_recipe r;
        fm_error err = {0};
        fm_status status = fm_recipe_load(&r, fm_test_recipe("bad", text.data), &err);
        fm_recipe_release(&r);
        fm_buf_release(&text);
        if (status == FM_OK) fail_msg("case %zu was taken: %s", i, m->to);
        fm_test_refused(status, &err, FM_ERR_FORMAT, "bad.yaml", NULL);
        for (int w = 0; w < 4 && m->words[w]; w++)
            if (strstr(err.message, m->words[w]) == NULL)
                fail_msg("case %zu (%s): message lacks \"%s\": %s", i, m->to, m->words[w], err.message);
    }
}

static void refuses_files(void **state) {
    (void)state;
    fm_recipe r;
    fm_error err = {0};
    fm_test_refused(fm_recipe_load(&r, "/nowhere/x.yaml", &err), &err, FM_ERR_IO, "/nowhere/x.yaml", NULL);
    fm_recipe_release(&r);
    char path[600];
    snprintf(path, sizeof path, "%s/empty.yaml", fm_test_temp_dir());
    fm_test_ok(fm_file_write(path, "", 0, &err), &err);
    fm_test_refused(fm_recipe_load(&r, path, &err), &err, FM_ERR_FORMAT, "empty", NULL);
    fm_recipe_release(&r);
    static const char binary[] = "name: \x01\x02\xff\xfe\nstages: 3\n";
    fm_test_ok(fm_file_write(path, binary, sizeof binary, &err), &err);
    fm_test_refused(fm_recipe_load(&r, path, &err), &err, FM_ERR_FORMAT, "empty.yaml", NULL);
    fm_recipe_release(&r);
}

static void committed_recipes_load(void **state) {
    (void)state;
    fm_recipe r;
    fm_error err = {0};
    fm_test_ok(fm_recipe_load(&r, FM_SOURCE_DIR "/recipes/smoke.yaml", &err), &err);
    fm_recipe_release(&r);
    fm_test_ok(fm_recipe_load(&r, FM_SOURCE_DIR "/recipes/mini.yaml", &err), &err);
    fm_param_count count = fm_config_count(&r.config);
    assert_true(count.total + count.mtp <= 14000000);
    fm_recipe_release(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_all), cmocka_unit_test(names_every_mistake),
                                       cmocka_unit_test(refuses_files),
                                       cmocka_unit_test(committed_recipes_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
