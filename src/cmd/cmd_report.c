/* cmd_report.c: `fathom report RUN`: the page of a training run (train/report.h), and the check of its
 * ledger. */
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "train/ledger.h"
#include "train/report.h"

static int verify(const char *ledger) {
    fm_error err = {0};
    fm_ledger_facts facts;
    if (fm_ledger_verify(ledger, &facts, &err) != FM_OK) return fm_cmd_fail("report", &err);
    printf("%s: %lld lines, %lld segments, %lld steps: every line follows from the one before it; last %s\n",
           ledger, (long long)facts.lines, (long long)facts.segments, (long long)facts.steps, facts.last);
    return FM_EXIT_OK;
}

int fm_cmd_report(int argc, char **argv) {
    const char *out = "-";
    bool check = false;
    fm_report_options options = {.currency = "$"};
    const fm_flag flags[] = {
        {"out", FM_FLAG_TEXT, &out, .metavar = "FILE", .help = "where the page goes; - is standard output"},
        {"price", FM_FLAG_FLOAT, &options.price_per_hour, 0, 1e6, "N", "price of the machine per hour"},
        {"currency", FM_FLAG_TEXT, &options.currency, .metavar = "SIGN", .help = "of the price"},
        {"verify", FM_FLAG_SWITCH, &check, .help = "only check the ledger's chain"}};
    const fm_usage usage = {"report",
                            "RUN",
                            "Writes a training run's page: curves, expert load, totals, segments. RUN "
                            "is the run's folder or its run.jsonl.",
                            flags,
                            sizeof flags / sizeof flags[0],
                            1,
                            1};
    fm_args args;
    fm_error err = {0};
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    char ledger[1024];
    const char *run = args.values[0];
    if (fm_path_is_dir(run)) {
        if (fm_path_join(ledger, sizeof ledger, run, "run.jsonl", &err) != FM_OK)
            return fm_cmd_fail("report", &err);
        run = ledger;
    }
    if (check) return verify(run);
    options.ledger = run;
    fm_buf page = {0};
    fm_status status = fm_report_html(&options, &page, &err);
    if (status == FM_OK && strcmp(out, "-") == 0)
        fwrite(page.data, 1, page.size, stdout);
    else if (status == FM_OK)
        status = fm_file_write(out, page.data, page.size, &err);
    fm_buf_release(&page);
    return status == FM_OK ? FM_EXIT_OK : fm_cmd_fail("report", &err);
}
