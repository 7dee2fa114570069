/* session.c: one conversation: what was said, what fits into the prompt, the answer.
 *
 * Where it stands: include/fathom.h -> here -> text/template -> context -> reply. The conversation is kept whole;
 * only the prompt is cut, at whole oldest turns.
 *
 * It refuses messages that are not UTF-8 and messages that do not fit into the context by themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/utf8.h"
#include "infer/context.h"
#include "infer/engine.h"
#include "infer/reply.h"

enum { CHAT_FILE_LIMIT_BYTES = 64 << 20 };

struct fm_session {
    fm_engine *engine; /* borrowed */
    fm_chat chat;
    fm_context context;
    fm_ids prompt;
    fm_reply reply; /* of the last question; its texts are what fm_answer points at */
};

fm_ask_options fm_ask_options_default(void) {
    return (fm_ask_options){.sample = fm_sample_options_default()};
}

fm_status fm_session_create(fm_session **out, fm_engine *engine, fm_error *err) {
    *out = NULL;
    fm_session *session = calloc(1, sizeof *session);
    if (session == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for a session");
    session->engine = engine;
    fm_status status = fm_context_open(&session->context, engine->model, engine->context, err);
    if (status != FM_OK) {
        free(session);
        return status;
    }
    *out = session;
    return FM_OK;
}

void fm_session_free(fm_session *session) {
    if (session == NULL) return;
    fm_context_close(&session->context);
    fm_chat_release(&session->chat);
    fm_ids_release(&session->prompt);
    fm_reply_release(&session->reply);
    free(session);
}

static bool has_system(const fm_chat *chat) {
    return chat->count > 0 && chat->messages[0].role == FM_ROLE_SYSTEM;
}

static fm_prompt prompt_for(fm_thinking thinking) {
    if (thinking == FM_THINKING_ON) return FM_PROMPT_THINK;
    return thinking == FM_THINKING_OFF ? FM_PROMPT_NOTHINK : FM_PROMPT_CHOOSE;
}

/* The index of the next user message after `from`, or the count: where a turn begins. */
static int next_turn(const fm_chat *chat, int from) {
    int i = from + 1;
    while (i < chat->count && chat->messages[i].role != FM_ROLE_USER) i++;
    return i;
}

/* Renders the prompt into session->prompt, leaving out oldest turns until `room` tokens of answer fit. The view borrows
 * the messages: a system text, then the turns from `first` on. */
static fm_status build_prompt(fm_session *session, fm_prompt mode, int room, int *dropped, fm_error *err) {
    fm_chat *chat = &session->chat;
    int head = has_system(chat) ? 1 : 0, limit = session->engine->context - room;
    fm_message *messages = malloc((size_t)chat->count * sizeof *messages);
    if (messages == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for a prompt");
    fm_status status;
    for (int first = head;; first = next_turn(chat, first)) {
        memcpy(messages, chat->messages, (size_t)head * sizeof *messages);
        memcpy(messages + head, chat->messages + first, (size_t)(chat->count - first) * sizeof *messages);
        fm_chat view = {.messages = messages, .count = head + chat->count - first};
        session->prompt.count = 0;
        FM_TRY(fm_template_encode(&session->engine->tpl, &view, mode, &session->prompt, NULL, err));
        if (session->prompt.count <= (size_t)limit) {
            *dropped = first - head;
            break;
        }
        if (next_turn(chat, first) >= chat->count) {
            status =
                fm_error_set(err, FM_ERR_LIMIT,
                             "the message needs a prompt of %zu tokens; %d fit beside an answer (context %d)",
                             session->prompt.count, limit, session->engine->context);
            break;
        }
    }
fail:
    free(messages);
    return status;
}

/* Carries the reply through the id sink, whose only way to report a failure is to stop. */
typedef struct receiver {
    fm_reply *reply;
    int32_t stop;
    fm_status status;
    fm_error *err;
} receiver;

static bool receive(void *context, int32_t id) {
    receiver *r = context;
    if (id == r->stop) return true;
    bool go_on = true;
    r->status = fm_reply_push(r->reply, id, &go_on, r->err);
    return r->status == FM_OK && go_on;
}

static fm_status generate(fm_session *session, const fm_ask_options *options, fm_generated *done,
                          fm_error *err) {
    int32_t stop = session->engine->tpl.mark[FM_MARK_EOS];
    receiver r = {.reply = &session->reply, .stop = stop, .err = err};
    fm_generate job = {.prompt = session->prompt.data,
                       .prompt_count = (int)session->prompt.count,
                       .sample = &options->sample,
                       .stop = stop,
                       .max_tokens = options->max_tokens,
                       .sink = receive,
                       .sink_context = &r};
    fm_status status = fm_context_generate(&session->context, &job, done, err);
    if (status == FM_OK) status = r.status;
    if (status == FM_OK) status = fm_reply_finish(&session->reply, err);
    return status;
}

static const char *text_or_empty(const fm_buf *buf) { return buf->data ? buf->data : ""; }

fm_status fm_session_ask(fm_session *session, const char *message, const fm_ask_options *options,
                         fm_text_sink sink, void *context, fm_answer *answer, fm_error *err) {
    fm_ask_options defaults = fm_ask_options_default();
    if (options == NULL) options = &defaults;
    fm_status status = fm_sample_options_check(&options->sample, err);
    if (status != FM_OK) return status;
    size_t size = strlen(message), bad = fm_utf8_bad(message, size);
    if (size == 0) return fm_error_set(err, FM_ERR_ARG, "the message is empty");
    if (bad < size) return fm_error_set(err, FM_ERR_FORMAT, "the message is not UTF-8 at byte %zu", bad);

    int before = session->chat.count, dropped = 0;
    int room = session->engine->context / 4; /* the least that an answer is given */
    if (options->max_tokens > 0 && options->max_tokens < room) room = options->max_tokens;
    fm_prompt mode = prompt_for(options->thinking);
    fm_generated done = {0};
    FM_TRY(fm_chat_add(&session->chat, FM_ROLE_USER, message, NULL, err));
    FM_TRY(build_prompt(session, mode, room, &dropped, err));
    fm_reply_release(&session->reply);
    fm_reply_init(&session->reply, &session->engine->tpl, mode, sink, context);
    FM_TRY(generate(session, options, &done, err));
    fm_reply *reply = &session->reply;
    const char *reasoning = reply->reasoned ? text_or_empty(&reply->parts[FM_PART_REASONING]) : NULL;
    const char *text = text_or_empty(&reply->parts[FM_PART_ANSWER]);
    FM_TRY(fm_chat_add(&session->chat, FM_ROLE_ASSISTANT, text, reasoning, err));
    if (answer)
        *answer = (fm_answer){.reasoning = reasoning,
                              .text = text,
                              .finish = done.finish,
                              .prompt_tokens = (int)session->prompt.count,
                              .cached_tokens = done.cached,
                              .reasoning_tokens = reply->tokens[FM_PART_REASONING],
                              .answer_tokens = reply->tokens[FM_PART_ANSWER],
                              .dropped_messages = dropped,
                              .prefill_seconds = done.prefill_seconds,
                              .decode_seconds = done.decode_seconds};
    return FM_OK;
fail:
    fm_chat_remove(&session->chat, before, session->chat.count - before);
    return status;
}

fm_status fm_session_set_system(fm_session *session, const char *text, fm_error *err) {
    fm_chat *chat = &session->chat;
    if (text && fm_utf8_bad(text, strlen(text)) < strlen(text))
        return fm_error_set(err, FM_ERR_FORMAT, "the system text is not UTF-8");
    if (text) {
        fm_status status = fm_chat_add(chat, FM_ROLE_SYSTEM, text, NULL, err);
        if (status != FM_OK) return status;
    }
    if (has_system(chat) && (text == NULL || chat->count > 1)) fm_chat_remove(chat, 0, 1);
    if (text) { /* the new one stands last: move it to the head */
        fm_message added = chat->messages[chat->count - 1];
        memmove(chat->messages + 1, chat->messages, (size_t)(chat->count - 1) * sizeof added);
        chat->messages[0] = added;
    }
    return FM_OK;
}

void fm_session_clear(fm_session *session) { fm_chat_remove(&session->chat, 0, session->chat.count); }

fm_status fm_session_save(const fm_session *session, const char *path, fm_error *err) {
    fm_buf text = {0};
    fm_status status = fm_chat_to_json(&session->chat, &text, err);
    fm_buf_putc(&text, '\n');
    if (status == FM_OK) status = fm_file_write(path, text.data, text.size, err);
    fm_buf_release(&text);
    return status;
}

fm_status fm_session_load(fm_session *session, const char *path, fm_error *err) {
    fm_buf text = {0};
    fm_chat chat = {0};
    fm_status status = fm_file_read(path, CHAT_FILE_LIMIT_BYTES, &text, err);
    if (status == FM_OK) status = fm_chat_from_json(&chat, text.data ? text.data : "", text.size, path, err);
    fm_buf_release(&text);
    if (status != FM_OK) return status;
    fm_chat_release(&session->chat);
    session->chat = chat;
    return FM_OK;
}

int fm_session_messages(const fm_session *session) { return session->chat.count; }

const char *fm_session_message(const fm_session *session, int index, const char **role) {
    if (index < 0 || index >= session->chat.count) return NULL;
    if (role) *role = fm_role_name(session->chat.messages[index].role);
    return session->chat.messages[index].content;
}
