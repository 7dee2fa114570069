/* ledger.h: run.jsonl: what a run did, line by line, chained by SHA-256 so that no line can be changed
 * unseen.
 *
 * Where it stands: the end of the gradient's path: after each update one line is appended.
 *
 * Each line is one JSON object with "kind" first and "prev" last: the SHA-256 (hexadecimal) of the line
 * before it without its newline; 64 zeros on the first line. Kinds:
 *   segment     head of each start of the program: version, commit, compiler, recipe, config and data-set
 *   hashes,
 *               processor, level, threads, conventions, the step it goes on from
 *   step        one optimiser step
 *   validation  bits per byte per source
 *   checkpoint  step and folder
 *   end         why the segment stopped
 * A kill can leave half a line: fm_ledger_open cuts it off (and says so); a whole line is never removed.
 * Steps after the checkpoint that a run was resumed from stay in the file: what was spent is spent; readers
 * take the last occurrence of a step.
 *
 * Thread safety: one writer.
 */
#ifndef FM_TRAIN_LEDGER_H
#define FM_TRAIN_LEDGER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "base/status.h"

enum { FM_LEDGER_LINE_BYTES = 1 << 20 }; /* longest line */

typedef struct fm_ledger {
    char path[1024];
    int fd;                   /* -1 when closed */
    char last[FM_SHA256_HEX]; /* hash of the last line */
    int64_t lines;
    uint64_t torn_bytes; /* cut off by fm_ledger_open */
} fm_ledger;

/* Opens or creates the file and verifies the chain of what is there. FM_ERR_FORMAT names the first bad
 * line. */
fm_status fm_ledger_open(fm_ledger *ledger, const char *path, fm_error *err);

/* Appends the object written in `line` ("{...}" without "prev" and newline), by one write. FM_ERR_IO. */
fm_status fm_ledger_append(fm_ledger *ledger, const fm_buf *line, fm_error *err);

fm_status fm_ledger_sync(fm_ledger *ledger, fm_error *err); /* fsync */
void fm_ledger_close(fm_ledger *ledger);

/* What a verified file holds. */
typedef struct fm_ledger_facts {
    int64_t lines, segments, steps; /* steps: lines of that kind */
    char last[FM_SHA256_HEX];
    uint64_t torn_bytes; /* an incomplete last line */
} fm_ledger_facts;

/* Checks every line of the chain; FM_ERR_FORMAT names file and line of the first that does not follow. */
fm_status fm_ledger_verify(const char *path, fm_ledger_facts *facts, fm_error *err);

/* Appends text as a JSON string with quotes. */
void fm_json_quote(fm_buf *out, const char *text);

#endif
