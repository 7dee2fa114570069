/* checkpoint.h: saving a run so that it can be stopped at any moment and go on with the same bits.
 *
 * Where it stands: beside the gradient's path: after a step, weights, moments and counters go to disk.
 *
 * RUN/checkpoints/step-000001234/ is a model folder in Hugging Face layout that other programs open, plus two
 * files:
 *     config.json, model.safetensors   weights in F32 (names of DeepseekV3ForCausalLM)
 *     optimizer.safetensors            exp_avg.<name> and exp_avg_sq.<name> of every trained tensor, F32
 *     state.json                       format, step, tokens, seconds, hashes of recipe and config, counters
 *                                      of the sources; name, bytes and SHA-256 of the other files
 * Random numbers are counter-based: seeds and counters are the whole of their state.
 *
 * Crash safety: everything is written into checkpoints/.tmp-step-N, each file and the folder synced, then the
 * folder is renamed and the parent synced. Older checkpoints are removed only after that, so a kill or a full
 * disk at any moment leaves the newest complete one. A folder whose name begins with a dot was never
 * finished; it is removed by the next save.
 *
 * Loading verifies every file's size and SHA-256 before anything is used and refuses by file and field:
 * truncated or changed files, other configs, tensors missing or of another shape, counters out of range.
 */
#ifndef FM_TRAIN_CHECKPOINT_H
#define FM_TRAIN_CHECKPOINT_H

#include "model/weights.h"
#include "train/data.h"

enum { FM_CHECKPOINT_SOURCES = 256 };

/* How far a source has been used, by name, over all stages. */
typedef struct fm_source_mark {
    char name[FM_RECIPE_NAME];
    int stage; /* the stage that `state` belongs to */
    fm_source_state state;
} fm_source_mark;

/* Everything but the tensors. */
typedef struct fm_run_state {
    int64_t step;   /* steps done */
    int64_t tokens; /* trained on so far, in all stages */
    double seconds; /* spent in steps, all segments */
    double flops;   /* model FLOPs so far */
    char recipe_sha256[FM_SHA256_HEX], config_sha256[FM_SHA256_HEX], tokenizer_sha256[FM_SHA256_HEX];
    char ledger_last[FM_SHA256_HEX]; /* hash of the ledger's last line when this was saved */
    fm_source_mark sources[FM_CHECKPOINT_SOURCES];
    int source_count;
} fm_run_state;

/* Saves under `run` (its folder checkpoints/), keeps the newest `keep` and writes the folder's path to `out`
 * [1024]. */
fm_status fm_checkpoint_save(const char *run, const fm_weights *weights, const fm_run_state *state, int keep,
                             char out[1024], fm_error *err);

/* The newest complete checkpoint of a run: its path to out; *found false when there is none. */
fm_status fm_checkpoint_latest(const char *run, char out[1024], bool *found, fm_error *err);

/* Reads a checkpoint folder into weights (made for training, of the same config) and state. */
fm_status fm_checkpoint_load(const char *folder, fm_weights *weights, fm_run_state *state, fm_error *err);

#endif
