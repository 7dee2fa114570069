/* text_support.c: see text_support.h. */
#include "support/text_support.h"

#include "base/fs.h"

fm_tokenizer *fm_test_tokenizer(const char *path) {
    fm_tokenizer *t;
    fm_error err = {0};
    fm_test_need(fm_test_shared(path));
    fm_test_ok(fm_tokenizer_open(&t, fm_test_shared(path), NULL, &err), &err);
    return t;
}

fm_tokenizer *fm_test_small_tokenizer(void) {
    fm_tokenizer *t;
    fm_error err = {0};
    const char *path = fm_test_golden("deepseek_v3-full");
    fm_test_need(path);
    fm_test_ok(fm_tokenizer_open(&t, path, NULL, &err), &err);
    return t;
}

void fm_test_encode(const fm_tokenizer *t, const void *text, size_t size, unsigned flags, fm_ids *ids) {
    fm_error err = {0};
    ids->count = 0;
    fm_test_ok(fm_tokenizer_encode(t, text, size, flags, ids, &err), &err);
}

void fm_test_print_ids(const char *label, const int32_t *ids, size_t count) {
    print_message("%s", label);
    for (size_t i = 0; i < count; i++) print_message(" %d", ids[i]);
    print_message("\n");
}

json_t *fm_test_json(const char *path) {
    json_error_t reason;
    fm_test_need(path);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &reason);
    if (root == NULL) fail_msg("%s: %s", path, reason.text);
    return root;
}

void fm_test_read(const char *path, fm_buf *out) {
    fm_error err = {0};
    fm_test_need(path);
    fm_test_ok(fm_file_read(path, 1 << 24, out, &err), &err);
}
