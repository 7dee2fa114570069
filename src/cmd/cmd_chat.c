/* cmd_chat.c: the verb `chat`: flags, one question from the command line or a pipe, or the interactive loop.
 *
 * Where it stands: the beginning of a token's life. On a pipe, standard output carries the answer alone; reasoning and
 * figures go to standard error. It refuses questions over 1 MiB.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "cmd/talk.h"

enum { QUESTION_LIMIT_BYTES = 1 << 20 };

/* A finite number within its range, or FM_ERR_ARG that says so. */
static fm_status number(const char *name, const char *text, double low, double high, double *out,
                        fm_error *err) {
    char *end;
    *out = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(*out >= low && *out <= high))
        return fm_error_set(err, FM_ERR_ARG, "%s = \"%.40s\": a number between %g and %g is needed", name,
                            text, low, high);
    return FM_OK;
}

static fm_status choice(const char *name, const char *text, const char *const words[], int *out,
                        fm_error *err) {
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return FM_OK;
        }
    return fm_error_set(err, FM_ERR_ARG, "%s = \"%.40s\": use %s or %s%s%s", name, text, words[0], words[1],
                        words[2] ? " or " : "", words[2] ? words[2] : "");
}

fm_status fm_talk_set(fm_talk *talk, const char *name, const char *value, fm_error *err) {
    static const char *const folds[] = {"show", "fold", "hide", NULL}, *const switches[] = {"off", "on",
                                                                                            NULL};
    fm_sample_options *s = &talk->options.sample;
    double x = 0;
    int i = 0;
    fm_status status;
    if (strcmp(name, "temperature") == 0) {
        if ((status = number(name, value, 0, 10, &x, err)) == FM_OK) s->temperature = (float)x;
    } else if (strcmp(name, "top-k") == 0) {
        if ((status = number(name, value, 0, 1 << 24, &x, err)) == FM_OK) s->top_k = (int)x;
    } else if (strcmp(name, "top-p") == 0) {
        if ((status = number(name, value, 1e-6, 1, &x, err)) == FM_OK) s->top_p = (float)x;
    } else if (strcmp(name, "min-p") == 0) {
        if ((status = number(name, value, 0, 0.999999, &x, err)) == FM_OK) s->min_p = (float)x;
    } else if (strcmp(name, "repeat-penalty") == 0) {
        if ((status = number(name, value, 0.1, 10, &x, err)) == FM_OK) s->repeat_penalty = (float)x;
    } else if (strcmp(name, "seed") == 0) {
        if ((status = number(name, value, 0, 9007199254740992.0, &x, err)) == FM_OK) s->seed = (uint64_t)x;
    } else if (strcmp(name, "max-tokens") == 0) {
        if ((status = number(name, value, 0, 1 << 24, &x, err)) == FM_OK) talk->options.max_tokens = (int)x;
    } else if (strcmp(name, "reasoning") == 0) {
        if ((status = choice(name, value, folds, &i, err)) == FM_OK) talk->fold = (fm_fold)i;
    } else if (strcmp(name, "stats") == 0) {
        if ((status = choice(name, value, switches, &i, err)) == FM_OK) talk->stats = i != 0;
    } else {
        status =
            fm_error_set(err, FM_ERR_ARG,
                         "\"%.40s\" cannot be set; temperature, top-k, top-p, min-p, repeat-penalty, seed, "
                         "max-tokens, reasoning and stats can",
                         name);
    }
    return status;
}

static int print_json(const fm_answer *a) {
    static const char *const finish[] = {"stop", "length", "aborted"};
    json_t *root =
        json_pack("{s:s,s:s*,s:s,s:{s:i,s:i,s:i,s:i},s:{s:f,s:f},s:i}", "answer", a->text, "reasoning",
                  a->reasoning, "finish_reason", finish[a->finish], "usage", "prompt_tokens",
                  a->prompt_tokens, "cached_tokens", a->cached_tokens, "reasoning_tokens",
                  a->reasoning_tokens, "answer_tokens", a->answer_tokens, "seconds", "prefill",
                  a->prefill_seconds, "decode", a->decode_seconds, "dropped_messages", a->dropped_messages);
    int bad = root == NULL || json_dumpf(root, stdout, JSON_REAL_PRECISION(6)) != 0;
    putchar('\n');
    json_decref(root);
    return bad ? FM_EXIT_FAILURE : FM_EXIT_OK;
}

/* One question, one answer. */
static int ask_once(fm_talk *talk, const char *question) {
    fm_error err = {0};
    fm_answer answer;
    fm_show show = {.talk = talk, .answer = fm_screen_open(stdout), .aside = fm_screen_open(stderr)};
    show.markdown = show.answer.moves;
    fm_interrupt_install();
    fm_status status = fm_session_ask(talk->session, question, &talk->options,
                                      talk->json ? NULL : fm_show_text, &show, &answer, &err);
    if (status != FM_OK) {
        fm_show_end(&show, NULL);
        return fm_cmd_fail("chat", &err);
    }
    if (talk->json) return print_json(&answer);
    fm_show_end(&show, &answer);
    if (ferror(stdout)) return FM_EXIT_FAILURE;
    return answer.finish == FM_FINISH_ABORTED ? FM_EXIT_INTERRUPTED : FM_EXIT_OK;
}

/* The question from standard input, when that is no terminal. */
static fm_status read_question(fm_buf *question, fm_error *err) {
    fm_status status = fm_file_read("-", QUESTION_LIMIT_BYTES, question, err);
    if (status != FM_OK) return status;
    while (question->size > 0 && strchr(" \t\r\n", question->data[question->size - 1])) question->size--;
    if (question->data) question->data[question->size] = '\0';
    if (question->size == 0) return fm_error_set(err, FM_ERR_ARG, "standard input holds no question");
    if (strlen(question->data) != question->size)
        return fm_error_set(err, FM_ERR_FORMAT, "standard input holds a zero byte: not text");
    return FM_OK;
}

static int run(fm_talk *talk, const char *question, const char *system, const char *load) {
    fm_error err = {0};
    fm_buf piped = {0};
    fm_status status;
    int code = FM_EXIT_FAILURE;
    if (question == NULL && !isatty(STDIN_FILENO)) {
        FM_TRY(read_question(&piped, &err));
        question = piped.data;
    }
    FM_TRY(fm_session_create(&talk->session, talk->engine, &err));
    if (load) FM_TRY(fm_session_load(talk->session, load, &err));
    if (system) FM_TRY(fm_session_set_system(talk->session, system, &err));
    code = question ? ask_once(talk, question) : fm_talk_loop(talk);
fail:
    if (status != FM_OK) code = fm_cmd_fail("chat", &err);
    fm_session_free(talk->session);
    fm_buf_release(&piped);
    return code;
}

int fm_cmd_chat(int argc, char **argv) {
    fm_talk talk = {.options = fm_ask_options_default(), .fold = FM_FOLD_FOLD, .stats = true};
    fm_sample_options *s = &talk.options.sample;
    double temperature = s->temperature, top_p = s->top_p, min_p = 0, penalty = 1;
    int64_t top_k = 0, seed = 0, max_tokens = 0, context = 0;
    bool think = false, nothink = false, quiet = false;
    const char *system = NULL, *load = NULL, *reasoning = NULL;
    const fm_flag flags[] = {
        {"think", FM_FLAG_SWITCH, &think, 0, 0, NULL, "reason first"},
        {"nothink", FM_FLAG_SWITCH, &nothink, 0, 0, NULL, "answer at once"},
        {"temperature", FM_FLAG_FLOAT, &temperature, 0, 10, "T", "0: always the likeliest token"},
        {"top-k", FM_FLAG_INT, &top_k, 0, 1 << 24, "K", "draw from the K likeliest tokens; 0: off"},
        {"top-p", FM_FLAG_FLOAT, &top_p, 1e-6, 1, "P",
         "draw from the likeliest tokens that reach P together"},
        {"min-p", FM_FLAG_FLOAT, &min_p, 0, 0.999999, "P",
         "drop tokens below P times the best one's probability"},
        {"repeat-penalty", FM_FLAG_FLOAT, &penalty, 0.1, 10, "R", "make recent tokens less likely; 1: off"},
        {"seed", FM_FLAG_INT, &seed, 0, 9007199254740992.0, "N", "same seed, same answer"},
        {"max-tokens", FM_FLAG_INT, &max_tokens, 0, 1 << 24, "N",
         "longest answer, reasoning included; 0: what fits"},
        {"context", FM_FLAG_INT, &context, 0, 1 << 24, "N",
         "tokens that a conversation may hold; 0: the model's"},
        {"system", FM_FLAG_TEXT, &system, 0, 0, "TEXT", "the text at the head of the conversation"},
        {"load", FM_FLAG_TEXT, &load, 0, 0, "FILE", "go on with a conversation saved by /save"},
        {"reasoning", FM_FLAG_TEXT, &reasoning, 0, 0, "show|fold|hide",
         "what happens to reasoning on the screen"},
        {"quiet", FM_FLAG_SWITCH, &quiet, 0, 0, NULL, "no line of figures after an answer"},
        {"json", FM_FLAG_SWITCH, &talk.json, 0, 0, NULL, "one question: print one JSON object"}};
    const fm_usage usage = {
        "chat",
        "[MODEL] [QUESTION]",
        "Talks to a model. MODEL is a folder (config.json, model.safetensors, tokenizer.json); without one, "
        "the model inside this program. With a QUESTION, or one on standard input, answers and ends.",
        flags,
        sizeof flags / sizeof *flags,
        0,
        2};
    fm_args args;
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;

    fm_error err = {0};
    if (think && nothink) {
        fm_error_set(&err, FM_ERR_ARG, "--think and --nothink exclude each other");
        return fm_cmd_fail("chat", &err);
    }
    if (reasoning && fm_talk_set(&talk, "reasoning", reasoning, &err) != FM_OK)
        return fm_cmd_fail("chat", &err);
    talk.options.thinking = think ? FM_THINKING_ON : nothink ? FM_THINKING_OFF : FM_THINKING_AUTO;
    talk.options.max_tokens = (int)max_tokens;
    *s = (fm_sample_options){.temperature = (float)temperature,
                             .top_k = (int)top_k,
                             .top_p = (float)top_p,
                             .min_p = (float)min_p,
                             .repeat_penalty = (float)penalty,
                             .repeat_last = s->repeat_last,
                             .seed = (uint64_t)seed};
    if (quiet) talk.stats = false;

    /* A lone argument that is a folder, or "mini", is the model; otherwise it is the question. */
    const char *first = args.count > 0 ? args.values[0] : NULL;
    bool model_named = args.count == 2 || (first && (strcmp(first, "mini") == 0 || fm_path_is_dir(first)));
    const char *question = args.count == 2 ? args.values[1] : model_named ? NULL : first;
    talk.model = model_named ? first : "mini";
    fm_engine_options options = {.threads = args.threads, .max_context = (int)context};
    if (fm_engine_open(&talk.engine, talk.model, &options, &err) != FM_OK) return fm_cmd_fail("chat", &err);
    code = run(&talk, question, system, load);
    fm_engine_close(talk.engine);
    return code;
}
