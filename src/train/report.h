/* report.h: a run's ledger as one self-contained HTML page: no script, no other file.
 *
 * Where it stands: `fathom report RUN`; reads run.jsonl (train/ledger.h) and nothing else.
 *
 * Sections: totals (tokens, model FLOPs with their convention, device-hours, MFU against the measured peak,
 * energy where it was readable, cost at a stated price per hour), curves (loss, validation in bits per byte,
 * learning rate, gradient norm, tokens per second), the expert-load heat map, segments with what they ran on.
 * Steps that a later segment did again count in what was spent; curves show the last occurrence.
 *
 * It refuses a ledger whose chain is broken, a line that is no JSON object of a known kind, and one without
 * steps.
 */
#ifndef FM_TRAIN_REPORT_H
#define FM_TRAIN_REPORT_H

#include "base/buf.h"
#include "base/status.h"

typedef struct fm_report_options {
    const char *ledger;    /* path of run.jsonl */
    double price_per_hour; /* of the machine, in `currency`; 0: no cost shown */
    const char *currency;  /* "$" */
} fm_report_options;

/* Appends the page to *out. */
fm_status fm_report_html(const fm_report_options *options, fm_buf *out, fm_error *err);

#endif
