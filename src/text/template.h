/* template.h: the built-in chat template: a conversation as marks and plain text, in the form of
 * DeepSeek-V3.1's.
 *
 * Where it stands: on the token's path between chat and tokenizer; on the gradient's between a dialogue and
 * the packed rows, where it also says which tokens are learnt.
 *
 * The form (marks are single special tokens, no white space is added anywhere):
 *
 *   BOS system-text { User text Assistant mode-and-answer EOS }
 *   mode-and-answer = THINK reasoning END_THINK answer   the model reasons first
 *                   | END_THINK answer                   it answers at once
 *
 * System texts, wherever they stand in the conversation, come first, joined by an empty line. Only the last
 * message keeps its reasoning, and only in FM_PROMPT_NONE: earlier answers are shown as direct ones. Two user
 * messages in a row are two User marks; an assistant message that follows another one gets no second
 * Assistant mark and no mode, as in DeepSeek's.
 *
 * Loss (`learn`): on everything the assistant writes: mode, reasoning, END_THINK, answer, EOS. Not on an
 * earlier answer whose reasoning was left out: it would teach the model to answer at once what needed
 * thought.
 *
 * It refuses: tool messages (the template has no marks for them) and an empty conversation.
 * Thread safety: everything here is a pure function of its arguments.
 */
#ifndef FM_TEXT_TEMPLATE_H
#define FM_TEXT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/chat.h"
#include "text/tokenizer.h"

/* The special tokens, in the order of fm_mark_text. */
typedef enum fm_mark {
    FM_MARK_BOS,
    FM_MARK_EOS,
    FM_MARK_USER,
    FM_MARK_ASSISTANT,
    FM_MARK_THINK,
    FM_MARK_END_THINK,
    FM_MARKS,
    FM_MARK_NONE = FM_MARKS /* a piece of plain text */
} fm_mark;

/* How the rendering ends. */
typedef enum fm_prompt {
    FM_PROMPT_NONE,   /* after the last message: for training and for showing */
    FM_PROMPT_CHOOSE, /* after Assistant: the model chooses its mode */
    FM_PROMPT_THINK,  /* after THINK */
    FM_PROMPT_NOTHINK /* after END_THINK */
} fm_prompt;

/* One piece of a rendering. */
typedef struct fm_piece {
    fm_mark mark;     /* FM_MARK_NONE: the text below */
    const char *text; /* borrowed from the chat; never holds marks, whatever it looks like */
    size_t size;      /* bytes */
    bool learn;       /* trained on */
} fm_piece;

typedef fm_status (*fm_piece_sink)(void *context, const fm_piece *piece, fm_error *err);

/* Hands the pieces to `sink` in order; stops at its first failure and returns that. Empty texts are left
 * out. */
fm_status fm_template_walk(const fm_chat *chat, fm_prompt prompt, fm_piece_sink sink, void *context,
                           fm_error *err);

/* The rendering as one string, marks spelt out: for people. Never encode it: a user's text may spell a
 * mark. */
fm_status fm_template_text(const fm_chat *chat, fm_prompt prompt, fm_buf *out, fm_error *err);

/* The marks' ids in one tokenizer. */
typedef struct fm_template {
    const fm_tokenizer *tokenizer; /* borrowed */
    int32_t mark[FM_MARKS];
} fm_template;

/* Looks the marks up. FM_ERR_UNSUPPORTED names the mark that the tokenizer lacks. */
fm_status fm_template_init(fm_template *tpl, const fm_tokenizer *tokenizer, fm_error *err);

/* Appends the rendering's ids to *ids and, when `learn` is not NULL, one byte (0 or 1) per id to *learn. Text
 * is encoded with special tokens off, so nobody can smuggle a mark in. */
fm_status fm_template_encode(const fm_template *tpl, const fm_chat *chat, fm_prompt prompt, fm_ids *ids,
                             fm_buf *learn, fm_error *err);

/* The mark spelt out, as in tokenizer.json; static storage. */
const char *fm_mark_text(fm_mark mark);

/* The same template in Jinja, for chat_template in tokenizer_config.json, so that other programs render it
 * (`enable_thinking`: true, false, or undefined for the model's choice). Static storage. */
const char *fm_template_jinja(void);

#endif
