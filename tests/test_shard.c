/* test_shard.c: reading training text: what comes out of each format, and one clear refusal for each bad
 * input. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/fs.h"
#include "train/shard.h"

static char path[256];

static const char *put(const char *name, const void *bytes, size_t size) {
    snprintf(path, sizeof path, "%s/%s", fm_test_temp_dir(), name);
    fm_error err = {0};
    fm_test_ok(fm_file_write(path, bytes, size, &err), &err);
    return path;
}

static const char *put_text(const char *name, const char *text) { return put(name, text, strlen(text)); }

static const char *put_zst(const char *name, const char *text, size_t cut) {
    size_t room = ZSTD_compressBound(strlen(text));
    char *packed = malloc(room);
    size_t size = ZSTD_compress(packed, room, text, strlen(text), 3);
    assert_false(ZSTD_isError(size));
    put(name, packed, size - cut);
    free(packed);
    return path;
}

static fm_shard *opened(const char *at, size_t limit) {
    fm_shard *shard;
    fm_error err = {0};
    fm_test_ok(fm_shard_open(&shard, at, limit, &err), &err);
    return shard;
}

/* Reads until the end or an error. */
static fm_status drain(const char *at, size_t limit, int *documents, fm_error *err) {
    fm_shard *shard = opened(at, limit);
    fm_status status = FM_OK;
    bool end = false;
    *documents = 0;
    while (status == FM_OK && !end) {
        fm_doc doc;
        status = fm_shard_next(shard, &doc, &end, err);
        *documents += status == FM_OK && !end;
    }
    if (status != FM_OK) {
        fm_doc doc;
        assert_int_equal(fm_shard_next(shard, &doc, &end, NULL), FM_ERR_STATE);
    }
    fm_shard_close(shard);
    return status;
}

#define REFUSES(at, limit, code, ...)                                                                        \
    do {                                                                                                     \
        fm_error refusal = {0};                                                                              \
        int count_;                                                                                          \
        fm_test_refused(drain(at, limit, &count_, &refusal), &refusal, code, __VA_ARGS__, NULL);             \
    } while (0)

static const char lines[] = "{\"text\":\"One day.\\nIt rained.\",\"source\":\"x\"}\n\n"
                            "{\"messages\":[{\"role\":\"user\",\"content\":\"你好\"},"
                            "{\"role\":\"assistant\",\"content\":\"你好！\",\"reasoning_content\":\"r\"}]}";

static void jsonl_gives_texts_and_chats(void **state) {
    (void)state;
    for (int packed = 0; packed < 2; packed++) {
        fm_shard *shard = opened(packed ? put_zst("a.jsonl.zst", lines, 0) : put_text("a.jsonl", lines), 0);
        fm_error err = {0};
        for (int round = 0; round < 2; round++) {
            fm_doc doc;
            bool end;
            fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err);
            assert_int_equal(doc.kind, FM_DOC_TEXT);
            assert_string_equal(doc.text, "One day.\nIt rained.");
            assert_int_equal(doc.size, 19);
            assert_int_equal(doc.line, 1);
            fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err);
            assert_int_equal(doc.kind, FM_DOC_CHAT);
            assert_int_equal(doc.line, 3);
            assert_int_equal(doc.chat->count, 2);
            assert_string_equal(doc.chat->messages[1].reasoning, "r");
            fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err);
            assert_true(end);
            assert_int_equal(fm_shard_offset_bytes(shard), strlen(lines));
            fm_test_ok(fm_shard_rewind(shard, &err), &err);
        }
        fm_shard_close(shard);
    }
}

static void text_is_cut_at_separators(void **state) {
    (void)state;
    fm_shard *shard =
        opened(put_text("a.txt", "\n\nfirst\r\nline two\n\n<|endoftext|>\n<|endoftext|>\n\nsecond"), 0);
    fm_error err = {0};
    fm_doc doc;
    bool end;
    fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err);
    assert_string_equal(doc.text, "first\nline two");
    assert_int_equal(doc.line, 3);
    fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err);
    assert_string_equal(doc.text, "second");
    assert_int_equal(doc.line, 9);
    fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err);
    assert_true(end);
    fm_shard_close(shard);
}

static void long_text_is_cut_and_nothing_is_lost(void **state) {
    (void)state;
    enum { ROWS = 20000 };
    fm_buf text = {0};
    for (int i = 0; i < ROWS; i++)
        fm_buf_printf(&text, "line %d of a long book\n%s", i, i % 9 == 0 ? "\n" : "");
    const char *at = put("long.md", text.data, text.size);
    fm_buf_release(&text);
    const size_t limits[] = {0, 1000, 26};
    for (int k = 0; k < 3; k++) {
        fm_shard *shard = opened(at, limits[k]);
        fm_error err = {0};
        fm_doc doc;
        bool end = false;
        int seen = 0, documents = 0;
        while (fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err), !end) {
            documents++;
            assert_true(doc.size <= (limits[k] ? limits[k] : 2 * FM_SHARD_CUT_BYTES + 64));
            for (const char *row = doc.text; (row = strstr(row, "line ")) != NULL; row++) seen++;
        }
        assert_int_equal(seen, ROWS);
        assert_true(documents >= 5);
        fm_shard_close(shard);
    }
}

static void bad_files_are_refused(void **state) {
    (void)state;
    REFUSES(put_text("empty.jsonl", ""), 0, FM_ERR_FORMAT, "empty.jsonl", "no document");
    REFUSES(put_text("empty.txt", ""), 0, FM_ERR_FORMAT, "empty.txt", "no document");
    REFUSES(put_text("blank.txt", "\n \n\t\n"), 0, FM_ERR_FORMAT, "no document", "3 lines");
    REFUSES(put("empty.txt.zst", "", 0), 0, FM_ERR_FORMAT, "no document");
    REFUSES(put("nul.txt", "good\nba\0d\n", 10), 0, FM_ERR_FORMAT, "nul.txt:2", "NUL", "column 3");
    REFUSES(put_text("bad.txt", "good\n\n caf\xe9 \n"), 0, FM_ERR_FORMAT, "bad.txt:3", "UTF-8", "byte 5",
            "0xe9");
    REFUSES(put_text("surrogate.md", "\xed\xa0\x80"), 0, FM_ERR_FORMAT, "surrogate.md:1", "UTF-8");
    REFUSES(put_text("cut.txt", "\xe4\xbd"), 0, FM_ERR_FORMAT, "cut.txt:1", "UTF-8");
    REFUSES(put_text("wide.txt", "0123456789\n0123456789a\n"), 10, FM_ERR_LIMIT, "wide.txt:2", "10 bytes");
    REFUSES(put_text("broken.jsonl", "{\"text\":\"a\"}\n{\"text\":\n"), 0, FM_ERR_FORMAT, "broken.jsonl:2",
            "column");
    REFUSES(put_text("neither.jsonl", "{\"txt\":\"a\"}"), 0, FM_ERR_FORMAT, ":1", "\"text\"", "\"messages\"");
    REFUSES(put_text("both.jsonl", "{\"text\":\"a\",\"messages\":[]}"), 0, FM_ERR_FORMAT, ":1", "either");
    REFUSES(put_text("type.jsonl", "{\"text\":7}"), 0, FM_ERR_FORMAT, ":1", "not a string");
    REFUSES(put_text("array.jsonl", "[1]"), 0, FM_ERR_FORMAT, ":1", "either");
    REFUSES(put_text("void.jsonl", "{\"text\":\" \\n\"}"), 0, FM_ERR_FORMAT, ":1", "empty");
    REFUSES(put_text("none.jsonl", "{\"messages\":[]}"), 0, FM_ERR_FORMAT, ":1", "empty list");
    REFUSES(put_text("role.jsonl", "{\"messages\":[{\"role\":\"cat\",\"content\":\"x\"}]}"), 0, FM_ERR_FORMAT,
            ":1", "cat");
    REFUSES(put_zst("cut.jsonl.zst", lines, 4), 0, FM_ERR_FORMAT, "cut.jsonl.zst", "cut off");
    REFUSES(put_text("junk.txt.zst", "this is not zstd at all"), 0, FM_ERR_FORMAT, "junk.txt.zst", "zstd");
}

static void bad_names_are_refused(void **state) {
    (void)state;
    fm_shard *shard;
    fm_error err = {0};
    fm_test_refused(fm_shard_open(&shard, "/nowhere/a.jsonl", 0, &err), &err, FM_ERR_IO, "/nowhere/a.jsonl",
                    NULL);
    assert_null(shard);
    fm_test_refused(fm_shard_open(&shard, "a.parquet", 0, &err), &err, FM_ERR_UNSUPPORTED, "a.parquet",
                    ".jsonl", NULL);
    fm_test_refused(fm_shard_open(&shard, ".zst", 0, &err), &err, FM_ERR_UNSUPPORTED, ".jsonl", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jsonl_gives_texts_and_chats),
        cmocka_unit_test(text_is_cut_at_separators),
        cmocka_unit_test(long_text_is_cut_and_nothing_is_lost),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(bad_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
