/* corpus_maths.c: readers of word problems. They become dialogues whose reasoning is the worked solution and
 * whose answer is the number alone, the form that src/task writes its problems in. */
#include "train/corpus_parts.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static fm_status take_problem(fm_corpus_sink *sink, const char *question, const char *steps,
                              const char *answer, fm_error *err) {
    fm_chat chat = {0};
    fm_status status = fm_chat_add(&chat, FM_ROLE_USER, question, NULL, err);
    if (status == FM_OK) status = fm_chat_add(&chat, FM_ROLE_ASSISTANT, answer, steps, err);
    if (status == FM_OK) status = fm_corpus_take_chat(sink, &chat, err);
    fm_chat_release(&chat);
    return status;
}

/* "48/2 = <<48/2=24>>24 clips\n#### 24": the marks go, the last line is the answer. */
static fm_status gsm8k(fm_corpus_sink *sink, const json_t *item, const char *where, fm_error *err) {
    const char *question = json_string_value(json_object_get(item, "question"));
    const char *answer = json_string_value(json_object_get(item, "answer"));
    const char *last = answer ? strstr(answer, "\n#### ") : NULL;
    if (question == NULL || last == NULL)
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: no \"question\", or no \"answer\" that ends in \"#### n\"", where);
    fm_buf steps = {0}, clean = {0};
    for (const char *p = answer; p < last; p++) {
        const char *close = p[0] == '<' && p[1] == '<' ? strstr(p, ">>") : NULL;
        if (close && close < last)
            p = close + 1;
        else
            fm_buf_putc(&steps, *p);
    }
    fm_status status = FM_OK;
    bool good = steps.size > 0 && steps.size < 900;
    for (const char *p = steps.data; good && *p;) { /* the reasoning is cleaned here: the sink passes it on */
        size_t n = strcspn(p, "\n");
        if (n) good = fm_corpus_clean(p, n, FM_CORPUS_EN, true, &clean);
        p += n + (p[n] == '\n');
        if (n && *p) fm_buf_putc(&clean, '\n');
    }
    if (good && clean.size) status = take_problem(sink, question, clean.data, last + 6, err);
    fm_buf_release(&steps);
    fm_buf_release(&clean);
    return status;
}

static fm_status cmath(fm_corpus_sink *sink, const json_t *item, const char *where, fm_error *err) {
    const char *question = json_string_value(json_object_get(item, "input"));
    const char *answer = json_string_value(json_object_get(item, "golden"));
    if (question == NULL || answer == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: no texts \"input\" and \"golden\"", where);
    return take_problem(sink, question, NULL, answer, err);
}

/* Only problems whose equation can be worked out in decimal steps to the answer given; no bare sums. */
static fm_status ape(fm_corpus_sink *sink, const json_t *item, const char *where, fm_error *err) {
    const char *question = json_string_value(json_object_get(item, "original_text"));
    const char *answer = json_string_value(json_object_get(item, "ans"));
    const char *equation = json_string_value(json_object_get(item, "equation"));
    if (question == NULL || answer == NULL || equation == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: no texts \"original_text\", \"ans\" and \"equation\"",
                            where);
    char result[32];
    fm_buf steps = {0};
    fm_status status = FM_OK;
    bool worked = strncmp(equation, "x=", 2) == 0 && strchr(question, '(') == NULL &&
                  fm_corpus_arithmetic(equation + 2, &steps, result, sizeof result) &&
                  strcmp(result, answer) == 0;
    if (worked)
        status = take_problem(sink, question, steps.data, answer, err);
    else
        sink->dropped_odd++;
    fm_buf_release(&steps);
    return status;
}

static fm_status take_item(fm_corpus_sink *sink, const json_t *item, const char *where, fm_error *err) {
    switch (sink->source->format) {
    case FM_CORPUS_GSM8K: return gsm8k(sink, item, where, err);
    case FM_CORPUS_CMATH: return cmath(sink, item, where, err);
    default: return ape(sink, item, where, err);
    }
}

fm_status fm_corpus_read_maths(const char *path, fm_corpus_sink *sink, fm_error *err) {
    return fm_corpus_each_json(path, take_item, sink, err);
}
