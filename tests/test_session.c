/* test_session.c: from a question to an answer on a tiny random model with mini's tokenizer: the same answer whatever
 * the threads and the cache held before, whole turns dropped, messages refused, conversations saved.
 */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "fathom.h"
#include "support/tiny.h"

enum { CONTEXT = FM_TINY_CONTEXT };

static fm_engine *open_engine(int threads) {
    fm_error err = {0};
    fm_engine *engine;
    fm_engine_options options = {.threads = threads};
    fm_test_ok(fm_engine_open(&engine, fm_test_tiny_model(), &options, &err), &err);
    assert_int_equal(fm_engine_context_tokens(engine), CONTEXT);
    return engine;
}

static fm_session *open_session(fm_engine *engine) {
    fm_error err = {0};
    fm_session *session;
    fm_test_ok(fm_session_create(&session, engine, &err), &err);
    return session;
}

static fm_answer ask(fm_session *session, const char *message, const fm_ask_options *options) {
    fm_error err = {0};
    fm_answer answer;
    fm_test_ok(fm_session_ask(session, message, options, NULL, NULL, &answer, &err), &err);
    return answer;
}

/* 1 and 2 threads, a fresh session and one whose cache holds something else: the same bytes. */
static void same_answer(void **state) {
    (void)state;
    fm_ask_options options = fm_ask_options_default();
    options.max_tokens = 24, options.sample.seed = 3, options.sample.temperature = 1;
    char first[4096] = "", second[4096] = "";
    for (int threads = 1; threads <= 2; threads++) {
        fm_engine *engine = open_engine(threads);
        fm_session *session = open_session(engine);
        if (threads == 2) { /* something else came before */
            ask(session, "hello hello", &options);
            fm_session_clear(session);
        }
        strcpy(threads == 1 ? first : second, ask(session, "hello there", &options).text);
        if (threads == 2) {
            fm_answer more = ask(session, "and again", &options);
            assert_true(more.cached_tokens > 0 && more.cached_tokens < more.prompt_tokens);
            char continued[4096];
            strcpy(continued, more.text);
            char path[600];
            fm_error err = {0};
            snprintf(path, sizeof path, "%s/chat.json", fm_test_temp_dir());
            fm_test_ok(fm_session_save(session, path, &err), &err);
            /* The same conversation without any cache gives the same answer. */
            fm_session *fresh = open_session(engine);
            ask(fresh, "hello there", &options);
            assert_string_equal(ask(fresh, "and again", &options).text, continued);
            fm_test_ok(fm_session_load(fresh, path, &err), &err);
            assert_int_equal(fm_session_messages(fresh), 4);
            const char *role;
            assert_string_equal(fm_session_message(fresh, 3, &role), continued);
            assert_string_equal(role, "assistant");
            assert_null(fm_session_message(fresh, 4, NULL));
            fm_session_free(fresh);
        }
        fm_session_free(session);
        fm_engine_close(engine);
    }
    assert_string_equal(first, second);
    assert_true(strlen(first) > 8);
}

typedef struct heard {
    fm_buf parts[2];
    int calls, stop_after;
} heard;

static int hear(void *context, fm_part part, const char *text, size_t size) {
    heard *h = context;
    fm_buf_append(&h->parts[part], text, size);
    return ++h->calls == h->stop_after;
}

/* What the sink heard is what the answer says; stopping keeps what was said; forced modes put text where it belongs. */
static void sink_and_modes(void **state) {
    (void)state;
    fm_error err = {0};
    fm_engine *engine = open_engine(1);
    fm_session *session = open_session(engine);
    fm_ask_options options = fm_ask_options_default();
    fm_answer answer;
    options.max_tokens = 12, options.sample.temperature = 0, options.thinking = FM_THINKING_ON;
    heard h = {0};
    fm_test_ok(fm_session_ask(session, "one", &options, hear, &h, &answer, &err), &err);
    assert_string_equal(h.parts[FM_PART_REASONING].data, answer.reasoning);
    assert_int_equal(answer.reasoning_tokens + answer.answer_tokens, 12);
    assert_int_equal(answer.finish, FM_FINISH_LENGTH);
    fm_buf_clear(&h.parts[0]);
    h.calls = 0, h.stop_after = 3, options.thinking = FM_THINKING_OFF;
    fm_test_ok(fm_session_ask(session, "two", &options, hear, &h, &answer, &err), &err);
    assert_int_equal(answer.finish, FM_FINISH_ABORTED);
    assert_string_equal(h.parts[FM_PART_ANSWER].data, answer.text);
    assert_null(answer.reasoning);
    assert_int_equal(fm_session_messages(session), 4);
    fm_buf_release(&h.parts[0]), fm_buf_release(&h.parts[1]);
    fm_session_free(session);
    fm_engine_close(engine);
}

/* Old turns go, the system text and the newest message stay; one that cannot fit is refused and nothing is lost. */
static void dropping_and_refusing(void **state) {
    (void)state;
    fm_error err = {0};
    fm_engine *engine = open_engine(1);
    fm_session *session = open_session(engine);
    fm_ask_options options = fm_ask_options_default();
    options.max_tokens = 8, options.sample.temperature = 0, options.thinking = FM_THINKING_OFF;
    fm_test_ok(fm_session_set_system(session, "You are a test.", &err), &err);
    int dropped = 0;
    for (int i = 0; i < 12; i++) {
        fm_answer answer = ask(session, "The quick brown fox jumps over the lazy dog again.", &options);
        assert_true(answer.prompt_tokens <= CONTEXT - 8);
        assert_true(answer.dropped_messages >= dropped && answer.dropped_messages % 2 == 0);
        dropped = answer.dropped_messages;
    }
    assert_true(dropped > 0);
    assert_int_equal(fm_session_messages(session), 25); /* the conversation itself is whole */

    static char text[4000];
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 5; i < sizeof text - 1; i += 6) text[i] = ' ';
    fm_status status = fm_session_ask(session, text, &options, NULL, NULL, NULL, &err);
    fm_test_refused(status, &err, FM_ERR_LIMIT, "tokens", "context 128", NULL);
    assert_int_equal(fm_session_messages(session), 25);
    status = fm_session_ask(session, "", &options, NULL, NULL, NULL, &err);
    fm_test_refused(status, &err, FM_ERR_ARG, "empty", NULL);
    status = fm_session_ask(session, "a\xff", &options, NULL, NULL, NULL, &err);
    fm_test_refused(status, &err, FM_ERR_FORMAT, "UTF-8", "byte 1", NULL);
    options.sample.top_p = 7;
    status = fm_session_ask(session, "a", &options, NULL, NULL, NULL, &err);
    fm_test_refused(status, &err, FM_ERR_ARG, "top_p", "7", NULL);
    const char *role;
    assert_string_equal(fm_session_message(session, 0, &role), "You are a test.");
    fm_test_ok(fm_session_set_system(session, "Another.", &err), &err);
    assert_string_equal(fm_session_message(session, 0, &role), "Another.");
    fm_test_ok(fm_session_set_system(session, NULL, &err), &err);
    assert_int_equal(fm_session_messages(session), 24);
    fm_session_free(session);
    fm_engine_close(engine);
}

static void engines_refused(void **state) {
    (void)state;
    fm_error err = {0};
    fm_engine *engine;
    fm_test_refused(fm_engine_open(&engine, "/no/such", NULL, &err), &err, FM_ERR_IO, "/no/such", NULL);
    fm_engine_options options = {.max_context = CONTEXT + 1};
    fm_test_refused(fm_engine_open(&engine, fm_test_tiny_model(), &options, &err), &err, FM_ERR_LIMIT, "129",
                    "128", NULL);
    options = (fm_engine_options){.threads = 1000};
    fm_test_refused(fm_engine_open(&engine, fm_test_tiny_model(), &options, &err), &err, FM_ERR_ARG, "1000",
                    "256", NULL);
    char path[600];
    snprintf(path, sizeof path, "%s/broken.json", fm_test_temp_dir());
    static const char broken[] = "{\"messages\":[{\"role\":\"robot\",\"content\":\"x\"}]}";
    fm_test_ok(fm_file_write(path, broken, sizeof broken - 1, &err), &err);
    engine = open_engine(1);
    fm_session *session = open_session(engine);
    fm_test_refused(fm_session_load(session, path, &err), &err, FM_ERR_FORMAT, "broken.json", "robot", NULL);
    fm_session_free(session);
    fm_engine_close(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_answer),
        cmocka_unit_test(sink_and_modes),
        cmocka_unit_test(dropping_and_refusing),
        cmocka_unit_test(engines_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
