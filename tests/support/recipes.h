/* recipes.h: small training runs for tests: a recipe in a temporary folder, a byte vocabulary, a model of
 * about 30,000 parameters with everything in it (q_lora, experts, MTP). */
#ifndef FM_TESTS_RECIPES_H
#define FM_TESTS_RECIPES_H

#include "train/trainer.h"

/* Writes FOLDER/NAME.yaml: the usual head followed by `rest` ("stages:" and what else); returns its path
 * (static storage, overwritten by the next call). */
const char *fm_test_recipe(const char *name, const char *rest);

/* Writes FOLDER/text.jsonl: `count` small documents, every third a conversation. */
void fm_test_corpus(int count);

/* A stage of `steps` steps on text.jsonl and sums, four rows of 64, two micro-batches. */
extern const char fm_test_stage[];

/* Trains `steps` steps (0: to the end) into FOLDER/runs/RUN with the given number of threads. */
void fm_test_train(const char *recipe, const char *run, int64_t steps, bool resume, int threads);

/* FOLDER/runs/RUN, in rotating static storage. */
const char *fm_test_run(const char *run);

/* Hash of w, m and v of the newest checkpoint of a run. */
void fm_test_run_hash(const char *run, char hex[FM_SHA256_HEX]);

#endif
