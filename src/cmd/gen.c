/* gen.c: `fathom gen`: prints generated prose or dialogue as JSON lines, to look at or to train others on. */
#include "train/gen.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/flags.h"

static fm_status one_line(bool dialogue, fm_lang lang, fm_task_split split, uint64_t seed, uint64_t index,
                          fm_buf *line, fm_error *err) {
    fm_buf_clear(line);
    if (dialogue) {
        fm_chat chat = {0};
        fm_status status = fm_gen_dialogue(&chat, lang, split, seed, index, err);
        if (status == FM_OK) status = fm_chat_to_json(&chat, line, err);
        fm_chat_release(&chat);
        return status;
    }
    fm_buf text = {0};
    fm_status status = fm_gen_prose(&text, lang, split, seed, index, err);
    json_t *root = status == FM_OK ? json_pack("{s:s#}", "text", text.data, (int)text.size) : NULL;
    char *json = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (status == FM_OK && json == NULL)
        status = fm_error_set(err, FM_ERR_MEMORY, "no memory for text %llu", (unsigned long long)index);
    if (json) fm_buf_puts(line, json);
    free(json);
    json_decref(root);
    fm_buf_release(&text);
    return status;
}

int fm_cmd_gen(int argc, char **argv) {
    const char *kind = "dialogue", *lang = "en", *split = "train";
    int64_t count = 10, seed = 1, first = 0;
    const fm_flag flags[] = {
        {"kind", FM_FLAG_TEXT, &kind, .metavar = "KIND", .help = "prose or dialogue"},
        {"lang", FM_FLAG_TEXT, &lang, .metavar = "LANG", .help = "en or zh"},
        {"split", FM_FLAG_TEXT, &split, .metavar = "SPLIT", .help = "train or test: their wordings differ"},
        {"count", FM_FLAG_INT, &count, 1, 1e9, "N", "how many"},
        {"seed", FM_FLAG_INT, &seed, 0, 1e15, "S", "which stream"},
        {"first", FM_FLAG_INT, &first, 0, 1e15, "I", "index of the first one"},
    };
    const fm_usage usage = {.verb = "gen",
                            .arguments = "",
                            .summary = "Prints generated prose or dialogue, one JSON object a line.",
                            .flags = flags,
                            .flag_count = sizeof flags / sizeof *flags};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    bool dialogue = strcmp(kind, "dialogue") == 0, chinese = strcmp(lang, "zh") == 0,
         test = strcmp(split, "test") == 0;
    if (!dialogue && strcmp(kind, "prose") != 0)
        fm_error_set(&err, FM_ERR_ARG, "--kind %s: prose or dialogue", kind);
    else if (!chinese && strcmp(lang, "en") != 0)
        fm_error_set(&err, FM_ERR_ARG, "--lang %s: en or zh", lang);
    else if (!test && strcmp(split, "train") != 0)
        fm_error_set(&err, FM_ERR_ARG, "--split %s: train or test", split);
    fm_buf line = {0};
    for (int64_t i = 0; err.status == FM_OK && i < count; i++)
        if (one_line(dialogue, chinese ? FM_LANG_ZH : FM_LANG_EN, test ? FM_TASK_TEST : FM_TASK_TRAIN,
                     (uint64_t)seed, (uint64_t)(first + i), &line, &err) == FM_OK)
            printf("%s\n", line.data);
    fm_buf_release(&line);
    return err.status == FM_OK ? FM_EXIT_OK : fm_cmd_fail("gen", &err);
}
