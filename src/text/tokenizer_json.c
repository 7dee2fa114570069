/* tokenizer_json.c: reading Hugging Face's tokenizer.json.
 *
 * What counts: model (BPE: vocab, merges, ignore_merges), added_tokens, normalizer (none, NFC), pre_tokenizer
 * (ByteLevel, Split by a Regex or a String, Digits, Sequences of them). What does not change ids without a
 * begin token is passed over: post_processor, truncation, padding, decoder. The rest is refused by name.
 */
#include <jansson.h>
#include <string.h>

#include "text/byte_alphabet.h"
#include "text/pretokenizer.h"
#include "text/tokenizer_impl.h"

static fm_status wrong(const fm_tokenizer *t, const char *field, const char *wanted, fm_error *err) {
    return fm_error_set(err, FM_ERR_FORMAT, "%s: %s: %s", t->name, field, wanted);
}

static fm_status refuse(const fm_tokenizer *t, const char *field, const char *what, fm_error *err) {
    return fm_error_set(err, FM_ERR_UNSUPPORTED, "%s: %s: %.60s is not supported", t->name, field, what);
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Absent, null, false, "" and 0 all mean "not asked for". */
static bool asks_for(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_true(value) || json_string_length(value) > 0 ||
           (json_is_number(value) && json_number_value(value) != 0);
}

/* ---- model ---- */

static fm_status read_vocab(fm_tokenizer *t, json_t *vocab, fm_error *err) {
    fm_status status = FM_OK;
    fm_buf bytes = {0};
    const char *key;
    json_t *value;
    if (!json_is_object(vocab)) return wrong(t, "model.vocab", "must be an object", err);
    json_object_foreach(vocab, key, value) {
        if (!json_is_integer(value)) {
            status = fm_error_set(err, FM_ERR_FORMAT,
                                  "%s: model.vocab: the id of \"%.40s\" is not an integer", t->name, key);
            goto fail;
        }
        fm_buf_clear(&bytes);
        size_t size = strlen(key);
        if (fm_bytes_from_alphabet(key, size, &bytes))
            FM_TRY(fm_tokenizer_put(t, json_integer_value(value), bytes.data, bytes.size, FM_TOKEN_WORD,
                                    "model.vocab", err));
        else
            FM_TRY(
                fm_tokenizer_put(t, json_integer_value(value), key, size, FM_TOKEN_RAW, "model.vocab", err));
    }
fail:
    fm_buf_release(&bytes);
    return status;
}

static fm_status read_merges(fm_tokenizer *t, const json_t *merges, fm_error *err) {
    if (!json_is_array(merges)) return wrong(t, "model.merges", "must be a list", err);
    for (size_t i = 0; i < json_array_size(merges); i++) {
        const json_t *merge = json_array_get(merges, i), *left = json_array_get(merge, 0),
                     *right = json_array_get(merge, 1);
        fm_status status;
        if (json_is_string(merge))
            status = fm_tokenizer_put_merge_text(t, json_string_value(merge), json_string_length(merge),
                                                 "model.merges", i, err);
        else if (json_array_size(merge) == 2 && json_is_string(left) && json_is_string(right))
            status = fm_tokenizer_put_merge_names(t, json_string_value(left), json_string_length(left),
                                                  json_string_value(right), json_string_length(right),
                                                  "model.merges", i, err);
        else
            status =
                fm_error_set(err, FM_ERR_FORMAT,
                             "%s: model.merges[%zu]: must be \"left right\" or [left, right]", t->name, i);
        if (status != FM_OK) return status;
    }
    return FM_OK;
}

static fm_status read_model(fm_tokenizer *t, const json_t *root, fm_error *err) {
    const json_t *model = json_object_get(root, "model");
    fm_status status = FM_OK;
    if (!json_is_object(model)) return wrong(t, "model", "must be an object", err);
    const char *type = text_of(model, "type");
    if (*type && strcmp(type, "BPE") != 0) return refuse(t, "model.type", type, err);
    static const char *const unsupported[] = {"dropout", "continuing_subword_prefix", "end_of_word_suffix",
                                              "byte_fallback"};
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
        if (asks_for(model, unsupported[i])) return refuse(t, "model", unsupported[i], err);
    t->whole_words = json_is_true(json_object_get(model, "ignore_merges"));
    FM_TRY(read_vocab(t, json_object_get(model, "vocab"), err));
    FM_TRY(read_merges(t, json_object_get(model, "merges"), err));
fail:
    return status;
}

/* ---- added tokens ---- */

static fm_status read_added(fm_tokenizer *t, const json_t *item, size_t i, fm_error *err) {
    char field[48];
    snprintf(field, sizeof field, "added_tokens[%zu]", i);
    const json_t *id = json_object_get(item, "id"), *content = json_object_get(item, "content");
    if (!json_is_integer(id) || !json_is_string(content))
        return wrong(t, field, "must have an integer \"id\" and a string \"content\"", err);
    static const char *const unsupported[] = {"lstrip", "rstrip", "single_word"};
    for (size_t j = 0; j < sizeof unsupported / sizeof *unsupported; j++)
        if (asks_for(item, unsupported[j])) return refuse(t, field, unsupported[j], err);
    const char *text = json_string_value(content);
    size_t size = json_string_length(content), known_size;
    json_int_t number = json_integer_value(id);
    if (fm_tokenizer_special(t, text) >= 0) return wrong(t, field, "this content is there twice", err);
    const char *known =
        number >= 0 && number < t->vocab_size ? fm_tokenizer_bytes(t, (int32_t)number, &known_size) : NULL;
    if (known && (known_size != size || memcmp(known, text, size) != 0))
        return fm_error_set(err, FM_ERR_FORMAT,
                            "%s: %s: id %lld is \"%.*s\" in the vocabulary, not \"%.40s\"", t->name, field,
                            (long long)number, (int)(known_size < 40 ? known_size : 40), known, text);
    fm_status status = FM_OK;
    if (known == NULL) status = fm_tokenizer_put(t, number, text, size, FM_TOKEN_RAW, field, err);
    if (status != FM_OK) return status;
    return fm_tokenizer_put_added(t, (int32_t)number, json_is_true(json_object_get(item, "special")),
                                  json_is_true(json_object_get(item, "normalized")), err);
}

/* ---- normaliser and pre-tokeniser ---- */

static fm_status read_normalizer(fm_tokenizer *t, const json_t *n, fm_error *err) {
    const char *type = text_of(n, "type");
    if (n == NULL || json_is_null(n)) return FM_OK;
    if (strcmp(type, "NFC") == 0) {
        t->nfc = true;
        return FM_OK;
    }
    if (strcmp(type, "Sequence") != 0) return refuse(t, "normalizer", type, err);
    const json_t *list = json_object_get(n, "normalizers");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(text_of(json_array_get(list, i), "type"), "NFC") != 0)
            return refuse(t, "normalizer", text_of(json_array_get(list, i), "type"), err);
        t->nfc = true;
    }
    return FM_OK;
}

/* Writes `text` as a pattern that matches it literally. */
static void quote(const char *text, fm_buf *out) {
    for (; *text; text++) {
        if (strchr("\\[](){}.*+?^$|&~-", *text)) fm_buf_putc(out, '\\');
        fm_buf_putc(out, *text);
    }
}

static fm_status read_split(fm_tokenizer *t, const json_t *p, fm_error *err) {
    const json_t *pattern = json_object_get(p, "pattern");
    const char *regex = json_string_value(json_object_get(pattern, "Regex"));
    const char *literal = json_string_value(json_object_get(pattern, "String"));
    const char *behavior = text_of(p, "behavior");
    bool invert = json_is_true(json_object_get(p, "invert"));
    /* Isolated: both matches and what lies between are words. Removed and inverted keeps the matches alone;
     * with the patterns in use nothing lies between, and what would is kept here, so that every text decodes
     * to itself. */
    if (strcmp(behavior, "Isolated") != 0 && !(strcmp(behavior, "Removed") == 0 && invert))
        return refuse(t, "pre_tokenizer Split: behavior", *behavior ? behavior : "none", err);
    if (regex) return fm_tokenizer_put_pattern(t, regex, err);
    if (literal == NULL || *literal == '\0')
        return wrong(t, "pre_tokenizer Split: pattern", "needs a Regex or a String", err);
    fm_buf quoted = {0};
    quote(literal, &quoted);
    fm_status status = quoted.failed
                           ? fm_error_set(err, FM_ERR_MEMORY, "%s: no memory for a pattern", t->name)
                           : fm_tokenizer_put_pattern(t, quoted.data, err);
    fm_buf_release(&quoted);
    return status;
}

static fm_status read_pre(fm_tokenizer *t, const json_t *p, bool use_patterns, bool *byte_level, int depth,
                          fm_error *err) {
    const char *type = text_of(p, "type");
    fm_status status = FM_OK;
    if (depth > 4) return refuse(t, "pre_tokenizer", "nesting deeper than 4", err);
    if (*byte_level) return refuse(t, "pre_tokenizer", "anything after ByteLevel", err);
    if (strcmp(type, "Sequence") == 0) {
        const json_t *list = json_object_get(p, "pretokenizers");
        for (size_t i = 0; i < json_array_size(list) && status == FM_OK; i++)
            status = read_pre(t, json_array_get(list, i), use_patterns, byte_level, depth + 1, err);
        return status;
    }
    if (strcmp(type, "ByteLevel") == 0) {
        *byte_level = true;
        if (asks_for(p, "add_prefix_space"))
            return refuse(t, "pre_tokenizer ByteLevel", "add_prefix_space", err);
        const json_t *use_regex = json_object_get(p, "use_regex"); /* its default is true */
        if (!use_patterns || json_is_false(use_regex)) return FM_OK;
        return fm_tokenizer_put_pattern(t, fm_pretokenizer_gpt2(), err);
    }
    if (strcmp(type, "Digits") == 0) {
        bool single = json_is_true(json_object_get(p, "individual_digits"));
        return use_patterns ? fm_tokenizer_put_pattern(t, single ? "\\p{N}" : "\\p{N}+", err) : FM_OK;
    }
    if (strcmp(type, "Split") == 0) return use_patterns ? read_split(t, p, err) : FM_OK;
    return refuse(t, "pre_tokenizer", *type ? type : "none", err);
}

/* ---- the whole ---- */

fm_status fm_tokenizer_read_json(fm_tokenizer *t, const void *bytes, size_t size, const char *pattern,
                                 fm_error *err) {
    json_error_t reason;
    fm_status status = FM_OK;
    bool byte_level = false;
    if (size > FM_TOKENIZER_MAX_FILE_BYTES)
        return fm_error_set(err, FM_ERR_LIMIT, "%s: %zu bytes, limit %d", t->name, size,
                            FM_TOKENIZER_MAX_FILE_BYTES);
    json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &reason);
    if (root == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "%s: line %d, column %d: %s", t->name, reason.line,
                            reason.column, reason.text);
    FM_TRY(read_model(t, root, err));
    FM_TRY(read_normalizer(t, json_object_get(root, "normalizer"), err));
    FM_TRY(read_pre(t, json_object_get(root, "pre_tokenizer"), pattern == NULL, &byte_level, 0, err));
    if (!byte_level) {
        status = refuse(t, "pre_tokenizer", "a vocabulary that is not ByteLevel", err);
        goto fail;
    }
    if (pattern) FM_TRY(fm_tokenizer_put_pattern(t, pattern, err));
    const json_t *added = json_object_get(root, "added_tokens");
    if (added && !json_is_null(added) && !json_is_array(added)) {
        status = wrong(t, "added_tokens", "must be a list", err);
        goto fail;
    }
    for (size_t i = 0; i < json_array_size(added); i++)
        FM_TRY(read_added(t, json_array_get(added, i), i, err));
fail:
    json_decref(root);
    return status;
}
