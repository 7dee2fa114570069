/* cmd_eval.c: the verb `eval`: accuracy of a model on held-out verifiable problems, per family, level and language.
 *
 * Refuses unknown families, levels and languages by name. Greedy by default: the figures repeat exactly.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "eval/task_model.h"

typedef struct report {
    fm_task_model model;
    uint64_t asked, all, samples; /* samples: replies still to be shown */
    int64_t start;
} report;

/* Answers one cell, shows progress and the first replies. */
static fm_status answer(void *context, const fm_task_problem *problems, size_t count, fm_buf *replies,
                        fm_error *err) {
    report *r = context;
    fm_status status = fm_task_model_answer(&r->model, problems, count, replies, err);
    if (status != FM_OK) return status;
    for (size_t i = 0; i < count && i < r->samples; i++)
        printf("[%s %d %s, %s] %s\n%s\n\n", fm_task_name(problems[i].family), problems[i].level,
               fm_lang_name(problems[i].lang),
               fm_task_judge(&problems[i], replies[i].data ? replies[i].data : "") ? "right" : "wrong",
               problems[i].prompt, replies[i].data ? replies[i].data : "");
    r->asked += count;
    double seconds = (double)(fm_clock_ns() - r->start) * 1e-9, rate = (double)r->model.tokens / seconds;
    fprintf(stderr, "\r%5.1f%%  %llu of %llu problems, %.0f tokens/s, %.0f s left ",
            100.0 * (double)r->asked / (double)r->all, (unsigned long long)r->asked,
            (unsigned long long)r->all, rate, seconds * ((double)r->all / (double)r->asked - 1));
    return FM_OK;
}

static int show(const fm_task_eval *eval, bool json) {
    fm_buf text = {0};
    fm_error err = {0};
    fm_status status = FM_OK;
    if (json)
        status = fm_task_eval_json(eval, &text, &err);
    else
        fm_task_eval_markdown(eval, &text);
    if (status == FM_OK) printf("%s%s", text.data ? text.data : "", json ? "\n" : "");
    fm_buf_release(&text);
    return status == FM_OK ? FM_EXIT_OK : fm_cmd_fail("eval", &err);
}

/* Sets the one bit a name stands for; all bits without a name. */
static fm_status choose(fm_task_eval_options *o, const char *family, int64_t level, const char *lang,
                        fm_error *err) {
    fm_task_family f;
    if (family) {
        if (!fm_task_find(family, &f))
            return fm_error_set(err, FM_ERR_ARG, "--family %.40s: no such family", family);
        o->families = 1u << f;
    }
    if (level) o->levels = 1u << (level - 1);
    if (lang && strcmp(lang, "en") != 0 && strcmp(lang, "zh") != 0)
        return fm_error_set(err, FM_ERR_ARG, "--lang %.40s: use en or zh", lang);
    if (lang) o->langs = 1u << (strcmp(lang, "zh") == 0 ? FM_LANG_ZH : FM_LANG_EN);
    return FM_OK;
}

int fm_cmd_eval(int argc, char **argv) {
    fm_task_eval_options o = fm_task_eval_options_default();
    const char *family = NULL, *lang = NULL;
    int64_t count = 50, level = 0, slots = 32, seed = 1, samples = 0, max_tokens = 512;
    bool json = false, think = false, nothink = false;
    const fm_flag flags[] = {
        {"count", FM_FLAG_INT, &count, 1, FM_TASK_EVAL_MOST, "N",
         "problems of each family, level and language"},
        {"family", FM_FLAG_TEXT, &family, 0, 0, "NAME", "one family (docs/TASKS.md)"},
        {"level", FM_FLAG_INT, &level, 0, 3, "N", "one level; 0: all"},
        {"lang", FM_FLAG_TEXT, &lang, 0, 0, "en|zh", "one language"},
        {"seed", FM_FLAG_INT, &seed, 0, 9007199254740992.0, "N", "the stream the problems are drawn from"},
        {"slots", FM_FLAG_INT, &slots, 1, 256, "N", "problems answered together"},
        {"max-tokens", FM_FLAG_INT, &max_tokens, 0, 1 << 24, "N", "longest reply; 0: what fits"},
        {"think", FM_FLAG_SWITCH, &think, 0, 0, NULL, "reason first"},
        {"nothink", FM_FLAG_SWITCH, &nothink, 0, 0, NULL, "answer at once"},
        {"samples", FM_FLAG_INT, &samples, 0, 1000, "N", "show the first N replies of each kind"},
        {"json", FM_FLAG_SWITCH, &json, 0, 0, NULL, "print one JSON object"}};
    const fm_usage usage = {
        "eval",
        "[MODEL]",
        "Asks a model held-out problems of every family, level and language (fathom task) and counts what "
        "is right, with 95 % intervals. Greedy: the figures repeat.",
        flags,
        sizeof flags / sizeof *flags,
        0,
        1};
    fm_args args;
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    fm_error err = {0};
    if (choose(&o, family, level, lang, &err) != FM_OK) return fm_cmd_fail("eval", &err);
    o.count = (uint64_t)count, o.seed = (uint64_t)seed;
    fm_engine *engine;
    fm_engine_options options = {.threads = args.threads};
    if (fm_engine_open(&engine, args.count ? args.values[0] : NULL, &options, &err) != FM_OK)
        return fm_cmd_fail("eval", &err);
    fm_task_eval eval;
    report r = {.model = fm_task_model_default(engine), .samples = (uint64_t)samples, .start = fm_clock_ns()};
    r.model.options.slots = (int)slots, r.model.options.max_tokens = (int)max_tokens;
    if (think) r.model.prompt = FM_PROMPT_THINK;
    if (nothink) r.model.prompt = FM_PROMPT_NOTHINK;
    r.all = o.count * (uint64_t)__builtin_popcount(o.families) * (uint64_t)__builtin_popcount(o.levels) *
            (uint64_t)__builtin_popcount(o.langs);
    fm_status status = fm_task_eval_run(&eval, &o, answer, &r, &err);
    fputc('\n', stderr);
    code = status == FM_OK ? show(&eval, json) : fm_cmd_fail("eval", &err);
    fm_engine_close(engine);
    return code;
}
