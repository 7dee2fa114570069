/* cmd_logits.c: `fathom logits MODEL --ids 1,2,3 --out F`: what the model says after each of the given tokens.
 *
 * Writes raw little-endian f32 [T, V], for comparison with other programs. Refuses ids that are no numbers or outside
 * the vocabulary, and more of them than the model has positions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "infer/score.h"

/* "1,2,3" to ids; the message counts from 1. */
static fm_status parse_ids(const char *text, fm_ids *ids, fm_error *err) {
    for (const char *at = text;;) {
        char *end;
        errno = 0;
        long value = strtol(at, &end, 10);
        if (end == at || errno || value < 0 || value > INT32_MAX || (*end != ',' && *end != '\0'))
            return fm_error_set(err, FM_ERR_ARG,
                                "--ids: number %zu is \"%.20s\"; ids are whole numbers separated by commas",
                                ids->count + 1, at);
        fm_status status = fm_ids_push(ids, (int32_t)value, err);
        if (status != FM_OK || *end == '\0') return status;
        at = end + 1;
    }
}

typedef struct output {
    fm_writer writer;
    int vocab;
} output;

static fm_status write_rows(void *context, const float *logits, int rows, fm_error *err) {
    output *out = context;
    return fm_writer_put(&out->writer, logits, (size_t)rows * (size_t)out->vocab * sizeof *logits, err);
}

static fm_status run(const char *model, const char *ids_text, const char *path,
                     const fm_scorer_options *given, fm_error *err) {
    fm_ids ids = {0};
    fm_scorer *scorer = NULL;
    output out = {0};
    fm_scorer_options options = *given;
    fm_status status;
    FM_TRY(parse_ids(ids_text, &ids, err));
    options.context = (int)ids.count;
    FM_TRY(fm_scorer_open(&scorer, model, &options, err));
    out.vocab = fm_scorer_vocab(scorer);
    FM_TRY(fm_writer_begin(&out.writer, path, err));
    FM_TRY(fm_scorer_logits(scorer, ids.data, (int)ids.count, write_rows, &out, err));
    FM_TRY(fm_writer_commit(&out.writer, err));
    printf("%zu x %d\n", ids.count, out.vocab);
fail:
    fm_writer_abort(&out.writer);
    fm_scorer_close(scorer);
    fm_ids_release(&ids);
    return status;
}

int fm_cmd_logits(int argc, char **argv) {
    bool exact = false;
    const char *ids = NULL, *path = NULL;
    const fm_flag flags[] = {
        {"ids", FM_FLAG_TEXT, &ids, .metavar = "1,2,3", .help = "the token ids"},
        {"out", FM_FLAG_TEXT, &path, .metavar = "F", .help = "where the logits go: raw f32 [T, V]"},
        {"exact", FM_FLAG_SWITCH, &exact,
         .help = "f32 arithmetic on the stored weights (default: weights as bf16)"},
    };
    const fm_usage usage = {.verb = "logits",
                            .arguments = "MODEL",
                            .summary = "Writes the logits after each of the given tokens.",
                            .flags = flags,
                            .flag_count = sizeof flags / sizeof *flags,
                            .minimum_arguments = 1,
                            .maximum_arguments = 1};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    fm_scorer_options options = {.exact = exact, .threads = args.threads};
    if (!ids || !path)
        fm_error_set(&err, FM_ERR_ARG, "%s is missing", ids ? "--out" : "--ids");
    else if (run(args.values[0], ids, path, &options, &err) == FM_OK)
        return FM_EXIT_OK;
    return fm_cmd_fail("logits", &err);
}
