/* support.h: what every test needs: cmocka, the place of the shared data, comparing tensors.
 *
 * A test that lacks its data skips (exit code 77 from a program, or cmocka's skip()) with a message that names
 * what is absent; it never passes silently.
 */
#ifndef FM_TESTS_SUPPORT_H
#define FM_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"

/* Path below the shared data folder (../shared/data beside the source tree, or $FM_SHARED), in one of eight
 * rotating static buffers. */
const char *fm_test_shared(const char *below);

/* Path below the golden folder ($FM_GOLDEN, else ../shared/data/golden). */
const char *fm_test_golden(const char *below);

/* A fresh folder for this test's files, removed at exit. */
const char *fm_test_temp_dir(void);

/* Fails the test with the error's message unless the status is FM_OK. */
void fm_test_ok(fm_status status, const fm_error *err);

/* Fails unless status is `expected` and the message contains every one of the given words (NULL-terminated). */
void fm_test_refused(fm_status status, const fm_error *err, fm_status expected, ...);

/* ||a-b||2 / ||b||2 over n elements, in double; infinity when any a is not finite. */
double fm_test_relative_error(const float *a, const float *b, size_t n);

/* Skips the running cmocka test with a message unless the path exists. */
void fm_test_need(const char *path);

#endif
