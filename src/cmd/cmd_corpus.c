/* cmd_corpus.c: `fathom corpus`: makes the shards of models/mini/data from texts whose licences let them be
 * passed on. */
#include "train/corpus.h"

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"

int fm_cmd_corpus(int argc, char **argv) {
    fm_corpus_options options = {.shared = "../shared", .out = NULL};
    const fm_flag flags[] = {
        {"out", FM_FLAG_TEXT, &options.out, .metavar = "DIR",
         .help = "where the shards go, e.g. models/mini/data"},
        {"shared", FM_FLAG_TEXT, &options.shared, .metavar = "DIR",
         .help = "the folder that holds data/train"},
    };
    const fm_usage usage = {
        .verb = "corpus",
        .arguments = "",
        .summary = "Cleans the training texts and writes them as shards, with sources and licences.",
        .flags = flags,
        .flag_count = sizeof flags / sizeof *flags};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    if (options.out == NULL) {
        fm_error_set(&err, FM_ERR_ARG, "--out is missing: the folder for the shards");
        return fm_cmd_fail("corpus", &err);
    }
    fm_log_set_sink(fm_log_stderr, NULL);
    return fm_corpus_build(&options, &err) == FM_OK ? FM_EXIT_OK : fm_cmd_fail("corpus", &err);
}
