/* cmd_tokenizer_train.c: `fathom tokenizer-train`: makes a vocabulary from training text and saves it as
 * tokenizer.json. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "text/bpe_train.h"
#include "train/shard.h"

/* The marks of DeepSeek's chat templates, and some room for later ones; ids 0 to 15. */
static const fm_bpe_special specials[] = {
    {"<｜begin▁of▁sentence｜>", true},
    {"<｜end▁of▁sentence｜>", true},
    {"<｜▁pad▁｜>", true},
    {"<｜User｜>", true},
    {"<｜Assistant｜>", true},
    {"<think>", false},
    {"</think>", false},
    {"<｜reserved▁0｜>", true},
    {"<｜reserved▁1｜>", true},
    {"<｜reserved▁2｜>", true},
    {"<｜reserved▁3｜>", true},
    {"<｜reserved▁4｜>", true},
    {"<｜reserved▁5｜>", true},
    {"<｜reserved▁6｜>", true},
    {"<｜reserved▁7｜>", true},
    {"<｜reserved▁8｜>", true},
};

enum { BATCH_BYTES = 1 << 25 };

/* Documents waiting to be counted together, so that all threads have work. */
typedef struct batch {
    fm_buf bytes;
    size_t *sizes;
    size_t count, room;
} batch;

static fm_status put_text(batch *b, const char *text, size_t size, fm_error *err) {
    if (b->count == b->room) {
        size_t room = b->room ? 2 * b->room : 1024;
        size_t *sizes = realloc(b->sizes, room * sizeof *sizes);
        if (sizes == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu texts", room);
        b->sizes = sizes;
        b->room = room;
    }
    fm_buf_append(&b->bytes, text, size);
    if (b->bytes.failed) return fm_error_set(err, FM_ERR_MEMORY, "no memory for a batch of texts");
    b->sizes[b->count++] = size;
    return FM_OK;
}

static fm_status count_batch(fm_bpe_trainer *trainer, batch *b, fm_error *err) {
    fm_bpe_text *texts = malloc((b->count + 1) * sizeof *texts);
    if (texts == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for %zu texts", b->count);
    size_t at = 0;
    for (size_t i = 0; i < b->count; i++) {
        texts[i] = (fm_bpe_text){(const uint8_t *)b->bytes.data + at, b->sizes[i]};
        at += b->sizes[i];
    }
    fm_status status = fm_bpe_trainer_add(trainer, texts, b->count, err);
    free(texts);
    fm_buf_clear(&b->bytes);
    b->count = 0;
    return status;
}

static fm_status put_doc(batch *b, const fm_doc *doc, fm_error *err) {
    if (doc->kind == FM_DOC_TEXT) return put_text(b, doc->text, doc->size, err);
    fm_status status = FM_OK;
    for (int i = 0; i < doc->chat->count && status == FM_OK; i++) {
        const fm_message *message = &doc->chat->messages[i];
        status = put_text(b, message->content, strlen(message->content), err);
        if (status == FM_OK && message->reasoning)
            status = put_text(b, message->reasoning, strlen(message->reasoning), err);
    }
    return status;
}

static fm_status read_file(fm_bpe_trainer *trainer, batch *b, const char *path, uint64_t *bytes,
                           fm_error *err) {
    fm_shard *shard = NULL;
    fm_doc doc;
    bool end = false;
    fm_status status = FM_OK;
    FM_TRY(fm_shard_open(&shard, path, 0, err));
    for (;;) {
        FM_TRY(fm_shard_next(shard, &doc, &end, err));
        if (end) break;
        FM_TRY(put_doc(b, &doc, err));
        if (b->bytes.size >= BATCH_BYTES) FM_TRY(count_batch(trainer, b, err));
    }
    *bytes += fm_shard_offset_bytes(shard);
fail:
    fm_shard_close(shard);
    return status;
}

static void show_progress(void *context, int32_t tokens, int32_t vocab_size) {
    (void)context;
    fprintf(stderr, "\rmerging: %d of %d tokens", tokens, vocab_size);
    if (tokens == vocab_size) fputc('\n', stderr);
}

static fm_status train(const fm_bpe_options *options, const fm_args *args, const char *out, fm_error *err) {
    fm_bpe_trainer *trainer = NULL;
    fm_tokenizer *tokenizer = NULL;
    batch b = {0};
    uint64_t bytes = 0;
    fm_status status = FM_OK;
    FM_TRY(fm_bpe_trainer_create(&trainer, options, err));
    for (int i = 0; i < args->count; i++) {
        FM_TRY(read_file(trainer, &b, args->values[i], &bytes, err));
        fprintf(stderr, "read %s (%" PRIu64 " bytes in all)\n", args->values[i], bytes);
    }
    FM_TRY(count_batch(trainer, &b, err));
    FM_TRY(fm_bpe_trainer_finish(trainer, &tokenizer, err));
    FM_TRY(fm_tokenizer_save(tokenizer, out, err));
    if (options->progress && fm_tokenizer_vocab_size(tokenizer) < options->vocab_size)
        fprintf(stderr, "\nthe texts gave only this many: no other pair occurs %" PRIu64 " times\n",
                options->min_count);
    printf("%s: %d tokens from %" PRIu64 " bytes\n", out, fm_tokenizer_vocab_size(tokenizer), bytes);
fail:
    free(b.sizes);
    fm_buf_release(&b.bytes);
    fm_tokenizer_close(tokenizer);
    fm_bpe_trainer_free(trainer);
    return status;
}

int fm_cmd_tokenizer_train(int argc, char **argv) {
    fm_bpe_options options = fm_bpe_options_default();
    int64_t vocab_size = options.vocab_size, min_count = (int64_t)options.min_count;
    const char *out = NULL;
    bool plain = false;
    const fm_flag flags[] = {
        {"vocab", FM_FLAG_INT, &vocab_size, 256, FM_TOKENIZER_MAX_VOCAB, "N",
         "tokens in all, special ones included"},
        {"out", FM_FLAG_TEXT, &out, .metavar = "FILE", .help = "where the tokenizer.json goes"},
        {"pattern", FM_FLAG_TEXT, &options.pattern, .metavar = "RE",
         .help = "how text is cut into words; default: Qwen2's pattern, which takes digits singly"},
        {"single-digits", FM_FLAG_SWITCH, &options.single_digits,
         .help = "every digit is a word, whatever the pattern"},
        {"min-count", FM_FLAG_INT, &min_count, 1, 1e15, "N", "rarer pairs are never merged"},
        {"plain", FM_FLAG_SWITCH, &plain,
         .help = "no special tokens; default: DeepSeek's chat marks and nine reserved"},
    };
    const fm_usage usage = {.verb = "tokenizer-train",
                            .arguments = "FILE...",
                            .summary = "Makes a byte-level BPE vocabulary from texts (.txt, .md, .jsonl, "
                                       "each also as .zst) and saves it\n"
                                       "as a tokenizer.json that transformers and tokenizers open.",
                            .flags = flags,
                            .flag_count = sizeof flags / sizeof *flags,
                            .minimum_arguments = 1,
                            .maximum_arguments = -1};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    if (out == NULL) {
        fm_error_set(&err, FM_ERR_ARG, "--out is missing: where the tokenizer.json goes");
        return fm_cmd_fail("tokenizer-train", &err);
    }
    options.vocab_size = (int32_t)vocab_size;
    options.min_count = (uint64_t)min_count;
    options.threads = args.threads;
    options.specials = plain ? NULL : specials;
    options.special_count = plain ? 0 : (int)(sizeof specials / sizeof *specials);
    if (isatty(STDERR_FILENO)) options.progress = show_progress;
    return train(&options, &args, out, &err) == FM_OK ? FM_EXIT_OK : fm_cmd_fail("tokenizer-train", &err);
}
