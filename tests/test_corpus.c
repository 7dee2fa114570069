/* test_corpus.c: how texts become shards: cleaning, each source format, one clear refusal for each bad input;
 * and that the committed shards are what their manifest says. */
#include "support/support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/sha256.h"
#include "train/corpus.h"
#include "train/corpus_parts.h"
#include "train/shard.h"

static char path[256];

static const char *put(const char *name, const void *bytes, size_t size) {
    snprintf(path, sizeof path, "%s/%s", fm_test_temp_dir(), name);
    fm_error err = {0};
    fm_test_ok(fm_file_write(path, bytes, size, &err), &err);
    return path;
}

static const char *put_text(const char *name, const char *text) { return put(name, text, strlen(text)); }

static fm_corpus_source source_of(fm_corpus_format format, fm_corpus_lang lang, const char *shard) {
    return (fm_corpus_source){.path = "x", .format = format, .lang = lang, .shard = shard, .cap_kib = 100};
}

/* Reads a file as a source of that kind; the lines of the documents it gives, joined by newlines, in *out. */
static fm_status read_as(const char *at, fm_corpus_source source, fm_buf *out, fm_error *err) {
    fm_decontam forbidden = {0};
    const char *secret = "one two three four five six seven eight nine ten eleven twelve";
    fm_test_ok(fm_decontam_add(&forbidden, secret, strlen(secret), err), err);
    fm_corpus_sink sink = {.source = &source, .forbidden = &forbidden};
    fm_status status = fm_corpus_read(at, &sink, err);
    for (size_t i = 0; status == FM_OK && i < sink.count; i++) {
        fm_buf_append(out, sink.lines.data + sink.docs[i].at, sink.docs[i].size);
        fm_buf_putc(out, '\n');
    }
    fm_corpus_sink_release(&sink);
    fm_decontam_release(&forbidden);
    return status;
}

static void gives(const char *at, fm_corpus_source source, const char *expected) {
    fm_buf out = {0};
    fm_error err = {0};
    fm_test_ok(read_as(at, source, &out, &err), &err);
    assert_string_equal(out.data ? out.data : "", expected);
    fm_buf_release(&out);
}

#define REFUSES(at, source, code, ...)                                                                       \
    do {                                                                                                     \
        fm_buf out_ = {0};                                                                                   \
        fm_error refusal_ = {0};                                                                             \
        fm_test_refused(read_as(at, source, &out_, &refusal_), &refusal_, code, __VA_ARGS__, NULL);          \
        fm_buf_release(&out_);                                                                               \
    } while (0)

static void cleans_to(const char *text, fm_corpus_lang lang, const char *expected) {
    fm_buf out = {0};
    bool good = fm_corpus_clean(text, strlen(text), lang, false, &out);
    if (expected == NULL) {
        if (good) fail_msg("kept: %s", out.data);
    } else {
        if (!good) fail_msg("dropped: %s", text);
        assert_string_equal(out.data, expected);
    }
    fm_buf_release(&out);
}

static void english_gets_one_form(void **state) {
    (void)state;
    cleans_to("\xe2\x80\x9cIt\xe2\x80\x99s  late\xe2\x80\x9d\xe2\x80\x94he said\xe2\x80\xa6", FM_CORPUS_EN,
              "\"It's late\" - he said...");
    cleans_to("a _very_ *small*--yes, small\xc2\xa0house ", FM_CORPUS_EN, "a very small - yes, small house");
    cleans_to("of\xef\xac\x81 ce", FM_CORPUS_EN, "offi ce");
    cleans_to("caf\xc3\xa9 for \xc2\xa3"
              "3",
              FM_CORPUS_EN,
              "caf\xc3\xa9 for \xc2\xa3"
              "3");
    cleans_to("hello 你好", FM_CORPUS_EN, NULL);
    cleans_to("smile \xf0\x9f\x98\x80", FM_CORPUS_EN, NULL);
}

static void chinese_gets_one_form(void **state) {
    (void)state;
    cleans_to("他说:\"你好,小明!\" 然后走了.", FM_CORPUS_ZH, "他说：“你好，小明！”然后走了。");
    cleans_to("「好」，１２个ＡＢ...真的--吗??", FM_CORPUS_ZH, "“好”，12个AB……真的——吗？");
    cleans_to("　　圆周率是3.14，不是3。", FM_CORPUS_ZH, "圆周率是3.14，不是3。");
    cleans_to("這裡没有人", FM_CORPUS_ZH, "這里没有人");
    cleans_to("かな", FM_CORPUS_ZH, NULL);
    cleans_to("This is an English sentence 而已", FM_CORPUS_ZH, NULL);
}

static void crude_and_archaic_are_found(void **state) {
    (void)state;
    const char *old = "Whither goest thou, and hath thy brother come?";
    assert_true(fm_corpus_archaic(old, strlen(old)));
    assert_false(fm_corpus_archaic("The other brother came.", 23)); /* "the" and "other" hold no old word */
    assert_true(fm_corpus_crude("you shit", 8));
    assert_false(fm_corpus_crude("a classic assessment", 20));
}

static void arithmetic_in_steps(void **state) {
    (void)state;
    static const struct {
        const char *expression, *steps, *result;
    } good[] = {
        {"135/3", "135 ÷ 3 = 45", "45"},
        {"10*5/(5-3)", "10 × 5 = 50\n5 - 3 = 2\n50 ÷ 2 = 25", "25"},
        {"1.5+0.25", "1.5 + 0.25 = 1.75", "1.75"},
        {"3-10", "3 - 10 = -7", "-7"},
        {"200*15%", "200 × 0.15 = 30", "30"},
    };
    static const char *const bad[] = {"",
                                      "7",
                                      "1/3",
                                      "5/0",
                                      "(1+2",
                                      "1+",
                                      "a+b",
                                      "1+2)",
                                      "99999999*99999999",
                                      "1..2+3",
                                      "((((((((((((((((((((1+1))))))))))))))))))))"};
    fm_buf steps = {0};
    char result[32];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(fm_corpus_arithmetic(good[i].expression, &steps, result, sizeof result));
        assert_string_equal(steps.data, good[i].steps);
        assert_string_equal(result, good[i].result);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (fm_corpus_arithmetic(bad[i], &steps, result, sizeof result)) fail_msg("worked out: %s", bad[i]);
    fm_buf_release(&steps);
}

static void prose_becomes_documents(void **state) {
    (void)state;
    const char *first = "The little dog ran down the hill and over the old bridge, and\nthen it lay down in "
                        "the warm grass. It slept.";
    fm_buf text = {0};
    fm_buf_printf(
        &text,
        "# Heading\r\n\r\nCHAPTER 1\n\n%s\n\n---\n<|endoftext|>\n%s\n<|endoftext|>\ntoo "
        "short\n<|endoftext|>\n"
        "We count: one two three four five six seven eight nine ten, and so on until we fall asleep.\n",
        first, first);
    gives(put_text("a.md", text.data), source_of(FM_CORPUS_PROSE, FM_CORPUS_EN, "s"),
          "{\"text\":\"The little dog ran down the hill and over the old bridge, and then it lay down in the "
          "warm "
          "grass. It slept.\"}\n");
    fm_buf_release(&text);
}

static void long_prose_is_cut_at_sentences(void **state) {
    (void)state;
    fm_buf text = {0}, out = {0};
    fm_error err = {0};
    for (int i = 0; i < 400; i++) fm_buf_printf(&text, "第%d只小鸟飞走了。", i);
    fm_test_ok(
        read_as(put_text("long.txt", text.data), source_of(FM_CORPUS_PROSE, FM_CORPUS_ZH, "s"), &out, &err),
        &err);
    int documents = 0;
    for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"), documents++) {
        assert_true(strlen(line) < FM_CORPUS_DOC_BYTES + 40);
        assert_non_null(strstr(line, "。\"}"));
    }
    assert_true(documents >= 3);
    fm_buf_release(&text);
    fm_buf_release(&out);
}

static void dialogues_of_each_kind(void **state) {
    (void)state;
    gives(put_text("a.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi  "
                              "there\"},{\"role\":\"assistant\",\"content\":\"Hello\"},"
                              "{\"role\":\"user\",\"content\":\"left alone\"}]}\n"
                              "{\"messages\":[{\"role\":\"user\",\"content\":\"you "
                              "shit\"},{\"role\":\"assistant\",\"content\":\"x\"}]}\n"
                              "{\"messages\":[{\"role\":\"assistant\",\"content\":\"wrong order\"}]}\n"),
          source_of(FM_CORPUS_CHATS, FM_CORPUS_EN, "d"),
          "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi "
          "there\"},{\"role\":\"assistant\",\"content\":\"Hello\"}]}\n");
    gives(
        put_text("k.json", "[{\"messages\":[{\"message\":\"你好,\"},{\"attrs\":[],\"message\":\"你好!\"}]}]"),
        source_of(FM_CORPUS_KDCONV, FM_CORPUS_ZH, "d"),
        "{\"messages\":[{\"role\":\"user\",\"content\":\"你好，\"},{\"role\":\"assistant\",\"content\":"
        "\"你好！\"}]}\n");
    gives(put_text("c.yml",
                   "categories:\n- x\nconversations:\n- - 'It''s me'\n  - Who\n    are you?\n- - alone\n"),
          source_of(FM_CORPUS_CHATTERBOT, FM_CORPUS_EN, "d"),
          "{\"messages\":[{\"role\":\"user\",\"content\":\"It's "
          "me\"},{\"role\":\"assistant\",\"content\":\"Who are you?\"}]}\n");
    gives(put_text("r.jsonl", "{\"context\":\"猫在睡觉。\",\"question\":\"谁在睡觉?\",\"answer\":\"猫\"}"),
          source_of(FM_CORPUS_READING, FM_CORPUS_ZH, "d"),
          "{\"messages\":[{\"role\":\"user\",\"content\":\"猫在睡觉。\\n谁在睡觉？\"},{\"role\":"
          "\"assistant\",\"content\":\"猫\"}]}\n");
}

static void problems_and_pairs(void **state) {
    (void)state;
    gives(
        put_text("g.jsonl",
                 "{\"question\":\"How many?\",\"answer\":\"48/2 = <<48/2=24>>24 clips.\\nDone.\\n#### 24\"}"),
        source_of(FM_CORPUS_GSM8K, FM_CORPUS_EN, "maths_en"),
        "{\"messages\":[{\"role\":\"user\",\"content\":\"How "
        "many?\"},{\"role\":\"assistant\",\"content\":\"24\","
        "\"reasoning_content\":\"48/2 = 24 clips.\\nDone.\"}]}\n");
    gives(put_text("p.json", "{\"original_text\":\"每班多少本？\",\"ans\":\"45\",\"equation\":\"x=135/3\"}\n"
                             "{\"original_text\":\"答案不对？\",\"ans\":\"46\",\"equation\":\"x=135/3\"}\n"),
          source_of(FM_CORPUS_APE, FM_CORPUS_ZH, "maths_zh"),
          "{\"messages\":[{\"role\":\"user\",\"content\":\"每班多少本？\"},{\"role\":\"assistant\","
          "\"content\":\"45\","
          "\"reasoning_content\":\"135 ÷ 3 = 45\"}]}\n");
    fm_buf out = {0};
    fm_error err = {0};
    fm_test_ok(read_as(put_text("t.txt", "I won!\t我赢了。\tCC-BY 2.0\n"),
                       source_of(FM_CORPUS_TATOEBA, FM_CORPUS_BOTH, "pairs"), &out, &err),
               &err);
    assert_non_null(strstr(out.data, "I won!"));
    assert_non_null(strstr(out.data, "我赢了。"));
    assert_null(strstr(out.data, "CC-BY"));
    fm_buf_release(&out);
}

static void bad_files_are_refused(void **state) {
    (void)state;
    const fm_corpus_source prose = source_of(FM_CORPUS_PROSE, FM_CORPUS_EN, "s"),
                           chats = source_of(FM_CORPUS_CHATS, FM_CORPUS_EN, "s"),
                           kdconv = source_of(FM_CORPUS_KDCONV, FM_CORPUS_ZH, "s"),
                           yaml = source_of(FM_CORPUS_CHATTERBOT, FM_CORPUS_EN, "s"),
                           gsm = source_of(FM_CORPUS_GSM8K, FM_CORPUS_EN, "maths"),
                           reading = source_of(FM_CORPUS_READING, FM_CORPUS_ZH, "s"),
                           pairs = source_of(FM_CORPUS_TATOEBA, FM_CORPUS_BOTH, "s"),
                           tree = source_of(FM_CORPUS_CONLLU, FM_CORPUS_ZH, "s");
    REFUSES("/nowhere/x.txt", prose, FM_ERR_IO, "/nowhere/x.txt");
    REFUSES(put_text("empty.txt", ""), prose, FM_ERR_FORMAT, "empty.txt", "empty");
    REFUSES(put("nul.txt", "fine\nb\0d\n", 9), prose, FM_ERR_FORMAT, "nul.txt:2", "NUL");
    REFUSES(put_text("latin.txt", "fine\n\ncaf\xe9\n"), prose, FM_ERR_FORMAT, "latin.txt:3", "UTF-8",
            "byte 4");
    char *huge = malloc(FM_CORPUS_LINE_BYTES + 2);
    assert_non_null(huge);
    memset(huge, 'a', FM_CORPUS_LINE_BYTES + 1);
    REFUSES(put("huge.txt", huge, FM_CORPUS_LINE_BYTES + 1), prose, FM_ERR_LIMIT, "huge.txt:1", "1048576");
    free(huge);
    REFUSES(put_text("b.jsonl", "{\"messages\":[]}\n"), chats, FM_ERR_FORMAT, "b.jsonl:1", "empty list");
    REFUSES(put_text("b.jsonl", "\n{\"messages\":\n"), chats, FM_ERR_FORMAT, "b.jsonl:2", "column");
    REFUSES(put_text("b.jsonl", "{\"text\":\"x\"}\n"), chats, FM_ERR_FORMAT, "b.jsonl:1", "dialogues");
    REFUSES(put_text("b.json", "[{\"messages\":[\n{\"message\":]}]"), kdconv, FM_ERR_FORMAT, "b.json:2",
            "column");
    REFUSES(put_text("b.json", "{}"), kdconv, FM_ERR_FORMAT, "b.json:1", "list");
    REFUSES(put_text("b.json", "[{}]"), kdconv, FM_ERR_FORMAT, "dialogue 1", "messages");
    REFUSES(put_text("b.json", "[{\"messages\":[{}]}]"), kdconv, FM_ERR_FORMAT, "dialogue 1", "message 1");
    REFUSES(put_text("b.yml", "conversations:\n- - a\n  - b\n* c\n"), yaml, FM_ERR_FORMAT, "b.yml:4");
    REFUSES(put_text("b.yml", "nothing: here\n"), yaml, FM_ERR_FORMAT, "b.yml", "conversations:");
    REFUSES(put_text("m.jsonl", "{\"question\":\"q\",\"answer\":\"no end\"}"), gsm, FM_ERR_FORMAT,
            "m.jsonl:1", "####");
    REFUSES(put_text("m.jsonl", "{\"question\":\"q\"}\n{"), gsm, FM_ERR_FORMAT, "m.jsonl:1");
    REFUSES(put_text("r.jsonl", "{\"context\":\"c\"}"), reading, FM_ERR_FORMAT, "r.jsonl:1", "question");
    REFUSES(put_text("r.jsonl", "{"), reading, FM_ERR_FORMAT, "r.jsonl:1", "column");
    REFUSES(put_text("p.txt", "a\tb\tc\nonly one\n"), pairs, FM_ERR_FORMAT, "p.txt:2", "three fields");
    REFUSES(put_text("u.conllu", "1\tx\n"), tree, FM_ERR_FORMAT, "u.conllu", "# text");
    fm_corpus_options options = {.shared = "/nowhere", .out = fm_test_temp_dir()};
    fm_error err = {0};
    fm_test_refused(fm_corpus_build(&options, &err), &err, FM_ERR_IO, "/nowhere/data/eval", NULL);
}

static const char *shard_file(const char *name) {
    static char file[512];
    snprintf(file, sizeof file, "%s/models/mini/data/%s", FM_SOURCE_DIR, name);
    return file;
}

/* Reads a committed shard to its end; adds up how many documents are near a test problem. */
static long check_shard(const char *file, const fm_decontam *forbidden, long *near) {
    fm_shard *shard;
    fm_error err = {0};
    long documents = 0;
    fm_test_ok(fm_shard_open(&shard, file, 0, &err), &err);
    for (bool end = false; !end; documents += !end) {
        fm_doc doc;
        bool hit = false;
        fm_test_ok(fm_shard_next(shard, &doc, &end, &err), &err);
        if (end) break;
        if (doc.kind == FM_DOC_TEXT) hit = fm_decontam_hit(forbidden, doc.text, doc.size);
        for (int i = 0; doc.kind == FM_DOC_CHAT && i < doc.chat->count; i++) {
            const char *said = doc.chat->messages[i].content;
            hit = hit || fm_decontam_hit(forbidden, said, strlen(said));
        }
        *near += hit;
    }
    fm_shard_close(shard);
    return documents;
}

static void committed_shards_are_what_the_manifest_says(void **state) {
    (void)state;
    fm_test_need(shard_file("manifest.json"));
    json_error_t reason;
    json_t *root = json_load_file(shard_file("manifest.json"), 0, &reason);
    assert_non_null(root);
    fm_decontam forbidden = {0};
    fm_error err = {0};
    fm_test_ok(fm_decontam_add_tasks(&forbidden, 7, 50, &err), &err);
    json_int_t packed = 0;
    long near = 0, documents = 0;
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(root, "shards"), i, item) {
        const char *file = shard_file(json_string_value(json_object_get(item, "file")));
        char hex[FM_SHA256_HEX];
        fm_test_ok(fm_sha256_file(file, hex, &err), &err);
        assert_string_equal(hex, json_string_value(json_object_get(item, "sha256")));
        long found = check_shard(file, &forbidden, &near);
        assert_int_equal(found, json_integer_value(json_object_get(item, "documents")));
        documents += found;
        packed += json_integer_value(json_object_get(item, "packed_bytes"));
    }
    assert_true(i >= 20);
    /* Word problems share phrases with our templates; the trainer leaves those few out (train/tokens.h). */
    print_message("%ld of %ld documents are near a test problem\n", near, documents);
    assert_true(near * 500 < documents);
    assert_true(packed > 1000000 && packed <= 16 * 1024 * 1024);
    json_array_foreach(json_object_get(root, "sources"), i, item) {
        const char *licence = json_string_value(json_object_get(item, "licence"));
        assert_non_null(licence);
        assert_null(strstr(licence, "NC"));
        assert_true(json_integer_value(json_object_get(item, "documents_kept")) > 0);
    }
    fm_decontam_release(&forbidden);
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(english_gets_one_form),
        cmocka_unit_test(chinese_gets_one_form),
        cmocka_unit_test(crude_and_archaic_are_found),
        cmocka_unit_test(arithmetic_in_steps),
        cmocka_unit_test(prose_becomes_documents),
        cmocka_unit_test(long_prose_is_cut_at_sentences),
        cmocka_unit_test(dialogues_of_each_kind),
        cmocka_unit_test(problems_and_pairs),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(committed_shards_are_what_the_manifest_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
