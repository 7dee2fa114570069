/* task_eval.c: asking, judging, counting. See task_eval.h. */
#include "eval/task_eval.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

fm_task_eval_options fm_task_eval_options_default(void) {
    return (fm_task_eval_options){.families = (1u << FM_TASK_FAMILIES) - 1,
                                  .levels = (1u << FM_TASK_LEVELS) - 1,
                                  .langs = (1u << FM_LANGS) - 1,
                                  .split = FM_TASK_TEST,
                                  .seed = 1,
                                  .count = 100};
}

/* Every run of digits in the prompt is two or three digits long. */
static bool is_small_sum(const fm_task_problem *p) {
    if (p->family != FM_TASK_ADDSUB) return false;
    for (const char *c = p->prompt; *c;) {
        size_t n = strspn(c, "0123456789");
        if (n == 1 || n > 3) return false;
        c += n ? n : 1;
    }
    return true;
}

/* U+4E00 .. U+9FFF begin with E4 B8 .. E9 BF. */
static bool has_hanzi(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text >= 0xE4 && (unsigned char)*text <= 0xE9) return true;
    return false;
}

static bool has_latin_word(const char *text) {
    for (; *text; text++)
        if (isalpha((unsigned char)text[0]) && isalpha((unsigned char)text[1])) return true;
    return false;
}

/* The visible answer's language. An answer without words ("12+3=15", "[7, 2]") belongs to both; an English
 * answer may not hold Chinese characters unless the question does; a Chinese one needs them once it holds
 * words. */
static bool in_language(const fm_task_problem *p, const char *reply) {
    const char *answer = reply;
    for (const char *at = reply; (at = strstr(at, "</think>")) != NULL;) answer = at += 8;
    bool hanzi = has_hanzi(answer), latin = has_latin_word(answer);
    if (p->lang == FM_LANG_EN) return !hanzi || has_hanzi(p->prompt);
    return hanzi || !latin || !has_hanzi(p->answer);
}

/* Counts one reply. */
static void judge(fm_task_eval *out, fm_task_score *cell, const fm_task_problem *p, const char *reply) {
    bool right = fm_task_judge(p, reply), small = is_small_sum(p);
    cell->right += right;
    cell->asked++;
    cell->chance += p->chance;
    out->small_sums.right += small && right;
    out->small_sums.asked += small;
    out->in_language += in_language(p, reply);
    out->asked++;
}

/* The problems of one family, level and language, with room for their replies. */
typedef struct cell_work {
    fm_task_problem *problems; /* [count] */
    fm_buf *replies;           /* [count] */
    const fm_task_eval_options *options;
    fm_task_answer_fn answer;
    void *context;
} cell_work;

static fm_status run_cell(fm_task_eval *out, cell_work *work, int family, int level, int lang,
                          fm_error *err) {
    const fm_task_eval_options *o = work->options;
    fm_task_score *cell = &out->cell[family][level - 1][lang];
    fm_status status = FM_OK;
    for (uint64_t i = 0; i < o->count && status == FM_OK; i++) {
        fm_buf_clear(&work->replies[i]);
        status = fm_task_generate(&work->problems[i], (fm_task_family)family, level, (fm_lang)lang, o->split,
                                  o->seed, i, err);
    }
    if (status == FM_OK) status = work->answer(work->context, work->problems, o->count, work->replies, err);
    if (status != FM_OK) return status;
    for (uint64_t i = 0; i < o->count; i++) {
        if (work->replies[i].failed)
            return fm_error_set(err, FM_ERR_MEMORY, "task evaluation: no memory for a reply");
        judge(out, cell, &work->problems[i], work->replies[i].data ? work->replies[i].data : "");
    }
    cell->chance = cell->asked ? cell->chance / (double)cell->asked : 0;
    return FM_OK;
}

fm_status fm_task_eval_run(fm_task_eval *out, const fm_task_eval_options *options, fm_task_answer_fn answer,
                           void *context, fm_error *err) {
    *out = (fm_task_eval){0};
    if (options->count > FM_TASK_EVAL_MOST)
        return fm_error_set(err, FM_ERR_ARG, "count = %" PRIu64 ": at most %d problems of a kind",
                            options->count, FM_TASK_EVAL_MOST);
    fm_status status = FM_OK;
    size_t room = options->count ? options->count : 1;
    cell_work work = {.problems = calloc(room, sizeof *work.problems),
                      .replies = calloc(room, sizeof *work.replies),
                      .options = options,
                      .answer = answer,
                      .context = context};
    if (work.problems == NULL || work.replies == NULL)
        status = fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu problems", room);
    for (int f = 0; f < FM_TASK_FAMILIES; f++)
        for (int level = 1; level <= FM_TASK_LEVELS; level++)
            for (int lang = 0; lang < FM_LANGS && status == FM_OK; lang++)
                if (options->families >> f & 1 && options->levels >> (level - 1) & 1 &&
                    options->langs >> lang & 1)
                    status = run_cell(out, &work, f, level, lang, err);
    for (size_t i = 0; work.replies && i < room; i++) fm_buf_release(&work.replies[i]);
    free(work.problems);
    free(work.replies);
    return status;
}

fm_task_score fm_task_eval_score(const fm_task_eval *eval, fm_task_family family, int level, fm_lang lang) {
    fm_task_score sum = {0};
    for (int l = 1; l <= FM_TASK_LEVELS; l++)
        for (int g = 0; g < FM_LANGS; g++) {
            if ((level != 0 && l != level) || (lang != FM_LANGS && (int)lang != g)) continue;
            const fm_task_score *cell = &eval->cell[family][l - 1][g];
            sum.right += cell->right;
            sum.asked += cell->asked;
            sum.chance += cell->chance * (double)cell->asked;
        }
    sum.chance = sum.asked ? sum.chance / (double)sum.asked : 0;
    return sum;
}

double fm_task_eval_mean(const fm_task_eval *eval, int level) {
    double sum = 0;
    int families = 0;
    for (int f = 0; f < FM_TASK_FAMILIES; f++) {
        fm_task_score score = fm_task_eval_score(eval, f, level, FM_LANGS);
        if (score.asked == 0) continue;
        sum += fm_task_score_rate(score);
        families++;
    }
    return families ? sum / families : 0;
}

double fm_task_score_rate(fm_task_score score) {
    return score.asked ? (double)score.right / (double)score.asked : 0;
}

fm_interval fm_wilson_interval(uint64_t right, uint64_t asked) {
    if (asked == 0) return (fm_interval){0, 1};
    const double z = 1.959963984540054; /* 97.5 % point of the normal distribution */
    double n = (double)asked, rate = (double)right / n, scale = 1 + z * z / n;
    double centre = (rate + z * z / (2 * n)) / scale;
    double half = z / scale * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));
    return (fm_interval){right == 0 ? 0 : fmax(0, centre - half),
                         right == asked ? 1 : fmin(1, centre + half)};
}

static void put_cell(fm_buf *out, fm_task_score score) {
    if (score.asked == 0) {
        fm_buf_puts(out, " | -");
        return;
    }
    fm_interval range = fm_wilson_interval(score.right, score.asked);
    fm_buf_printf(out, " | %.0f (%.0f-%.0f)", 100 * fm_task_score_rate(score), 100 * range.low,
                  100 * range.high);
}

void fm_task_eval_markdown(const fm_task_eval *eval, fm_buf *out) {
    fm_buf_puts(out, "| family | language | level 1 | level 2 | level 3 | chance (level 1) "
                     "|\n|---|---|---|---|---|---|\n");
    for (int f = 0; f < FM_TASK_FAMILIES; f++)
        for (int lang = 0; lang < FM_LANGS; lang++) {
            if (fm_task_eval_score(eval, f, 0, lang).asked == 0) continue;
            fm_buf_printf(out, "| %s | %s", fm_task_name(f), fm_lang_name(lang));
            for (int level = 1; level <= FM_TASK_LEVELS; level++)
                put_cell(out, fm_task_eval_score(eval, f, level, lang));
            fm_buf_printf(out, " | %.0f |\n", 100 * fm_task_chance(f, 1));
        }
    fm_buf_puts(out, "\nPer cent right on held-out problems, Wilson interval at 95 % in brackets.\n");
    if (eval->small_sums.asked) {
        fm_buf_puts(out, "Sums and differences of two- and three-digit numbers");
        put_cell(out, eval->small_sums);
        fm_buf_printf(out, " of %" PRIu64 ".\n", eval->small_sums.asked);
    }
    if (eval->asked)
        fm_buf_printf(out, "Answers in the language of the question: %.1f %% of %" PRIu64 ".\n",
                      100.0 * (double)eval->in_language / (double)eval->asked, eval->asked);
}

static json_t *score_json(fm_task_score score) {
    fm_interval range = fm_wilson_interval(score.right, score.asked);
    return json_pack("{s:I, s:I, s:f, s:f, s:f, s:f}", "right", (json_int_t)score.right, "asked",
                     (json_int_t)score.asked, "rate", fm_task_score_rate(score), "low", range.low, "high",
                     range.high, "chance", score.chance);
}

fm_status fm_task_eval_json(const fm_task_eval *eval, fm_buf *out, fm_error *err) {
    json_t *root = json_object(), *families = json_object();
    json_object_set_new(root, "families", families);
    for (int f = 0; f < FM_TASK_FAMILIES; f++) {
        json_t *family = json_object();
        for (int level = 1; level <= FM_TASK_LEVELS; level++)
            for (int lang = 0; lang < FM_LANGS; lang++) {
                const fm_task_score *cell = &eval->cell[f][level - 1][lang];
                char key[16] = {'l',
                                'e',
                                'v',
                                'e',
                                'l',
                                (char)('0' + level),
                                '_',
                                fm_lang_name(lang)[0],
                                fm_lang_name(lang)[1]};
                if (cell->asked) json_object_set_new(family, key, score_json(*cell));
            }
        if (json_object_size(family))
            json_object_set_new(families, fm_task_name(f), family);
        else
            json_decref(family);
    }
    json_object_set_new(root, "small_sums", score_json(eval->small_sums));
    json_object_set_new(root, "in_language", json_integer((json_int_t)eval->in_language));
    json_object_set_new(root, "asked", json_integer((json_int_t)eval->asked));
    char *text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(root);
    if (text != NULL) fm_buf_puts(out, text);
    free(text);
    return text != NULL && !out->failed
               ? FM_OK
               : fm_error_set(err, FM_ERR_MEMORY, "task evaluation: no memory for the report");
}
