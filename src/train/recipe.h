/* recipe.h: what is trained, on what, how: one YAML file, read through libcyaml and checked as a whole.
 *
 * Where it stands: the first thing `fathom train` reads; everything below (data, schedule, step, checkpoints)
 * takes its settings from this struct and from nowhere else. docs/train.md lists every key with its default.
 *
 * Paths in a recipe are relative to the recipe's own folder and are made absolute here.
 *
 * It refuses, with one message that names file, line where libcyaml knows it, key, value and limit: unknown
 * and repeated keys, wrong types, files that are not there, numbers outside their range, combinations that
 * cannot be.
 */
#ifndef FM_TRAIN_RECIPE_H
#define FM_TRAIN_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/status.h"
#include "kern/gemm/gemm.h"
#include "model/config.h"
#include "task/task.h"
#include "train/schedule.h"

enum {
    FM_RECIPE_FILE_BYTES = 1 << 20, /* largest recipe */
    FM_RECIPE_PATH = 1024,
    FM_RECIPE_NAME = 64,
    FM_RECIPE_STAGES = 16,
    FM_RECIPE_SOURCES = 64 /* per stage, and for validation */
};

typedef enum fm_source_kind {
    FM_SOURCE_FILE, /* a file train/shard.h reads, or a folder of them (in name order) */
    FM_SOURCE_TASK, /* verifiable problems of task/task.h, train split */
    FM_SOURCE_GEN   /* written by train/gen.h */
} fm_source_kind;

typedef enum fm_gen_kind { FM_GEN_PROSE, FM_GEN_DIALOGUE } fm_gen_kind;

/* One source of text and its share of the tokens. */
typedef struct fm_source_spec {
    char name[FM_RECIPE_NAME]; /* unique in its list; from the file, families or generator if not given */
    fm_source_kind kind;
    char path[FM_RECIPE_PATH]; /* FILE: absolute */
    fm_gen_kind gen;           /* GEN */
    uint32_t families, levels; /* TASK: bit f is family f; bit l - 1 is level l */
    uint32_t langs;            /* TASK, GEN: bits of fm_lang */
    double weight;             /* > 0; shares are weight / sum of weights, of tokens */
    int holdout;               /* FILE: every holdout-th document is kept for validation; 0: none */
} fm_source_spec;

typedef enum fm_stage_kind {
    FM_STAGE_PRETRAIN, /* every token is a target */
    FM_STAGE_SFT       /* of conversations only what the assistant writes; samples are never split */
} fm_stage_kind;

/* One stage: a schedule over a mixture. */
typedef struct fm_stage {
    char name[FM_RECIPE_NAME];
    fm_stage_kind kind;
    int64_t steps;
    int batch_rows;   /* rows (of at most `sequence` tokens) per step: batch_tokens / sequence */
    int micro_rows;   /* rows per pass; divides batch_rows */
    int sequence;     /* tokens */
    bool sample_mask; /* samples of a row see only themselves; false: V3's packing for pre-training */
    fm_schedule lr;
    float mtp_lambda, balance_alpha, bias_gamma;
    fm_source_spec *sources; /* [source_count], owned */
    int source_count;
} fm_stage;

typedef struct fm_recipe {
    char path[FM_RECIPE_PATH];    /* of the recipe */
    char name[FM_RECIPE_NAME];    /* of the run's folder; the file's name without ".yaml" by default */
    char sha256[FM_SHA256_HEX];   /* of the recipe's bytes */
    uint64_t seed, init_seed;     /* data; weights */
    fm_config config;             /* vocab_size 0: to be taken from the tokenizer */
    char weights[FM_RECIPE_PATH]; /* start from this folder's weights; empty: from init_seed */
    char tokenizer[FM_RECIPE_PATH];
    fm_precision precision;
    float beta1, beta2, eps, weight_decay, clip; /* clip 0: none */
    fm_stage stage[FM_RECIPE_STAGES];
    int stage_count;
    int64_t total_steps;
    fm_source_spec
        *validation; /* [validation_count], owned; held-out parts of training sources come on top */
    int validation_count;
    int64_t validate_every;    /* steps; 0: never */
    int64_t validation_tokens; /* per source */
    uint64_t decontaminate;    /* test problems per family, level, language to keep out of files; 0: off */
    int64_t checkpoint_steps;  /* 0: by time alone */
    double checkpoint_seconds; /* 0: by steps alone */
    int keep;                  /* checkpoints kept, >= 1 */
    int64_t load_every;        /* steps between full expert loads in the ledger; 0: never */
} fm_recipe;

/* Reads and checks a recipe; release it with fm_recipe_release, also after a failure. */
fm_status fm_recipe_load(fm_recipe *recipe, const char *path, fm_error *err);
void fm_recipe_release(fm_recipe *recipe);

/* The stage of a step of the run (0 .. total_steps - 1), and the step inside it. */
int fm_recipe_stage(const fm_recipe *recipe, int64_t step, int64_t *inside);

#endif
