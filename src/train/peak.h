/* peak.h: what this machine's matrix product reaches, the denominator of every share of peak.
 *
 * A 1024 x 1024 x 1024 product of our own GEMM, best of a few, in the run whose speed is judged: the
 * machine's peak as this program can use it, not a data sheet's.
 */
#ifndef FM_TRAIN_PEAK_H
#define FM_TRAIN_PEAK_H

#include "kern/gemm/gemm.h"

/* FLOP per second (2 n^3 per product); takes about half a second. FM_ERR_MEMORY. */
fm_status fm_peak_measure(fm_dev *dev, fm_precision precision, double *flops_per_second, fm_error *err);

/* Seconds of a clock that only runs forward. */
double fm_clock(void);

#endif
