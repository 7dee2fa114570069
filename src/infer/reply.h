/* reply.h: generated ids to reasoning and answer text, as they come.
 *
 * Where it stands: context -> here -> the screen. Follows the marks of text/template.h: what stands before the mark
 * that ends thinking is reasoning, the rest the answer. Text leaves only in whole characters; bytes that are not UTF-8
 * become U+FFFD.
 */
#ifndef FM_INFER_REPLY_H
#define FM_INFER_REPLY_H

#include <stdbool.h>

#include "text/template.h"

typedef struct fm_reply {
    const fm_template *tpl; /* borrowed */
    fm_detokenizer text;
    fm_part part;      /* where the next text goes */
    bool reasoned;     /* a thinking mark was seen or forced */
    fm_buf parts[2];   /* by fm_part: what was said; owned */
    int tokens[2];     /* by fm_part, marks counted with what they close */
    fm_text_sink sink; /* or NULL */
    void *sink_context;
} fm_reply;

/* A reply to a prompt that ended as `prompt` says (template.h). Release with fm_reply_release. */
void fm_reply_init(fm_reply *reply, const fm_template *tpl, fm_prompt prompt, fm_text_sink sink,
                   void *sink_context);

/* Takes the next id; *go_on is false when the sink asked to stop. */
fm_status fm_reply_push(fm_reply *reply, int32_t id, bool *go_on, fm_error *err);

/* The end: a character that was never completed is shown as U+FFFD. */
fm_status fm_reply_finish(fm_reply *reply, fm_error *err);

void fm_reply_release(fm_reply *reply);

#endif
