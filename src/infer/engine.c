/* engine.c: opening a model for inference: device, packed weights, tokenizer, template.
 *
 * Where it stands: cmd/ -> here -> model/decode and text/. It refuses a model whose tokenizer has more ids than the
 * embedding has rows, a tokenizer without the template's marks, and a context the model was not made for.
 */
#include "infer/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/fs.h"
#include "kern/kern.h"

const char *fm_model_folder(const char *model) {
    return model == NULL || strcmp(model, "mini") == 0 ? FM_EMBEDDED_PREFIX "mini" : model;
}

fm_engine_options fm_engine_options_default(void) { return (fm_engine_options){0}; }

/* The tokenizer must not name rows that the embedding lacks; the reverse (padding) is usual. */
static fm_status check_vocabulary(const fm_engine *engine, const char *folder, fm_error *err) {
    int rows = fm_decoder_config(engine->model)->vocab_size;
    int ids = fm_tokenizer_vocab_size(engine->tokenizer);
    if (ids <= rows) return FM_OK;
    return fm_error_set(err, FM_ERR_FORMAT, "%s: the tokenizer has %d ids, vocab_size in config.json is %d",
                        folder, ids, rows);
}

static fm_status open_parts(fm_engine *engine, const char *folder, const fm_engine_options *options,
                            fm_error *err) {
    fm_status status;
    fm_config config;
    FM_TRY(fm_config_load(&config, folder, err));
    engine->context = options->max_context ? options->max_context : config.max_position_embeddings;
    if (engine->context < 16 || engine->context > config.max_position_embeddings) {
        status = fm_error_set(err, FM_ERR_LIMIT,
                              "context of %d tokens: %s takes 16 to %d (max_position_embeddings)",
                              engine->context, folder, config.max_position_embeddings);
        goto fail;
    }
    FM_TRY(fm_dev_open(&engine->dev, options->threads, 0, err));
    fm_kern_attach(&engine->dev);
    FM_TRY(fm_tokenizer_open(&engine->tokenizer, folder, NULL, err));
    FM_TRY(fm_template_init(&engine->tpl, engine->tokenizer, err));
    fm_decoder_options decoder = {.dtype = FM_BF16, .max_context = engine->context};
    FM_TRY(fm_decoder_load(&engine->model, folder, &engine->dev, &decoder, err));
    FM_TRY(check_vocabulary(engine, folder, err));
fail:
    return status;
}

fm_status fm_engine_open(fm_engine **out, const char *model, const fm_engine_options *options,
                         fm_error *err) {
    const char *folder = fm_model_folder(model);
    fm_engine_options defaults = fm_engine_options_default();
    *out = NULL;
    if (fm_embedded_is(folder) && !fm_path_is_dir(folder))
        return fm_error_set(err, FM_ERR_UNSUPPORTED, "this build has no embedded model; name a model folder");
    if (!fm_path_is_dir(folder))
        return fm_error_set(err, FM_ERR_IO,
                            "%s: no such model folder (it holds config.json and model.safetensors)", folder);
    fm_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for an engine");
    fm_status status = open_parts(engine, folder, options ? options : &defaults, err);
    if (status != FM_OK) {
        fm_engine_close(engine);
        return status;
    }
    *out = engine;
    return FM_OK;
}

void fm_engine_close(fm_engine *engine) {
    if (engine == NULL) return;
    fm_decoder_free(engine->model);
    fm_tokenizer_close(engine->tokenizer);
    fm_dev_close(&engine->dev);
    free(engine);
}

int fm_engine_context_tokens(const fm_engine *engine) { return engine->context; }

size_t fm_engine_memory_bytes(const fm_engine *engine) {
    return fm_decoder_arena(engine->model)->room + engine->dev.scratch_bytes * (size_t)engine->dev.threads;
}
