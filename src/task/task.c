/* task.c: the table of families, the split, and the loop that draws until a problem falls on its side. */
#include "task/task.h"

#include <stdio.h>
#include <string.h>

#include "task/make.h"

static const fm_task_kind *const kinds[FM_TASK_FAMILIES] = {
    [FM_TASK_ADDSUB] = &fm_kind_addsub,       [FM_TASK_MULDIV] = &fm_kind_muldiv,
    [FM_TASK_EQUATION] = &fm_kind_equation,   [FM_TASK_WORD] = &fm_kind_word,
    [FM_TASK_COUNTDOWN] = &fm_kind_countdown, [FM_TASK_COMPARE] = &fm_kind_compare,
    [FM_TASK_CLOCK] = &fm_kind_clock,         [FM_TASK_UNITS] = &fm_kind_units,
    [FM_TASK_LOGIC] = &fm_kind_logic,         [FM_TASK_COUNT] = &fm_kind_count,
    [FM_TASK_SEQUENCE] = &fm_kind_sequence,   [FM_TASK_LIST] = &fm_kind_list,
    [FM_TASK_CODE] = &fm_kind_code,
};

enum {
    TEST_SHARE = 8, /* one operand tuple in this many belongs to the test split */
    TRIES = 4000    /* draws before giving up; missing a share of 1/8 that often has odds below 1e-200 */
};

static const fm_task_kind *kind_of(fm_task_family family) {
    return (unsigned)family < FM_TASK_FAMILIES ? kinds[family] : NULL;
}

const char *fm_task_name(fm_task_family family) {
    const fm_task_kind *kind = kind_of(family);
    return kind ? kind->name : NULL;
}

const char *fm_task_title(fm_task_family family) {
    const fm_task_kind *kind = kind_of(family);
    return kind ? kind->title : NULL;
}

bool fm_task_find(const char *name, fm_task_family *family) {
    for (int i = 0; i < FM_TASK_FAMILIES; i++)
        if (strcmp(kinds[i]->name, name) == 0) {
            *family = (fm_task_family)i;
            return true;
        }
    return false;
}

const char *fm_lang_name(fm_lang lang) { return lang == FM_LANG_ZH ? "zh" : "en"; }

const char *fm_task_split_name(fm_task_split split) { return split == FM_TASK_TEST ? "test" : "train"; }

double fm_task_chance(fm_task_family family, int level) {
    const fm_task_kind *kind = kind_of(family);
    return kind && level >= 1 && level <= FM_TASK_LEVELS ? kind->chance[level - 1] : 0;
}

static fm_status check_arguments(fm_task_family family, int level, fm_lang lang, fm_task_split split,
                                 fm_error *err) {
    if (kind_of(family) == NULL)
        return fm_error_set(err, FM_ERR_ARG, "task: family %d: there are %d", (int)family, FM_TASK_FAMILIES);
    if (level < 1 || level > FM_TASK_LEVELS)
        return fm_error_set(err, FM_ERR_ARG, "task %s: level %d: must be 1 to %d", kinds[family]->name, level,
                            FM_TASK_LEVELS);
    if ((unsigned)lang >= FM_LANGS || (unsigned)split >= FM_TASK_SPLITS)
        return fm_error_set(err, FM_ERR_ARG, "task %s: language %d, split %d: no such ones",
                            kinds[family]->name, (int)lang, (int)split);
    return FM_OK;
}

static void trim_end(char *text) {
    size_t n = strlen(text);
    while (n && (text[n - 1] == '\n' || text[n - 1] == ' ')) text[--n] = '\0';
}

static void start(fm_task_problem *p, fm_task_family family, int level, fm_lang lang, fm_task_split split) {
    p->family = family;
    p->level = level;
    p->lang = lang;
    p->split = split;
    p->form = 0;
    p->key = (uint64_t)family + 1;
    p->direct_ok = false;
    p->chance = 0;
    p->prompt[0] = p->reasoning[0] = p->answer[0] = p->expected[0] = '\0';
}

fm_status fm_task_generate(fm_task_problem *out, fm_task_family family, int level, fm_lang lang,
                           fm_task_split split, uint64_t seed, uint64_t index, fm_error *err) {
    fm_status status = check_arguments(family, level, lang, split, err);
    if (status != FM_OK) return status;
    char stream[64];
    snprintf(stream, sizeof stream, "task/%s/%d/%s/%s", kinds[family]->name, level, fm_lang_name(lang),
             fm_task_split_name(split));
    fm_rng root = fm_rng_init(seed, stream);
    fm_maker maker = {.p = out,
                      .rng = fm_rng_child(&root, index),
                      .zh = lang == FM_LANG_ZH,
                      .test = split == FM_TASK_TEST,
                      .level = level};
    memset(out, 0, sizeof *out);
    for (int i = 0; i < TRIES; i++) {
        start(out, family, level, lang, split);
        maker.overflow = false;
        kinds[family]->make(&maker);
        if (maker.overflow)
            return fm_error_set(err, FM_ERR_LIMIT, "task %s level %d: a text outgrew its field: %.200s",
                                kinds[family]->name, level, out->prompt);
        if ((out->key % TEST_SHARE == 0) == maker.test) {
            trim_end(out->reasoning);
            return FM_OK;
        }
    }
    return fm_error_set(err, FM_ERR_STATE, "task %s level %d: no %s problem in %d draws", kinds[family]->name,
                        level, fm_task_split_name(split), TRIES);
}

bool fm_task_judge(const fm_task_problem *problem, const char *answer_text) {
    const fm_task_kind *kind = kind_of(problem->family);
    return kind && answer_text && kind->judge(problem, answer_text);
}
