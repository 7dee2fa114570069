/* cmd_task.c: `fathom task`: prints generated problems with their worked solutions, to read or as chat JSONL. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "task/task_chat.h"

/* What to print; -1 where every one is meant. */
typedef struct choice {
    int family, level, lang;
    fm_task_split split;
    int64_t count, seed;
    bool json, direct;
} choice;

static fm_status choose_family(choice *c, const char *name, fm_error *err) {
    fm_task_family family;
    if (name == NULL) return FM_OK;
    if (!fm_task_find(name, &family)) {
        const char *names[FM_TASK_FAMILIES];
        for (int i = 0; i < FM_TASK_FAMILIES; i++) names[i] = fm_task_name(i);
        const char *near = fm_nearest(name, names, FM_TASK_FAMILIES);
        return fm_error_set(err, FM_ERR_ARG, "--family %s: there is no such family; %s%s", name,
                            near ? "did you mean " : "docs/TASKS.md lists them", near ? near : "");
    }
    c->family = (int)family;
    return FM_OK;
}

static fm_status choose_words(choice *c, const char *lang, const char *split, fm_error *err) {
    if (lang != NULL) {
        if (strcmp(lang, "en") != 0 && strcmp(lang, "zh") != 0)
            return fm_error_set(err, FM_ERR_ARG, "--lang %s: must be en or zh", lang);
        c->lang = lang[0] == 'z' ? FM_LANG_ZH : FM_LANG_EN;
    }
    if (strcmp(split, "train") != 0 && strcmp(split, "test") != 0)
        return fm_error_set(err, FM_ERR_ARG, "--split %s: must be train or test", split);
    c->split = strcmp(split, "test") == 0 ? FM_TASK_TEST : FM_TASK_TRAIN;
    return FM_OK;
}

static fm_status print_json(const fm_task_problem *p, bool think, fm_error *err) {
    fm_chat chat = {0};
    fm_buf line = {0};
    fm_status status;
    FM_TRY(fm_task_to_chat(&chat, p, think, err));
    FM_TRY(fm_chat_to_json(&chat, &line, err));
    puts(line.data);
fail:
    fm_chat_release(&chat);
    fm_buf_release(&line);
    return status;
}

static void print_text(const fm_task_problem *p, bool think) {
    printf("--- %s, level %d, %s, %s%s\n%s\n\n", fm_task_name(p->family), p->level, fm_lang_name(p->lang),
           fm_task_split_name(p->split), p->direct_ok ? ", direct" : "", p->prompt);
    if (think && p->reasoning[0]) printf("<think>\n%s\n</think>\n", p->reasoning);
    printf("%s\n\n", p->answer);
}

/* Problem i of every family, level and language asked for, then problem i + 1. */
static fm_status print_all(const choice *c, fm_error *err) {
    fm_task_problem p;
    fm_status status = FM_OK;
    for (int64_t i = 0; i < c->count; i++)
        for (int family = 0; family < FM_TASK_FAMILIES; family++)
            for (int level = 1; level <= FM_TASK_LEVELS; level++)
                for (int lang = 0; lang < FM_LANGS; lang++) {
                    if ((c->family >= 0 && family != c->family) || (c->level >= 1 && level != c->level) ||
                        (c->lang >= 0 && lang != c->lang))
                        continue;
                    FM_TRY(fm_task_generate(&p, family, level, lang, c->split, (uint64_t)c->seed, (uint64_t)i,
                                            err));
                    bool think = !(c->direct && p.direct_ok);
                    if (c->json)
                        FM_TRY(print_json(&p, think, err));
                    else
                        print_text(&p, think);
                }
fail:
    return status;
}

int fm_cmd_task(int argc, char **argv) {
    const char *family = NULL, *lang = NULL, *split = "train";
    int64_t level = 0;
    choice c = {.family = -1, .lang = -1, .count = 1, .seed = 1};
    const fm_flag flags[] = {
        {"family", FM_FLAG_TEXT, &family, .metavar = "NAME",
         .help = "one family (docs/TASKS.md); without it all"},
        {"level", FM_FLAG_INT, &level, 1, FM_TASK_LEVELS, "N", "one level; without it all"},
        {"lang", FM_FLAG_TEXT, &lang, .metavar = "en|zh", .help = "one language; without it both"},
        {"split", FM_FLAG_TEXT, &split, .metavar = "train|test", .help = "which side of the split"},
        {"count", FM_FLAG_INT, &c.count, 1, 1e9, "N", "problems of each family, level and language"},
        {"seed", FM_FLAG_INT, &c.seed, 0, 9007199254740992.0, "N", "the stream they are drawn from"},
        {"direct", FM_FLAG_SWITCH, &c.direct, .help = "no reasoning where the problem can do without"},
        {"json", FM_FLAG_SWITCH, &c.json, .help = "chat JSONL, one conversation a line"},
    };
    const fm_usage usage = {.verb = "task",
                            .arguments = "",
                            .summary = "Prints generated problems with their worked solutions.",
                            .flags = flags,
                            .flag_count = sizeof flags / sizeof *flags};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    c.level = (int)level;
    if (choose_family(&c, family, &err) != FM_OK || choose_words(&c, lang, split, &err) != FM_OK ||
        print_all(&c, &err) != FM_OK)
        return fm_cmd_fail("task", &err);
    return FM_EXIT_OK;
}
