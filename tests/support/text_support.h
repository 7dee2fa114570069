/* text_support.h: what the tests of tokenisers share. Every function fails or skips the running test by itself. */
#ifndef FM_TESTS_TEXT_SUPPORT_H
#define FM_TESTS_TEXT_SUPPORT_H

#include "support/support.h"

#include <jansson.h>

#include "text/tokenizer.h"

/* Opens a vocabulary below the shared folder / the golden models' one of 512 tokens. */
fm_tokenizer *fm_test_tokenizer(const char *path);
fm_tokenizer *fm_test_small_tokenizer(void);

/* *ids becomes the ids of the text. */
void fm_test_encode(const fm_tokenizer *t, const void *text, size_t size, unsigned flags, fm_ids *ids);
void fm_test_print_ids(const char *label, const int32_t *ids, size_t count);

json_t *fm_test_json(const char *path);
void fm_test_read(const char *path, fm_buf *out);

#endif
