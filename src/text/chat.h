/* chat.h: a conversation as data: what generators write, templates render, trainers learn from and chats keep.
 *
 * Owner: an fm_chat owns its messages and their texts; release with fm_chat_release. {0} is an empty one.
 * Texts are UTF-8, NUL-terminated.
 */
#ifndef FM_TEXT_CHAT_H
#define FM_TEXT_CHAT_H

#include "base/buf.h"
#include "base/status.h"

typedef enum fm_role { FM_ROLE_SYSTEM, FM_ROLE_USER, FM_ROLE_ASSISTANT, FM_ROLE_TOOL } fm_role;

typedef struct fm_message {
    fm_role role;
    char *content;   /* never NULL */
    char *reasoning; /* what stands between <think> and </think>; NULL: the answer came without reasoning */
} fm_message;

typedef struct fm_chat {
    fm_message *messages;
    int count;
    int room;
} fm_chat;

/* Appends a message; texts are copied; `reasoning` may be NULL. FM_ERR_MEMORY only. */
fm_status fm_chat_add(fm_chat *chat, fm_role role, const char *content, const char *reasoning, fm_error *err);

/* Drops `count` messages beginning at `first` (bounds are the caller's to keep). */
void fm_chat_remove(fm_chat *chat, int first, int count);

void fm_chat_release(fm_chat *chat);

/* One line of chat JSONL without the newline: {"messages":[{"role":"user","content":"..."},...]}; reasoning is
 * "reasoning_content", as DeepSeek's API names it. */
fm_status fm_chat_to_json(const fm_chat *chat, fm_buf *out, fm_error *err);

/* The reverse. Unknown keys are ignored, unknown roles and missing texts refused by name; `where` (a file and line,
 * say) heads the message. Invalid UTF-8 is refused by the JSON reader. */
fm_status fm_chat_from_json(fm_chat *chat, const char *json, size_t size, const char *where, fm_error *err);

const char *fm_role_name(fm_role role);

#endif
