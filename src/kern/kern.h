/* kern.h: which kernel file serves each operation on this machine: one table, filled with the references and
 * then overridden by what the processor has and --isa allows.
 *
 * Where it stands: above it, model/ and train/ call the operations (fm_rmsnorm_forward(dev, ...)), each declared in
 * kern/<op>/<op>.h. An operation splits its rows or tiles over dev->threads and calls the serial kernel of the
 * table; serial kernels never see threads. Below it, kern/<op>/<op>_<isa>.c, one file per instruction set.
 *
 * Every operation gives the same bits on every instruction set, thread count and split, except the bf16 GEMM, which
 * is the same on one instruction set. Operations return nothing: callers check shapes once, when a model opens.
 */
#ifndef FM_KERN_KERN_H
#define FM_KERN_KERN_H

#include "base/cpu.h"
#include "dev/dev.h"

/* The serial kernels of one selection; declared per operation in kern/<op>/<op>_serial.h. */
typedef struct fm_kern fm_kern;

/* One row for `fathom doctor`: the operation, the level taken. */
typedef struct fm_kern_row {
    const char *operation;
    fm_isa taken;
} fm_kern_row;

/* Points dev->kern at the table for dev->isa_mask (static tables, built on first use; thread-safe). */
void fm_kern_attach(fm_dev *dev);

/* Fills up to `room` rows; returns how many there are. */
int fm_kern_rows(const fm_dev *dev, fm_kern_row *rows, int room);

#endif
