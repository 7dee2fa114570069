/* trainer_log.c: the ledger's lines; ledger.h lists their kinds, docs/train.md their fields. */
#include <time.h>

#include "base/build.h"
#include "base/cpu.h"
#include "train/trainer_impl.h"

static fm_status append(fm_trainer *t, fm_buf *line, fm_error *err) {
    fm_buf_putc(line, '}');
    fm_status status = fm_ledger_append(&t->ledger, line, err);
    fm_buf_release(line);
    return status;
}

static const char *best_isa(const fm_trainer *t) {
    int best = 0;
    for (int i = 0; i < FM_ISA_COUNT; i++)
        if (t->dev.isa_mask >> i & 1) best = i;
    return fm_cpu_isa_name((fm_isa)best);
}

static void put_text(fm_buf *line, const char *key, const char *value) {
    fm_buf_printf(line, ",\"%s\":", key);
    fm_json_quote(line, value);
}

fm_status fm_trainer_log_segment(fm_trainer *t, fm_error *err) {
    fm_buf line = {0};
    fm_param_count count = fm_config_count(&t->recipe.config);
    fm_buf_printf(&line, "{\"kind\":\"segment\",\"unix\":%lld", (long long)time(NULL));
    put_text(&line, "version", fm_version());
    put_text(&line, "commit", fm_build_get()->commit);
    put_text(&line, "compiler", fm_build_get()->compiler);
    put_text(&line, "compiler_flags", fm_build_get()->flags);
    put_text(&line, "recipe", t->recipe.path);
    put_text(&line, "recipe_sha256", t->recipe.sha256);
    put_text(&line, "config_sha256", t->state.config_sha256);
    put_text(&line, "tokenizer_sha256", t->state.tokenizer_sha256);
    fm_buf_puts(&line, ",\"data\":[");
    for (int i = 0; i < t->file_count; i++) {
        fm_buf_puts(&line, i ? ",{\"name\":" : "{\"name\":");
        fm_json_quote(&line, t->files[i].name);
        const fm_tokens *tokens = &t->files[i].tokens;
        fm_buf_printf(
            &line, ",\"sha256\":\"%s\",\"documents\":%lld,\"tokens\":%lld,\"bytes\":%llu,\"dropped\":%llu}",
            tokens->sha256, (long long)tokens->docs, (long long)tokens->tokens,
            (unsigned long long)tokens->text_bytes, (unsigned long long)tokens->dropped);
    }
    fm_buf_putc(&line, ']');
    put_text(&line, "cpu", fm_cpu_name());
    put_text(&line, "isa", best_isa(t));
    put_text(&line, "precision", t->recipe.precision == FM_PRECISION_BF16 ? "bf16" : "f32");
    fm_buf_printf(
        &line,
        ",\"threads\":%d,\"peak_gflops\":%.1f,\"parameters\":%lld,\"active\":%lld,\"total_steps\":%lld,"
        "\"resumed_from\":",
        t->dev.threads, t->peak * 1e-9, (long long)(count.total + count.mtp), (long long)count.active,
        (long long)t->recipe.total_steps);
    if (t->resumed_from < 0)
        fm_buf_puts(&line, "null");
    else
        fm_buf_printf(&line, "{\"step\":%lld,\"ledger\":\"%s\",\"recipe_changed\":%s}",
                      (long long)t->resumed_from, t->state.ledger_last, t->recipe_changed ? "true" : "false");
    put_text(&line, "flops", FM_FLOPS_CONVENTION);
    fm_buf_printf(&line, ",\"seed\":%llu,\"torn_bytes\":%llu", (unsigned long long)t->recipe.seed,
                  (unsigned long long)t->ledger.torn_bytes);
    return append(t, &line, err);
}

/* Per MoE block [max/mean, entropy, unused]; now and then the tokens per expert. */
static void put_load(fm_trainer *t, fm_buf *line) {
    int experts = t->recipe.config.n_routed_experts;
    bool due = t->state.step % (t->recipe.load_every ? t->recipe.load_every : 1) == 0;
    bool full = t->recipe.load_every > 0 && (due || t->state.step == t->first_step + 1), first = true;
    fm_buf_puts(line, ",\"load\":{");
    for (int b = 0; b < t->weights->blocks; b++) {
        const fm_load_summary *load = &t->stepper.load[b];
        if (!t->weights->block[b].moe) continue;
        fm_buf_printf(line, "%s\"%d\":[%.4g,%.4g,%d]", first ? "" : ",", b, load->max_over_mean,
                      load->entropy, load->unused);
        first = false;
    }
    fm_buf_putc(line, '}');
    if (!full) return;
    first = true;
    fm_buf_puts(line, ",\"experts\":{");
    for (int b = 0; b < t->weights->blocks; b++) {
        if (!t->weights->block[b].moe) continue;
        fm_buf_printf(line, "%s\"%d\":[", first ? "" : ",", b);
        for (int e = 0; e < experts; e++)
            fm_buf_printf(line, "%s%lld", e ? "," : "", (long long)t->stepper.full_load[b * experts + e]);
        fm_buf_putc(line, ']');
        first = false;
    }
    fm_buf_putc(line, '}');
}

fm_status fm_trainer_log_step(fm_trainer *t, const fm_step_result *result, const fm_data_step *data,
                              double lr, fm_step_timing timing, fm_error *err) {
    fm_buf line = {0};
    fm_buf_printf(
        &line,
        "{\"kind\":\"step\",\"step\":%lld,\"stage\":%d,\"loss\":%.9g,\"loss_mtp\":%.9g,\"balance\":%.9g,"
        "\"grad_norm\":%.9g,\"lr\":%.9g,\"tokens\":%d,\"targets\":%d,\"total_tokens\":%lld,\"seconds\":%.6f,"
        "\"data_seconds\":%.6f,\"flops\":%.17g,\"data_sha256\":\"%s\"",
        (long long)t->state.step, t->stage, result->loss, result->loss_mtp, result->balance,
        result->grad_norm, lr, result->tokens, result->targets, (long long)t->state.tokens, timing.seconds,
        timing.data_seconds, t->state.flops, data->sha256);
    if (t->energy.readable) fm_buf_printf(&line, ",\"joules\":%.3f", t->energy.joules);
    put_load(t, &line);
    return append(t, &line, err);
}

fm_status fm_trainer_log_validation(fm_trainer *t, const fm_validation_score *scores, fm_error *err) {
    fm_buf line = {0};
    fm_buf_printf(&line, "{\"kind\":\"validation\",\"step\":%lld,\"bits_per_byte\":{",
                  (long long)t->state.step);
    for (int i = 0; i < t->set_count; i++) {
        if (i) fm_buf_putc(&line, ',');
        fm_json_quote(&line, t->sets[i].name);
        fm_buf_printf(&line, ":%.6g", scores[i].bits_per_byte);
    }
    fm_buf_putc(&line, '}');
    return append(t, &line, err);
}

fm_status fm_trainer_log_checkpoint(fm_trainer *t, const char *folder, fm_error *err) {
    fm_buf line = {0};
    fm_buf_printf(&line, "{\"kind\":\"checkpoint\",\"step\":%lld", (long long)t->state.step);
    put_text(&line, "folder", folder);
    return append(t, &line, err);
}

fm_status fm_trainer_log_end(fm_trainer *t, const char *why, fm_error *err) {
    fm_buf line = {0};
    fm_buf_printf(&line,
                  "{\"kind\":\"end\",\"step\":%lld,\"unix\":%lld,\"total_tokens\":%lld,\"seconds\":%.3f,"
                  "\"flops\":%.17g",
                  (long long)t->state.step, (long long)time(NULL), (long long)t->state.tokens,
                  t->state.seconds, t->state.flops);
    put_text(&line, "why", why);
    return append(t, &line, err);
}
