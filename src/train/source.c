/* source.c: drawing samples by number; see source.h. */
#include "train/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "train/gen.h"

/* A permutation of [0, count): four rounds of a Feistel network over the smallest even number of bits that
 * holds `count`, walked until the value is in range (Black and Rogaway, "Ciphers with arbitrary finite
 * domains", 2002). Random access, so no shuffled list is kept or replayed. */
static uint64_t permute(const fm_rng *key, uint64_t value, uint64_t count) {
    int half = 1;
    while (half < 31 && (uint64_t)1 << 2 * half < count) half++;
    uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t left = value >> half, right = value & mask;
        for (unsigned round = 0; round < 4; round++) {
            fm_rng f = fm_rng_child(key, right << 2 | round);
            uint64_t next = left ^ (fm_rng_u32(&f) & mask);
            left = right;
            right = next;
        }
        value = left << half | right;
    } while (value >= count);
    return value;
}

static fm_rng stream(const fm_source *source, const char *kind) {
    char name[FM_RECIPE_NAME + 32];
    snprintf(name, sizeof name, "%s/%s%s", kind, source->spec->name, source->validation ? "/validation" : "");
    return fm_rng_init(source->seed, name);
}

fm_status fm_source_init(fm_source *source, const fm_source_spec *spec, const fm_template *tpl,
                         const fm_tokens *tokens, uint64_t seed, bool validation, fm_error *err) {
    *source = (fm_source){.spec = spec, .tpl = tpl, .tokens = tokens, .seed = seed, .validation = validation};
    if (spec->kind != FM_SOURCE_FILE) return FM_OK;
    int64_t held = spec->holdout ? tokens->docs / spec->holdout : 0;
    source->docs = validation && spec->holdout ? held : tokens->docs - (validation ? 0 : held);
    if (source->docs > 0) return FM_OK;
    return fm_error_set(err, FM_ERR_FORMAT, "%s: %lld documents; with a holdout of %d none is left for %s",
                        spec->path, (long long)tokens->docs, spec->holdout,
                        validation ? "validation" : "training");
}

static fm_status draw_file(const fm_source *source, uint64_t n, fm_sample *out, fm_error *err) {
    uint64_t docs = (uint64_t)source->docs, index = n % docs, hold = (uint64_t)source->spec->holdout;
    if (!source->validation) {
        fm_rng base = stream(source, "order"), key = fm_rng_child(&base, n / docs);
        index = permute(&key, index, docs);
        if (hold) index += index / (hold - 1);
    } else if (hold) {
        index = index * hold + hold - 1;
    }
    const fm_tokens *t = source->tokens;
    uint64_t begin = index ? t->end[index - 1] : 0, size = t->end[index] - begin;
    fm_status status = fm_ids_reserve(&out->ids, size, err);
    if (status != FM_OK) return status;
    memcpy(out->ids.data, t->ids + begin, size * sizeof *t->ids);
    out->ids.count = size;
    fm_buf_append(&out->learn, t->learn + begin, size);
    out->chat = t->chat[index];
    return out->learn.failed ? fm_error_set(err, FM_ERR_MEMORY, "source %s: no memory", source->spec->name)
                             : FM_OK;
}

/* The k-th set bit's index. */
static int pick_bit(fm_rng *rng, uint32_t mask) {
    uint32_t k = fm_rng_below(rng, (uint32_t)__builtin_popcount(mask));
    while (k--) mask &= mask - 1;
    return __builtin_ctz(mask);
}

static fm_status draw_task(const fm_source *source, uint64_t n, fm_chat *chat, fm_error *err) {
    const fm_source_spec *spec = source->spec;
    fm_rng base = stream(source, "task"), rng = fm_rng_child(&base, n);
    fm_task_family family = (fm_task_family)pick_bit(&rng, spec->families);
    int level = pick_bit(&rng, spec->levels) + 1;
    fm_lang lang = (fm_lang)pick_bit(&rng, spec->langs);
    uint64_t seed = fm_rng_u64(&rng);
    fm_task_problem *problem = malloc(sizeof *problem);
    if (problem == NULL)
        return fm_error_set(err, FM_ERR_MEMORY, "source %s: no memory for a problem", spec->name);
    fm_task_split split = source->validation ? FM_TASK_TEST : FM_TASK_TRAIN;
    fm_status status = fm_task_generate(problem, family, level, lang, split, seed, n, err);
    if (status == FM_OK) status = fm_chat_add(chat, FM_ROLE_USER, problem->prompt, NULL, err);
    if (status == FM_OK) {
        bool direct = problem->direct_ok && fm_rng_below(&rng, 2) == 0;
        status =
            fm_chat_add(chat, FM_ROLE_ASSISTANT, problem->answer, direct ? NULL : problem->reasoning, err);
    }
    free(problem);
    return status;
}

/* A generated text as a document of its own: BOS text EOS, like a file's (tokens.c). */
static fm_status encode_prose(const fm_source *source, fm_lang lang, fm_task_split split, uint64_t seed,
                              uint64_t n, fm_sample *out, fm_error *err) {
    const fm_template *tpl = source->tpl;
    fm_buf text = {0};
    fm_status status;
    FM_TRY(fm_gen_prose(&text, lang, split, seed, n, err));
    FM_TRY(fm_ids_push(&out->ids, tpl->mark[FM_MARK_BOS], err));
    FM_TRY(fm_tokenizer_encode(tpl->tokenizer, text.data, text.size, FM_ENCODE_TEXT, &out->ids, err));
    FM_TRY(fm_ids_push(&out->ids, tpl->mark[FM_MARK_EOS], err));
    while (out->learn.size < out->ids.count && !out->learn.failed) fm_buf_putc(&out->learn, 1);
    if (out->learn.failed)
        status = fm_error_set(err, FM_ERR_MEMORY, "source %s: no memory", source->spec->name);
fail:
    fm_buf_release(&text);
    return status;
}

/* Prose fills *out and leaves the chat empty; dialogue fills the chat. */
static fm_status draw_gen(const fm_source *source, uint64_t n, fm_chat *chat, fm_sample *out, fm_error *err) {
    fm_rng base = stream(source, "gen"), rng = fm_rng_child(&base, n);
    fm_lang lang = (fm_lang)pick_bit(&rng, source->spec->langs);
    fm_task_split split = source->validation ? FM_TASK_TEST : FM_TASK_TRAIN;
    uint64_t seed = fm_rng_u64(&rng);
    if (source->spec->gen == FM_GEN_PROSE) return encode_prose(source, lang, split, seed, n, out, err);
    return fm_gen_dialogue(chat, lang, split, seed, n, err);
}

fm_status fm_source_draw(const fm_source *source, uint64_t n, fm_sample *out, fm_error *err) {
    out->ids.count = 0;
    fm_buf_clear(&out->learn);
    if (source->spec->kind == FM_SOURCE_FILE) return draw_file(source, n, out, err);
    fm_chat chat = {0};
    fm_status status = source->spec->kind == FM_SOURCE_TASK ? draw_task(source, n, &chat, err)
                                                            : draw_gen(source, n, &chat, out, err);
    out->chat = chat.count > 0;
    if (status == FM_OK && out->chat)
        status = fm_template_encode(source->tpl, &chat, FM_PROMPT_NONE, &out->ids, &out->learn, err);
    fm_chat_release(&chat);
    return status;
}

void fm_sample_release(fm_sample *sample) {
    fm_ids_release(&sample->ids);
    fm_buf_release(&sample->learn);
}
