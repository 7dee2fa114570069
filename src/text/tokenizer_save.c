/* tokenizer_save.c: writing Hugging Face's tokenizer.json, so that transformers and tokenizers give the same
 * ids.
 *
 * Readers number added tokens that are not in model.vocab one after the other behind it. Where that gives the
 * right ids they are left out, as in published files: a name such as "\u00f8" could also be taken for a byte.
 * Otherwise every token stands in model.vocab. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer_impl.h"

/* The name of a token in tokenizer.json, appended to *out. */
static void put_name(const fm_tokenizer *t, int32_t id, fm_buf *out) {
    const char *bytes = t->bytes.data + t->offsets[id];
    if (t->flags[id] & FM_TOKEN_RAW)
        fm_buf_append(out, bytes, t->sizes[id]);
    else
        fm_bytes_to_alphabet(bytes, t->sizes[id], out);
}

/* Where the vocabulary ends and nothing but added tokens follows, without a gap. */
static int32_t plain_size(const fm_tokenizer *t) {
    int32_t size = t->vocab_size;
    while (size > 0 && (t->flags[size - 1] & FM_TOKEN_ADDED) && (t->flags[size - 1] & FM_TOKEN_RAW)) size--;
    for (int32_t id = 0; id < size; id++)
        if (t->flags[id] == 0) return t->vocab_size; /* readers would count from too low a size */
    return size;
}

static json_t *make_vocab(const fm_tokenizer *t) {
    json_t *vocab = json_object();
    fm_buf name = {0};
    bool good = vocab != NULL;
    int32_t size = plain_size(t);
    for (int32_t id = 0; good && id < size; id++) {
        if (t->flags[id] == 0) continue;
        fm_buf_clear(&name);
        put_name(t, id, &name);
        good = !name.failed && json_object_set_new(vocab, name.data, json_integer(id)) == 0;
    }
    fm_buf_release(&name);
    if (good) return vocab;
    json_decref(vocab);
    return NULL;
}

/* By rank, then by the left and the right token: tiktoken's ranks may be shared. */
static int by_rank(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    uint64_t xr = x & 0xffffff, yr = y & 0xffffff;
    if (xr != yr) return xr < yr ? -1 : 1;
    return (x > y) - (x < y);
}

static json_t *make_merges(const fm_tokenizer *t) {
    json_t *merges = json_array();
    uint64_t *pairs = malloc((t->pair_count + 1) * sizeof *pairs);
    fm_buf text = {0};
    size_t count = 0;
    bool good = merges && pairs;
    for (size_t i = 0; good && i < t->pair_slots; i++)
        if (t->pairs[i] != UINT64_MAX) pairs[count++] = t->pairs[i];
    if (good) qsort(pairs, count, sizeof *pairs, by_rank);
    for (size_t i = 0; good && i < count; i++) {
        fm_buf_clear(&text);
        put_name(t, (int32_t)(pairs[i] >> 44), &text);
        fm_buf_putc(&text, ' ');
        put_name(t, (int32_t)(pairs[i] >> 24 & 0xfffff), &text);
        good = !text.failed && json_array_append_new(merges, json_stringn(text.data, text.size)) == 0;
    }
    fm_buf_release(&text);
    free(pairs);
    if (good) return merges;
    json_decref(merges);
    return NULL;
}

static bool is_normalized(const fm_tokenizer *t, int32_t id) {
    size_t begin, end;
    int32_t found;
    return fm_added_next(&t->normalized, (const uint8_t *)t->bytes.data + t->offsets[id], t->sizes[id], 0,
                         &begin, &end, &found) &&
           found == id;
}

static json_t *make_added(const fm_tokenizer *t) {
    json_t *list = json_array();
    bool good = list != NULL;
    for (int32_t id = 0; good && id < t->vocab_size; id++) {
        if (!(t->flags[id] & FM_TOKEN_ADDED)) continue;
        json_t *item = json_pack("{s:i,s:s%,s:b,s:b,s:b,s:b,s:b}", "id", (int)id, "content",
                                 t->bytes.data + t->offsets[id], (size_t)t->sizes[id], "single_word", 0,
                                 "lstrip", 0, "rstrip", 0, "normalized", (int)is_normalized(t, id), "special",
                                 (t->flags[id] & FM_TOKEN_SPECIAL) != 0);
        good = json_array_append_new(list, item) == 0;
    }
    if (good) return list;
    json_decref(list);
    return NULL;
}

static json_t *byte_level(void) {
    return json_pack("{s:s,s:b,s:b,s:b}", "type", "ByteLevel", "add_prefix_space", 0, "trim_offsets", 1,
                     "use_regex", 0);
}

static json_t *make_pre_tokenizer(const fm_tokenizer *t) {
    json_t *list = json_array();
    bool good = list != NULL;
    for (int i = 0; good && i < t->pattern_count; i++)
        good = json_array_append_new(list, json_pack("{s:s,s:{s:s},s:s,s:b}", "type", "Split", "pattern",
                                                     "Regex", fm_pattern_source(t->patterns[i]), "behavior",
                                                     "Isolated", "invert", 0)) == 0;
    good = good && json_array_append_new(list, byte_level()) == 0;
    if (good) return json_pack("{s:s,s:o}", "type", "Sequence", "pretokenizers", list);
    json_decref(list);
    return NULL;
}

static json_t *make_root(const fm_tokenizer *t) {
    json_t *vocab = make_vocab(t), *merges = make_merges(t), *added = make_added(t),
           *pre = make_pre_tokenizer(t);
    if (vocab == NULL || merges == NULL || added == NULL || pre == NULL) {
        json_decref(vocab);
        json_decref(merges);
        json_decref(added);
        json_decref(pre);
        return NULL;
    }
    json_t *normalizer = t->nfc ? json_pack("{s:s}", "type", "NFC") : json_null();
    json_t *model =
        json_pack("{s:s,s:n,s:n,s:n,s:n,s:b,s:b,s:b,s:o,s:o}", "type", "BPE", "dropout", "unk_token",
                  "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", 0, "byte_fallback", 0,
                  "ignore_merges", (int)t->whole_words, "vocab", vocab, "merges", merges);
    return json_pack("{s:s,s:n,s:n,s:o,s:o,s:o,s:n,s:o,s:o}", "version", "1.0", "truncation", "padding",
                     "added_tokens", added, "normalizer", normalizer, "pre_tokenizer", pre, "post_processor",
                     "decoder", byte_level(), "model", model);
}

fm_status fm_tokenizer_to_json(const fm_tokenizer *t, fm_buf *out, fm_error *err) {
    json_t *root = make_root(t);
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    if (text == NULL)
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: cannot be written as JSON: a token is not UTF-8, or no memory", t->name);
    fm_buf_puts(out, text);
    fm_buf_putc(out, '\n');
    free(text);
    return out->failed ? fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for its JSON", t->name) : FM_OK;
}

fm_status fm_tokenizer_save(const fm_tokenizer *t, const char *path, fm_error *err) {
    fm_buf text = {0};
    fm_status status = fm_tokenizer_to_json(t, &text, err);
    if (status == FM_OK) status = fm_file_write(path, text.data, text.size, err);
    fm_buf_release(&text);
    return status;
}
