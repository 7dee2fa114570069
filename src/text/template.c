/* template.c: walking a conversation through the built-in template. One walk serves text, ids and loss mask,
 * so what is shown, what is learnt and what is asked at inference cannot drift apart. See template.h for the
 * form and for what it refuses. */
#include "text/template.h"

#include <string.h>

static const char *const mark_texts[FM_MARKS] = {[FM_MARK_BOS] = "<｜begin▁of▁sentence｜>",
                                                 [FM_MARK_EOS] = "<｜end▁of▁sentence｜>",
                                                 [FM_MARK_USER] = "<｜User｜>",
                                                 [FM_MARK_ASSISTANT] = "<｜Assistant｜>",
                                                 [FM_MARK_THINK] = "<think>",
                                                 [FM_MARK_END_THINK] = "</think>"};

const char *fm_mark_text(fm_mark mark) { return (unsigned)mark < FM_MARKS ? mark_texts[mark] : ""; }

/* The walk's state: where pieces go, and the first failure, which stops all later ones. */
typedef struct walk {
    fm_piece_sink sink;
    void *context;
    fm_error *err;
    fm_status status;
} walk;

static void put_mark(walk *w, fm_mark mark, bool learn) {
    fm_piece piece = {.mark = mark, .text = "", .learn = learn};
    if (w->status == FM_OK) w->status = w->sink(w->context, &piece, w->err);
}

static void put_text(walk *w, const char *text, bool learn) {
    fm_piece piece = {.mark = FM_MARK_NONE, .text = text, .size = strlen(text), .learn = learn};
    if (w->status == FM_OK && piece.size > 0) w->status = w->sink(w->context, &piece, w->err);
}

static void put_system(walk *w, const fm_chat *chat) {
    bool first = true;
    for (int i = 0; i < chat->count; i++) {
        if (chat->messages[i].role != FM_ROLE_SYSTEM) continue;
        if (!first) put_text(w, "\n\n", false);
        put_text(w, chat->messages[i].content, false);
        first = false;
    }
}

/* An assistant message. `last`: nothing follows it, so its reasoning is part of the rendering. */
static void put_answer(walk *w, const fm_message *message, bool after_user, bool last) {
    bool reasons = message->reasoning != NULL;
    bool learn = last || !reasons;
    if (after_user) {
        put_mark(w, FM_MARK_ASSISTANT, false);
        if (reasons && last) {
            put_mark(w, FM_MARK_THINK, learn);
            put_text(w, message->reasoning, learn);
        }
        put_mark(w, FM_MARK_END_THINK, learn);
    }
    put_text(w, message->content, learn);
    put_mark(w, FM_MARK_EOS, learn);
}

fm_status fm_template_walk(const fm_chat *chat, fm_prompt prompt, fm_piece_sink sink, void *context,
                           fm_error *err) {
    if (chat->count < 1)
        return fm_error_set(err, FM_ERR_ARG, "conversation: 0 messages; at least 1 is needed");
    walk w = {.sink = sink, .context = context, .err = err};
    put_mark(&w, FM_MARK_BOS, false);
    put_system(&w, chat);
    bool after_user = false;
    for (int i = 0; i < chat->count && w.status == FM_OK; i++) {
        const fm_message *message = &chat->messages[i];
        bool last = prompt == FM_PROMPT_NONE && i + 1 == chat->count;
        switch (message->role) {
        case FM_ROLE_SYSTEM: continue;
        case FM_ROLE_USER:
            put_mark(&w, FM_MARK_USER, false);
            put_text(&w, message->content, false);
            break;
        case FM_ROLE_ASSISTANT: put_answer(&w, message, after_user, last); break;
        case FM_ROLE_TOOL:
            return fm_error_set(err, FM_ERR_UNSUPPORTED,
                                "message %d: role tool; the built-in template has "
                                "system, user and assistant",
                                i + 1);
        }
        after_user = message->role == FM_ROLE_USER;
    }
    if (prompt != FM_PROMPT_NONE) put_mark(&w, FM_MARK_ASSISTANT, false);
    if (prompt == FM_PROMPT_THINK) put_mark(&w, FM_MARK_THINK, false);
    if (prompt == FM_PROMPT_NOTHINK) put_mark(&w, FM_MARK_END_THINK, false);
    return w.status;
}

static fm_status append_text(void *context, const fm_piece *piece, fm_error *err) {
    fm_buf *out = context;
    if (piece->mark != FM_MARK_NONE)
        fm_buf_puts(out, fm_mark_text(piece->mark));
    else
        fm_buf_append(out, piece->text, piece->size);
    return out->failed ? fm_error_set(err, FM_ERR_MEMORY, "no memory for a conversation's text") : FM_OK;
}

fm_status fm_template_text(const fm_chat *chat, fm_prompt prompt, fm_buf *out, fm_error *err) {
    return fm_template_walk(chat, prompt, append_text, out, err);
}

fm_status fm_template_init(fm_template *tpl, const fm_tokenizer *tokenizer, fm_error *err) {
    *tpl = (fm_template){.tokenizer = tokenizer};
    for (int i = 0; i < FM_MARKS; i++) {
        tpl->mark[i] = fm_tokenizer_special(tokenizer, mark_texts[i]);
        if (tpl->mark[i] < 0)
            return fm_error_set(err, FM_ERR_UNSUPPORTED,
                                "tokenizer: no special token \"%s\", which the built-in "
                                "chat template needs",
                                mark_texts[i]);
    }
    return FM_OK;
}

typedef struct encoding {
    const fm_template *tpl;
    fm_ids *ids;
    fm_buf *learn; /* may be NULL */
} encoding;

static fm_status append_ids(void *context, const fm_piece *piece, fm_error *err) {
    encoding *e = context;
    size_t before = e->ids->count;
    fm_status status =
        piece->mark != FM_MARK_NONE
            ? fm_ids_push(e->ids, e->tpl->mark[piece->mark], err)
            : fm_tokenizer_encode(e->tpl->tokenizer, piece->text, piece->size, FM_ENCODE_TEXT, e->ids, err);
    if (status != FM_OK || e->learn == NULL) return status;
    for (size_t i = before; i < e->ids->count; i++) fm_buf_putc(e->learn, piece->learn);
    return e->learn->failed ? fm_error_set(err, FM_ERR_MEMORY, "no memory for a loss mask") : FM_OK;
}

fm_status fm_template_encode(const fm_template *tpl, const fm_chat *chat, fm_prompt prompt, fm_ids *ids,
                             fm_buf *learn, fm_error *err) {
    encoding e = {.tpl = tpl, .ids = ids, .learn = learn};
    return fm_template_walk(chat, prompt, append_ids, &e, err);
}

const char *fm_template_jinja(void) {
    return "{%- set ns = namespace(system='', first=true, last='') -%}\n"
           "{%- for m in messages if m['role'] == 'system' -%}\n"
           "{%- set ns.system = ns.system + ('' if ns.first else '\\n\\n') + m['content'] -%}\n"
           "{%- set ns.first = false -%}\n"
           "{%- endfor -%}\n"
           "{{- bos_token + ns.system -}}\n"
           "{%- for m in messages if m['role'] != 'system' -%}\n"
           "{%- if m['role'] == 'user' -%}\n"
           "{{- '<｜User｜>' + m['content'] -}}\n"
           "{%- elif m['role'] == 'assistant' -%}\n"
           "{%- if ns.last == 'user' -%}{{- '<｜Assistant｜></think>' -}}{%- endif -%}\n"
           "{%- set answer = m['content'].split('</think>', 1)[1] if '</think>' in m['content'] "
           "else m['content'] -%}\n"
           "{{- answer + eos_token -}}\n"
           "{%- else -%}\n"
           "{{- raise_exception('this template has no tool messages') -}}\n"
           "{%- endif -%}\n"
           "{%- set ns.last = m['role'] -%}\n"
           "{%- endfor -%}\n"
           "{%- if add_generation_prompt -%}\n"
           "{{- '<｜Assistant｜>' -}}\n"
           "{%- if enable_thinking is defined -%}{{- '<think>' if enable_thinking else '</think>' -}}"
           "{%- endif -%}\n"
           "{%- endif -%}\n";
}
