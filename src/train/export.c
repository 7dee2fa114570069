/* export.c: from a run's newest checkpoint to a model folder for use, in the layout other programs open: bf16
 * weights under their published names, the tokenizer, the chat template and what to generate with. */
#include <string.h>

#include "train/checkpoint.h"
#include "train/ledger.h"
#include "train/trainer.h"

static fm_status write_text(const char *folder, const char *name, const fm_buf *text, fm_error *err) {
    char path[1024];
    fm_status status = fm_path_join(path, sizeof path, folder, name, err);
    if (status == FM_OK && text->failed) status = fm_error_set(err, FM_ERR_MEMORY, "%s: no memory", path);
    return status == FM_OK ? fm_file_write(path, text->data, text->size, err) : status;
}

static void tokenizer_config(const fm_config *config, fm_buf *out) {
    fm_buf_puts(out,
                "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n  \"add_bos_token\": false,\n"
                "  \"add_eos_token\": false,\n  \"clean_up_tokenization_spaces\": false,\n  \"bos_token\": ");
    fm_json_quote(out, fm_mark_text(FM_MARK_BOS));
    fm_buf_puts(out, ",\n  \"eos_token\": ");
    fm_json_quote(out, fm_mark_text(FM_MARK_EOS));
    fm_buf_printf(out,
                  ",\n  \"model_max_length\": %d,\n  \"chat_template\": ", config->max_position_embeddings);
    fm_json_quote(out, fm_template_jinja());
    fm_buf_puts(out, "\n}\n");
}

static fm_status write_rest(const char *folder, const fm_config *config, const fm_tokenizer *tokenizer,
                            fm_error *err) {
    char path[1024];
    fm_buf text = {0};
    fm_status status;
    FM_TRY(fm_path_join(path, sizeof path, folder, "tokenizer.json", err));
    FM_TRY(fm_tokenizer_save(tokenizer, path, err));
    tokenizer_config(config, &text);
    FM_TRY(write_text(folder, "tokenizer_config.json", &text, err));
    fm_buf_clear(&text);
    fm_buf_printf(&text,
                  "{\n  \"bos_token_id\": %d,\n  \"eos_token_id\": %d,\n  \"do_sample\": true,\n"
                  "  \"temperature\": 0.6,\n  \"top_p\": 0.95\n}\n",
                  config->bos_token_id, config->eos_token_id);
    FM_TRY(write_text(folder, "generation_config.json", &text, err));
fail:
    fm_buf_release(&text);
    return status;
}

fm_status fm_train_export(const char *run, const char *tokenizer_path, const char *folder, fm_error *err) {
    char checkpoint[1024];
    bool found;
    fm_weights *weights = NULL;
    fm_tokenizer *tokenizer = NULL;
    fm_status status;
    FM_TRY(fm_checkpoint_latest(run, checkpoint, &found, err));
    if (!found) {
        status = fm_error_set(err, FM_ERR_IO, "%s: no checkpoint to export", run);
        goto fail;
    }
    FM_TRY(fm_tokenizer_open(&tokenizer, tokenizer_path, NULL, err));
    FM_TRY(fm_weights_open(&weights, checkpoint, false, err));
    FM_TRY(fm_weights_save(weights, folder, FM_BF16, NULL, 0, err));
    FM_TRY(write_rest(folder, &weights->config, tokenizer, err));
fail:
    fm_weights_free(weights);
    fm_tokenizer_close(tokenizer);
    return status;
}
