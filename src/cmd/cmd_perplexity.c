/* cmd_perplexity.c: `fathom perplexity MODEL FILE`: how well a model predicts a text. Refuses what eval/perplexity.h does. */
#include "eval/perplexity.h"

#include <stdio.h>

#include "base/fmath.h"
#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"

static fm_status run(const fm_args *args, const fm_scorer_options *options, fm_perplexity *result,
                     fm_error *err) {
    fm_buf text = {0};
    fm_scorer *scorer = NULL;
    fm_status status;
    FM_TRY(fm_file_read(args->values[1], (size_t)1 << 30, &text, err));
    FM_TRY(fm_scorer_open(&scorer, args->values[0], options, err));
    FM_TRY(fm_perplexity_add(result, scorer, text.data ? text.data : "", text.size, args->values[1], err));
fail:
    fm_scorer_close(scorer);
    fm_buf_release(&text);
    return status;
}

int fm_cmd_perplexity(int argc, char **argv) {
    bool exact = false, json = false;
    int64_t context = 0;
    const fm_flag flags[] = {
        {"exact", FM_FLAG_SWITCH, &exact,
         .help = "f32 arithmetic on the stored weights (default: weights as bf16)"},
        {"context", FM_FLAG_INT, &context, 0, 1 << 24, "N",
         "tokens per window (default: 1024, or what the model takes)"},
        {"json", FM_FLAG_SWITCH, &json, .help = "print one JSON object"},
    };
    const fm_usage usage = {.verb = "perplexity",
                            .arguments = "MODEL FILE",
                            .summary = "Prints how well a model predicts a text: nats per token and bits per "
                                       "byte. Windows overlap by half.",
                            .flags = flags,
                            .flag_count = sizeof flags / sizeof *flags,
                            .minimum_arguments = 2,
                            .maximum_arguments = 2};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    fm_perplexity result = {0};
    fm_scorer_options options = {.exact = exact, .context = (int)context, .threads = args.threads};
    if (run(&args, &options, &result, &err) != FM_OK) return fm_cmd_fail("perplexity", &err);
    double nats = fm_perplexity_nats_per_token(&result), bits = fm_perplexity_bits_per_byte(&result);
    if (json)
        printf("{\"tokens\":%lld,\"bytes\":%lld,\"nats_per_token\":%.6f,\"bits_per_byte\":%.6f}\n",
               (long long)result.tokens, (long long)result.bytes, nats, bits);
    else
        printf("%.4f nats per token (perplexity %.3f), %.4f bits per byte, over %lld tokens, %lld bytes\n",
               nats, fm_exp(nats), bits, (long long)result.tokens, (long long)result.bytes);
    return FM_EXIT_OK;
}
