/* cmd_tokenize.c: `fathom tokenize`: standard input -> token ids, or ids -> bytes, with any vocabulary that
 * text/tokenizer.h opens. No begin token is added. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "text/tokenizer.h"

static const size_t max_input = (size_t)1 << 30;

static fm_status write_all(const fm_buf *out, fm_error *err) {
    if (out->failed) return fm_error_set(err, FM_ERR_MEMORY, "no memory for the output");
    if (out->size && fwrite(out->data, 1, out->size, stdout) != out->size)
        return fm_error_errno(err, "standard output");
    return FM_OK;
}

static fm_status print_ids(const fm_ids *ids, bool json, fm_error *err) {
    fm_buf out = {0};
    char number[16];
    if (json) fm_buf_puts(&out, "{\"ids\":[");
    for (size_t i = 0; i < ids->count; i++) {
        int size = snprintf(number, sizeof number, "%s%d", i == 0 ? "" : json ? "," : " ", ids->data[i]);
        fm_buf_append(&out, number, (size_t)size);
    }
    fm_buf_puts(&out, json ? "]}\n" : "\n");
    fm_status status = write_all(&out, err);
    fm_buf_release(&out);
    return status;
}

static fm_status push_id(fm_ids *ids, long long id, fm_error *err) {
    if (id < 0 || id > INT32_MAX)
        return fm_error_set(err, FM_ERR_FORMAT, "standard input: id %zu: %lld is not in 0..%d", ids->count,
                            id, INT32_MAX);
    return fm_ids_push(ids, (int32_t)id, err);
}

/* {"ids":[...]} or [...] */
static fm_status parse_json_ids(const fm_buf *text, fm_ids *ids, fm_error *err) {
    json_error_t reason;
    json_t *root = json_loadb(text->data, text->size, JSON_REJECT_DUPLICATES, &reason);
    if (root == NULL)
        return fm_error_set(err, FM_ERR_FORMAT, "standard input: line %d, column %d: %s", reason.line,
                            reason.column, reason.text);
    const json_t *list = json_is_array(root) ? root : json_object_get(root, "ids");
    fm_status status = FM_OK;
    if (!json_is_array(list)) status = fm_error_set(err, FM_ERR_FORMAT, "standard input: no list \"ids\"");
    for (size_t i = 0; i < json_array_size(list) && status == FM_OK; i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_integer(item))
            status = push_id(ids, json_integer_value(item), err);
        else
            status = fm_error_set(err, FM_ERR_FORMAT, "standard input: ids[%zu] is not an integer", i);
    }
    json_decref(root);
    return status;
}

/* Numbers with blanks or commas between them. */
static fm_status parse_ids(const fm_buf *text, fm_ids *ids, fm_error *err) {
    const char *p = text->data ? text->data : "", *end = p + text->size;
    static const char blanks[] = " \t\r\n,";
    while (p < end && *p && strchr(blanks, *p)) p++;
    if (p < end && (*p == '{' || *p == '[')) return parse_json_ids(text, ids, err);
    while (p < end) {
        char *stop;
        errno = 0;
        long long id = strtoll(p, &stop, 10);
        if (stop == p || errno || (stop < end && (*stop == '\0' || !strchr(blanks, *stop))))
            return fm_error_set(err, FM_ERR_FORMAT, "standard input: \"%.*s\" at byte %zu is not a token id",
                                (int)(strcspn(p, blanks) < 20 ? strcspn(p, blanks) : 20), p,
                                (size_t)(p - text->data));
        fm_status status = push_id(ids, id, err);
        if (status != FM_OK) return status;
        for (p = stop; p < end && *p && strchr(blanks, *p);) p++;
    }
    return FM_OK;
}

static fm_status decode(const fm_tokenizer *tokenizer, const fm_buf *input, fm_error *err) {
    fm_ids ids = {0};
    fm_buf out = {0};
    fm_status status = FM_OK;
    FM_TRY(parse_ids(input, &ids, err));
    FM_TRY(fm_tokenizer_decode(tokenizer, ids.data, ids.count, FM_DECODE_EXACT, &out, err));
    FM_TRY(write_all(&out, err));
fail:
    fm_buf_release(&out);
    fm_ids_release(&ids);
    return status;
}

static fm_status encode(const fm_tokenizer *tokenizer, const fm_buf *input, bool specials, bool json,
                        fm_error *err) {
    fm_ids ids = {0};
    fm_status status = fm_tokenizer_encode(tokenizer, input->data, input->size,
                                           specials ? FM_ENCODE_SPECIALS : FM_ENCODE_TEXT, &ids, err);
    if (status == FM_OK) status = print_ids(&ids, json, err);
    fm_ids_release(&ids);
    return status;
}

int fm_cmd_tokenize(int argc, char **argv) {
    bool to_text = false, json = false, no_specials = false;
    fm_tokenizer_options options = {0};
    const fm_flag flags[] = {
        {"decode", FM_FLAG_SWITCH, &to_text, .help = "read token ids, write the bytes they stand for"},
        {"json", FM_FLAG_SWITCH, &json, .help = "print {\"ids\":[...]}"},
        {"no-specials", FM_FLAG_SWITCH, &no_specials,
         .help = "special tokens written in the text are plain text"},
        {"pattern", FM_FLAG_TEXT, &options.pattern, .metavar = "RE",
         .help = "how text is cut into words, instead of the file's own pattern"},
    };
    const fm_usage usage = {
        .verb = "tokenize",
        .arguments = "FILE_OR_MODEL",
        .summary =
            "Reads exact bytes on standard input and prints their token ids; no begin token is added.\n"
            "FILE_OR_MODEL is a tokenizer.json, a tiktoken file, a GGUF file, or a folder with a tokenizer.",
        .flags = flags,
        .flag_count = sizeof flags / sizeof *flags,
        .minimum_arguments = 1,
        .maximum_arguments = 1};
    fm_args args;
    fm_tokenizer *tokenizer = NULL;
    fm_buf input = {0};
    fm_error err = {0};
    fm_status status = FM_OK;
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    FM_TRY(fm_tokenizer_open(&tokenizer, args.values[0], &options, &err));
    FM_TRY(fm_file_read("-", max_input, &input, &err));
    FM_TRY(to_text ? decode(tokenizer, &input, &err) : encode(tokenizer, &input, !no_specials, json, &err));
fail:
    fm_buf_release(&input);
    fm_tokenizer_close(tokenizer);
    return status == FM_OK ? FM_EXIT_OK : fm_cmd_fail("tokenize", &err);
}
