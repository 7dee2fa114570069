/* test_tokenizer_files.c: vocabularies written and read again; bad ones refused with a message. */
#include "support/text_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

static void test_save(void **state) {
    (void)state;
    static const char *const vocabularies[] = {"tokenizer/deepseek-r1", "tokenizer/qwen2.5/qwen.tiktoken",
                                               "tokenizer/deepseek-llm/ggml-vocab-deepseek-llm.gguf"};
    json_t *texts = fm_test_json(fm_test_golden("tokenizers/strings.json"));
    for (size_t v = 0; v < sizeof vocabularies / sizeof *vocabularies; v++) {
        fm_tokenizer *t = fm_test_tokenizer(vocabularies[v]), *again;
        char path[128];
        fm_error err = {0};
        snprintf(path, sizeof path, "%s/tokenizer.json", fm_test_temp_dir());
        fm_test_ok(fm_tokenizer_save(t, path, &err), &err);
        fm_test_ok(fm_tokenizer_open(&again, fm_test_temp_dir(), NULL, &err), &err);
        assert_int_equal(fm_tokenizer_vocab_size(again), fm_tokenizer_vocab_size(t));
        for (size_t i = 0; i < json_array_size(texts); i++) {
            const json_t *text = json_array_get(texts, i);
            fm_ids a = {0}, b = {0};
            fm_test_encode(t, json_string_value(text), json_string_length(text), FM_ENCODE_SPECIALS, &a);
            fm_test_encode(again, json_string_value(text), json_string_length(text), FM_ENCODE_SPECIALS, &b);
            assert_int_equal(a.count, b.count);
            if (a.count) assert_memory_equal(a.data, b.data, a.count * sizeof *a.data);
            fm_ids_release(&a);
            fm_ids_release(&b);
        }
        fm_tokenizer_close(t);
        fm_tokenizer_close(again);
    }
    json_decref(texts);
}

static void test_golden_folders(void **state) {
    (void)state;
    static const char *const folders[] = {"deepseek_v2-full",
                                          "deepseek_v3-mtp",
                                          "llama3",
                                          "qwen2-tied",
                                          "qwen3_moe",
                                          "gguf/deepseek_v3-full.gguf",
                                          "gguf/deepseek_v3-Q4_K_M.gguf"};
    static const char text[] = "Hello, 世界! 12345 <think>";
    fm_ids ids[sizeof folders / sizeof *folders] = {0};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        fm_tokenizer *t;
        fm_error err = {0};
        fm_test_need(fm_test_golden(folders[i]));
        fm_test_ok(fm_tokenizer_open(&t, fm_test_golden(folders[i]), NULL, &err), &err);
        fm_test_encode(t, text, strlen(text), FM_ENCODE_SPECIALS, &ids[i]);
        fm_tokenizer_close(t);
        assert_int_equal(ids[i].count, ids[0].count);
        assert_memory_equal(ids[i].data, ids[0].data, ids[0].count * sizeof *ids[0].data);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) fm_ids_release(&ids[i]);
}

/* ---- bad files ---- */

static void refused(const char *json, fm_status expected, const char *word) {
    fm_tokenizer *t;
    fm_error err = {0};
    fm_status status = fm_tokenizer_from_json(&t, json, strlen(json), "bad.json", &err);
    if (status == FM_OK) fail_msg("accepted: %s", json);
    fm_test_refused(status, &err, expected, "bad.json", word, NULL);
    assert_null(t);
}

#define BPE(vocab, merges) "{\"model\":{\"type\":\"BPE\",\"vocab\":{" vocab "},\"merges\":[" merges "]},"
#define BYTE_LEVEL         "\"pre_tokenizer\":{\"type\":\"ByteLevel\"}"
#define GOOD               BPE("\"a\":0,\"b\":1,\"ab\":2", "\"a b\"")

static void test_bad_json(void **state) {
    (void)state;
    fm_tokenizer *t;
    fm_error err = {0};
    static const char good[] = GOOD BYTE_LEVEL "}";
    fm_test_ok(fm_tokenizer_from_json(&t, good, strlen(good), "good.json", &err), &err);
    fm_ids ids = {0};
    fm_test_encode(t, "abba", 4, 0, &ids);
    assert_int_equal(ids.count, 3);
    fm_test_refused(fm_tokenizer_encode(t, "abc", 3, 0, &ids, &err), &err, FM_ERR_UNSUPPORTED, "0x63", NULL);
    assert_int_equal(ids.count, 3); /* as it was */
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
    refused("{}", FM_ERR_FORMAT, "model");
    refused("[]", FM_ERR_FORMAT, "model");
    refused("{\"a\":1,\"a\":2}", FM_ERR_FORMAT, "duplicate");
    refused("{\"model\":{\"type\":\"Unigram\"}}", FM_ERR_UNSUPPORTED, "Unigram");
    refused("{\"model\":{\"byte_fallback\":true}}", FM_ERR_UNSUPPORTED, "byte_fallback");
    refused("{\"model\":{\"dropout\":0.1}}", FM_ERR_UNSUPPORTED, "dropout");
    refused("{\"model\":{\"vocab\":[]}}", FM_ERR_FORMAT, "model.vocab");
    refused("{\"model\":{\"vocab\":{\"a\":\"0\"}}}", FM_ERR_FORMAT, "not an integer");
    refused("{\"model\":{\"vocab\":{\"a\":-1}}}", FM_ERR_LIMIT, "-1");
    refused("{\"model\":{\"vocab\":{\"a\":1048576}}}", FM_ERR_LIMIT, "1048575");
    refused("{\"model\":{\"vocab\":{\"a\":9223372036854775807}}}", FM_ERR_LIMIT, "model.vocab");
    refused("{\"model\":{\"vocab\":{\"\":0}}}", FM_ERR_LIMIT, "0 bytes");
    refused("{\"model\":{\"vocab\":{\"a\":0,\"b\":0}}}", FM_ERR_FORMAT, "used twice");
    refused("{\"model\":{\"vocab\":{\"a\":0}}}", FM_ERR_FORMAT, "model.merges");
    refused(BPE("\"a\":0", "\"a b\"") BYTE_LEVEL "}", FM_ERR_FORMAT, "model.merges[0]: \"b\"");
    refused(BPE("\"a\":0,\"b\":1", "\"a b\"") BYTE_LEVEL "}", FM_ERR_FORMAT, "not in the vocabulary");
    refused(BPE("\"a\":0", "\"ab\"") BYTE_LEVEL "}", FM_ERR_FORMAT, "two tokens");
    refused(BPE("\"a\":0", "[\"a\"]") BYTE_LEVEL "}", FM_ERR_FORMAT, "[left, right]");
    refused(BPE("\"a\":0", "[\"\",\"a\"]") BYTE_LEVEL "}", FM_ERR_FORMAT, "model.merges[0]");
    refused(BPE("", "") BYTE_LEVEL "}", FM_ERR_FORMAT, "empty");
    refused(GOOD "\"x\":0}", FM_ERR_UNSUPPORTED, "pre_tokenizer");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Metaspace\"}}", FM_ERR_UNSUPPORTED, "Metaspace");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true}}", FM_ERR_UNSUPPORTED,
            "prefix");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Removed\"}}", FM_ERR_UNSUPPORTED,
            "Removed");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Isolated\"}}", FM_ERR_FORMAT,
            "pattern");
    refused(GOOD "\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Isolated\",\"pattern\":{\"Regex\":\"(?"
                 "<=a)b\"}}}",
            FM_ERR_UNSUPPORTED, "lookbehind");
    refused(GOOD "\"normalizer\":{\"type\":\"NFKC\"}," BYTE_LEVEL "}", FM_ERR_UNSUPPORTED, "NFKC");
    refused(GOOD "\"added_tokens\":{}," BYTE_LEVEL "}", FM_ERR_FORMAT, "added_tokens");
    refused(GOOD "\"added_tokens\":[{\"id\":3}]," BYTE_LEVEL "}", FM_ERR_FORMAT, "added_tokens[0]");
    refused(GOOD "\"added_tokens\":[{\"id\":0,\"content\":\"<s>\"}]," BYTE_LEVEL "}", FM_ERR_FORMAT, "id 0");
    refused(GOOD "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\",\"lstrip\":true}]," BYTE_LEVEL "}",
            FM_ERR_UNSUPPORTED, "lstrip");
    refused(GOOD
            "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\"},{\"id\":4,\"content\":\"<s>\"}]," BYTE_LEVEL
            "}",
            FM_ERR_FORMAT, "there twice");
}

/* Cut anywhere, a vocabulary is refused with a message that names it. Every cut near the ends, some between. */
static void test_truncated(void **state) {
    (void)state;
    fm_buf text = {0};
    fm_test_read(fm_test_golden("deepseek_v3-full/tokenizer.json"), &text);
    size_t whole = text.size; /* blanks at the end may go */
    while (whole > 0 && (text.data[whole - 1] == '\n' || text.data[whole - 1] == ' ')) whole--;
    for (size_t size = 0; size < whole; size += size < 1000 || size + 1000 > whole ? 1 : 13) {
        fm_tokenizer *t;
        fm_error err = {0};
        char *cut =
            malloc(size ? size : 1); /* of exactly this size, so that the sanitizer sees a step too far */
        memcpy(cut, text.data, size);
        fm_status status = fm_tokenizer_from_json(&t, cut, size, "cut.json", &err);
        if (status != FM_ERR_FORMAT) fail_msg("cut at %zu: %s", size, fm_status_name(status));
        assert_non_null(strstr(err.message, "cut.json"));
        free(cut);
    }
    fm_buf_release(&text);
}

static void open_bytes(const void *bytes, size_t size, const fm_tokenizer_options *options, fm_tokenizer **t,
                       fm_status expected, const char *word) {
    char path[128];
    fm_error err = {0};
    snprintf(path, sizeof path, "%s/bytes", fm_test_temp_dir());
    fm_test_ok(fm_file_write(path, bytes, size, &err), &err);
    fm_status status = fm_tokenizer_open(t, path, options, &err);
    if (expected == FM_OK)
        fm_test_ok(status, &err);
    else
        fm_test_refused(status, &err, expected, path, word, NULL);
}

static void test_bad_tiktoken(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    fm_buf file = {0};
    fm_tokenizer *t;
    fm_ids ids = {0};
    fm_tokenizer_options options = {.pattern = "\\p{L}+"};
    for (int b = 0; b < 256; b++)
        fm_buf_printf(&file, "%c%c== %d\n", digits[b >> 2], digits[b << 4 & 0x3f], b);
    size_t bytes_alone = file.size;
    fm_buf_puts(&file, "YWI= 256\r\n"); /* "ab" */
    open_bytes(file.data, file.size, NULL, &t, FM_ERR_UNSUPPORTED, "--pattern");
    open_bytes(file.data, bytes_alone - 10, &options, &t, FM_ERR_FORMAT, "0xff");
    open_bytes(file.data, file.size, &(fm_tokenizer_options){"a*"}, &t, FM_ERR_UNSUPPORTED, "empty string");
    open_bytes(file.data, file.size, &options, &t, FM_OK, NULL);
    fm_test_encode(t, "xabab!", 6, 0, &ids);
    assert_int_equal(ids.count, 4);
    assert_int_equal(ids.data[1], 256);
    fm_ids_release(&ids);
    fm_tokenizer_close(t);
    static const struct {
        const char *line, *word;
        fm_status status;
    } bad[] = {{"YWI=", "line 258", FM_ERR_FORMAT},
               {"YWI 7", "line 258", FM_ERR_FORMAT},
               {"Y*I= 300", "line 258", FM_ERR_FORMAT},
               {"YWM= x", "line 258", FM_ERR_FORMAT},
               {"YWM= 300 1", "line 258", FM_ERR_FORMAT},
               {"YWM= 5", "used twice", FM_ERR_FORMAT},
               {"YWI= 300", "same bytes", FM_ERR_FORMAT},
               {"YWM= 1048576", "1048575", FM_ERR_LIMIT},
               {"YWM= 99999999999999999999", "1048575", FM_ERR_LIMIT}};
    size_t size = file.size;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        file.size = size;
        fm_buf_puts(&file, bad[i].line);
        open_bytes(file.data, file.size, &options, &t, bad[i].status, bad[i].word);
    }
    fm_buf_release(&file);
}

static void test_bad_files(void **state) {
    (void)state;
    fm_tokenizer *t;
    fm_error err = {0};
    open_bytes("", 0, NULL, &t, FM_ERR_FORMAT, "empty");
    open_bytes(" \n", 2, NULL, &t, FM_ERR_FORMAT, "empty");
    open_bytes("\n\x05\x01", 3, NULL, &t, FM_ERR_FORMAT, "SentencePiece");
    open_bytes("GGUF", 4, NULL, &t, FM_ERR_FORMAT, "version");
    fm_test_refused(fm_tokenizer_open(&t, "/nonexistent/tokenizer.json", NULL, &err), &err, FM_ERR_IO,
                    "/nonexistent/tokenizer.json", NULL);
    fm_test_refused(fm_tokenizer_open(&t, FM_SOURCE_DIR "/src", NULL, &err), &err, FM_ERR_IO,
                    "tokenizer.json", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_save),         cmocka_unit_test(test_golden_folders),
        cmocka_unit_test(test_bad_json),     cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_bad_tiktoken), cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
