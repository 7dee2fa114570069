/* support.c: see support.h. */
#define _GNU_SOURCE
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *below(const char *root, const char *rest) {
    static char paths[8][2048];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", root, rest);
    return path;
}

const char *fm_test_shared(const char *rest) {
    const char *root = getenv("FM_SHARED");
    return below(root ? root : FM_SOURCE_DIR "/../shared/data", rest);
}

const char *fm_test_golden(const char *rest) {
    const char *root = getenv("FM_GOLDEN");
    return root ? below(root, rest) : below(fm_test_shared("golden"), rest);
}

static char temp_dir[64];

static void remove_temp_dir(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", temp_dir);
    if (system(command) != 0) fprintf(stderr, "could not remove %s\n", temp_dir);
}

const char *fm_test_temp_dir(void) {
    if (temp_dir[0] == '\0') {
        strcpy(temp_dir, "/tmp/fathom-test-XXXXXX");
        if (mkdtemp(temp_dir) == NULL) fail_msg("cannot make a folder under /tmp");
        atexit(remove_temp_dir);
    }
    return temp_dir;
}

void fm_test_ok(fm_status status, const fm_error *err) {
    if (status != FM_OK) fail_msg("%s: %s", fm_status_name(status), err ? err->message : "no message");
}

void fm_test_refused(fm_status status, const fm_error *err, fm_status expected, ...) {
    if (status != expected)
        fail_msg("expected %s, got %s: %s", fm_status_name(expected), fm_status_name(status), err->message);
    va_list words;
    va_start(words, expected);
    for (const char *word; (word = va_arg(words, const char *)) != NULL;)
        if (strstr(err->message, word) == NULL) fail_msg("message lacks \"%s\": %s", word, err->message);
    va_end(words);
}

double fm_test_relative_error(const float *a, const float *b, size_t n) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i])) return INFINITY;
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        size += (double)b[i] * b[i];
    }
    if (size == 0) return difference == 0 ? 0 : INFINITY;
    return sqrt(difference / size);
}

void fm_test_need(const char *path) {
    if (access(path, F_OK) == 0) return;
    print_message("skipped: %s is not there\n", path);
    skip();
}
