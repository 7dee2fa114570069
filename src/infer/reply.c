/* reply.c: the split of a generated stream into reasoning and answer; see reply.h. Refuses ids without a token. */
#include "infer/reply.h"

void fm_reply_init(fm_reply *reply, const fm_template *tpl, fm_prompt prompt, fm_text_sink sink,
                   void *sink_context) {
    *reply =
        (fm_reply){.tpl = tpl,
                   .text = fm_detokenizer_init(tpl->tokenizer, FM_DECODE_SKIP_SPECIALS | FM_DECODE_REPLACE),
                   .part = prompt == FM_PROMPT_THINK ? FM_PART_REASONING : FM_PART_ANSWER,
                   .reasoned = prompt == FM_PROMPT_THINK,
                   .sink = sink,
                   .sink_context = sink_context};
}

/* Hands what the detokenizer released since `from` to the sink. */
static bool show(fm_reply *reply, size_t from) {
    fm_buf *part = &reply->parts[reply->part];
    if (reply->sink == NULL || part->size == from) return true;
    return reply->sink(reply->sink_context, reply->part, part->data + from, part->size - from) == 0;
}

fm_status fm_reply_push(fm_reply *reply, int32_t id, bool *go_on, fm_error *err) {
    *go_on = true;
    reply->tokens[reply->part]++;
    if (id == reply->tpl->mark[FM_MARK_THINK]) {
        reply->part = FM_PART_REASONING;
        reply->reasoned = true;
        return FM_OK;
    }
    if (id == reply->tpl->mark[FM_MARK_END_THINK]) {
        fm_status status =
            fm_reply_finish(reply, err); /* half a character before the mark stays with the reasoning */
        reply->part = FM_PART_ANSWER;
        return status;
    }
    fm_buf *part = &reply->parts[reply->part];
    size_t from = part->size;
    fm_status status = fm_detokenizer_push(&reply->text, id, part, err);
    if (status == FM_OK) *go_on = show(reply, from);
    return status;
}

fm_status fm_reply_finish(fm_reply *reply, fm_error *err) {
    fm_buf *part = &reply->parts[reply->part];
    size_t from = part->size;
    fm_status status = fm_detokenizer_flush(&reply->text, part, err);
    if (status == FM_OK) show(reply, from);
    return status;
}

void fm_reply_release(fm_reply *reply) {
    fm_buf_release(&reply->parts[0]);
    fm_buf_release(&reply->parts[1]);
}
