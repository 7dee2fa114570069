/* tiny.h: a model small enough for a test: random weights, mini's tokenizer, a context of 128. */
#ifndef FM_TESTS_TINY_H
#define FM_TESTS_TINY_H

enum { FM_TINY_CONTEXT = 128 };

/* The folder of the model, made on first use below fm_test_temp_dir(). Weights are large enough that answers vary. */
const char *fm_test_tiny_model(void);

#endif
