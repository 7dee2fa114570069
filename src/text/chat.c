/* chat.c: conversations in memory and as JSON lines; see chat.h. */
#include "text/chat.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_names[] = {"system", "user", "assistant", "tool"};

const char *fm_role_name(fm_role role) { return (unsigned)role < 4 ? role_names[role] : "unknown"; }

fm_status fm_chat_add(fm_chat *chat, fm_role role, const char *content, const char *reasoning,
                      fm_error *err) {
    if (chat->count == chat->room) {
        int room = chat->room ? 2 * chat->room : 4;
        fm_message *messages = realloc(chat->messages, (size_t)room * sizeof *messages);
        if (messages == NULL)
            return fm_error_set(err, FM_ERR_MEMORY, "no memory for message %d", chat->count);
        chat->messages = messages;
        chat->room = room;
    }
    fm_message message = {.role = role, .content = strdup(content)};
    if (reasoning) message.reasoning = strdup(reasoning);
    if (message.content == NULL || (reasoning && message.reasoning == NULL)) {
        free(message.content);
        free(message.reasoning);
        return fm_error_set(err, FM_ERR_MEMORY, "no memory for message %d", chat->count);
    }
    chat->messages[chat->count++] = message;
    return FM_OK;
}

void fm_chat_remove(fm_chat *chat, int first, int count) {
    for (int i = first; i < first + count; i++) {
        free(chat->messages[i].content);
        free(chat->messages[i].reasoning);
    }
    if (count > 0)
        memmove(chat->messages + first, chat->messages + first + count,
                (size_t)(chat->count - first - count) * sizeof *chat->messages);
    chat->count -= count;
}

void fm_chat_release(fm_chat *chat) {
    fm_chat_remove(chat, 0, chat->count);
    free(chat->messages);
    *chat = (fm_chat){0};
}

fm_status fm_chat_to_json(const fm_chat *chat, fm_buf *out, fm_error *err) {
    json_t *list = json_array(), *root = json_pack("{s:o}", "messages", list);
    bool good = root != NULL;
    for (int i = 0; good && i < chat->count; i++) {
        const fm_message *m = &chat->messages[i];
        json_t *item = json_pack("{s:s,s:s}", "role", fm_role_name(m->role), "content", m->content);
        if (item && m->reasoning) json_object_set_new(item, "reasoning_content", json_string(m->reasoning));
        good = item != NULL && json_array_append_new(list, item) == 0;
    }
    char *text = good ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (text == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "a message is not valid UTF-8 or memory ran out");
    fm_buf_puts(out, text);
    free(text);
    return out->failed ? fm_error_set(err, FM_ERR_MEMORY, "no memory for a conversation") : FM_OK;
}

static fm_status add_from_json(fm_chat *chat, const json_t *item, int i, const char *where, fm_error *err) {
    const char *role = json_string_value(json_object_get(item, "role"));
    const char *content = json_string_value(json_object_get(item, "content"));
    const json_t *reasoning = json_object_get(item, "reasoning_content");
    if (role == NULL || content == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: messages[%d]: \"role\" and \"content\" must be strings",
                            where, i);
    if (reasoning && !json_is_string(reasoning) && !json_is_null(reasoning))
        return fm_error_set(err, FM_ERR_FORMAT, "%s: messages[%d].reasoning_content: not a string", where, i);
    for (int r = 0; r < 4; r++)
        if (strcmp(role, role_names[r]) == 0)
            return fm_chat_add(chat, (fm_role)r, content, json_string_value(reasoning), err);
    return fm_error_set(err, FM_ERR_FORMAT,
                        "%s: messages[%d].role: \"%.40s\" is not one of system, user, assistant, tool", where,
                        i, role);
}

fm_status fm_chat_from_json(fm_chat *chat, const char *json, size_t size, const char *where, fm_error *err) {
    *chat = (fm_chat){0};
    json_error_t reason;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &reason);
    if (root == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: column %d: %s", where, reason.column, reason.text);
    const json_t *list = json_object_get(root, "messages");
    fm_status status = FM_OK;
    if (!json_is_array(list)) status = fm_error_set(err, FM_ERR_FORMAT, "%s: no list \"messages\"", where);
    for (size_t i = 0; status == FM_OK && i < json_array_size(list); i++)
        status = add_from_json(chat, json_array_get(list, i), (int)i, where, err);
    json_decref(root);
    if (status != FM_OK) fm_chat_release(chat);
    return status;
}
