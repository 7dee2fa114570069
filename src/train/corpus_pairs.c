/* corpus_pairs.c: Tatoeba's sentence pairs as short translation dialogues. Which way, and in which words the
 * request is put, follows from the pair's hash. */
#include "train/corpus_parts.h"

#include <string.h>

static const char *const to_chinese[] = {"Translate into Chinese: %s",
                                         "How do you say this in Chinese? %s",
                                         "What is \"%s\" in Chinese?",
                                         "Put this into Chinese: %s",
                                         "用中文怎么说：%s",
                                         "请把这句话翻译成中文：%s",
                                         "翻译成中文：%s",
                                         "这句英语是什么意思？%s",
                                         "%s\nIn Chinese, please."};
static const char *const to_english[] = {"翻译成英语：%s",
                                         "请把这句话翻译成英文：%s",
                                         "这句话用英语怎么说？%s",
                                         "“%s”用英语怎么说？",
                                         "用英文说：%s",
                                         "Translate into English: %s",
                                         "How do you say this in English? %s",
                                         "What does this mean? %s",
                                         "%s\n请翻译成英语。"};

static size_t fields(const char *line, size_t n, const char *at[3], size_t size[3]) {
    size_t count = 0;
    for (const char *p = line, *end = line + n; count < 3; count++) {
        const char *stop = memchr(p, '\t', (size_t)(end - p));
        at[count] = p;
        size[count] = stop && count < 2 ? (size_t)(stop - p) : (size_t)(end - p);
        if (stop == NULL) return count + 1;
        p = stop + 1;
    }
    return count;
}

static fm_status take_pair(fm_corpus_sink *sink, const fm_buf *english, const fm_buf *chinese,
                           fm_error *err) {
    uint64_t hash = fm_corpus_hash(english->data, english->size);
    bool forward = (hash >> 7) & 1;
    const char *const *wordings = forward ? to_chinese : to_english;
    size_t count = forward ? sizeof to_chinese / sizeof *to_chinese : sizeof to_english / sizeof *to_english;
    const char *wording = wordings[(hash >> 9) % count], *gap = strstr(wording, "%s");
    const fm_buf *from = forward ? english : chinese, *to = forward ? chinese : english;
    fm_buf asked = {0};
    fm_chat chat = {0};
    fm_buf_append(&asked, wording, (size_t)(gap - wording));
    fm_buf_append(&asked, from->data, from->size);
    fm_buf_puts(&asked, gap + 2);
    fm_status status = asked.failed ? fm_error_set(err, FM_ERR_MEMORY, "no memory for a pair") : FM_OK;
    if (status == FM_OK) status = fm_chat_add(&chat, FM_ROLE_USER, asked.data, NULL, err);
    if (status == FM_OK) status = fm_chat_add(&chat, FM_ROLE_ASSISTANT, to->data, NULL, err);
    if (status == FM_OK) status = fm_corpus_take_pair(sink, &chat, err);
    fm_chat_release(&chat);
    fm_buf_release(&asked);
    return status;
}

fm_status fm_corpus_read_tatoeba(const char *path, fm_corpus_sink *sink, fm_error *err) {
    fm_corpus_lines lines;
    fm_status status = fm_corpus_lines_open(&lines, path, err);
    fm_buf english = {0}, chinese = {0};
    const char *line;
    for (size_t n; status == FM_OK && fm_corpus_lines_next(&lines, &line, &n);) {
        const char *at[3];
        size_t size[3];
        if (n == 0) continue;
        if (fields(line, n, at, size) != 3) {
            status = fm_error_set(err, FM_ERR_FORMAT, "%s:%ld: not three fields parted by tabs", path,
                                  lines.number);
            break;
        }
        fm_buf_clear(&english);
        fm_buf_clear(&chinese);
        bool good = size[0] <= 120 && fm_corpus_clean(at[0], size[0], FM_CORPUS_EN, true, &english) &&
                    fm_corpus_clean(at[1], size[1], FM_CORPUS_ZH, false, &chinese);
        if (good)
            status = take_pair(sink, &english, &chinese, err);
        else
            sink->dropped_odd++;
    }
    fm_buf_release(&english);
    fm_buf_release(&chinese);
    fm_corpus_lines_close(&lines);
    return status;
}
