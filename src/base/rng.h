/* rng.h: counter-based random numbers with named streams.
 *
 * A number is a pure function of (seed, stream name, counter): Philox 4x32-10 (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC'11). No hidden state: a run that is stopped and resumed, or split over
 * threads, draws the same numbers. Streams with different names are independent.
 */
#ifndef FM_BASE_RNG_H
#define FM_BASE_RNG_H

#include <stdint.h>

/* Caller's storage; copying it forks the stream at the same place. `counter` is all that a checkpoint keeps. */
typedef struct fm_rng {
    uint32_t key[2];    /* from the seed */
    uint32_t stream[2]; /* from the stream's name */
    uint64_t counter;   /* 32-bit numbers drawn so far */
} fm_rng;

/* A stream at its beginning. `name` is any NUL-terminated text, hashed into the stream's id. */
fm_rng fm_rng_init(uint64_t seed, const char *name);

/* A child stream: same seed, id mixed from this stream's id and `index`, at its beginning. */
fm_rng fm_rng_child(const fm_rng *rng, uint64_t index);

uint32_t fm_rng_u32(fm_rng *rng);
uint64_t fm_rng_u64(fm_rng *rng);

/* Uniform integer in [0, bound), without modulo bias; bound 0 gives 0. */
uint32_t fm_rng_below(fm_rng *rng, uint32_t bound);

/* Uniform integer in [low, high], both included; needs low <= high. */
int64_t fm_rng_range(fm_rng *rng, int64_t low, int64_t high);

/* Uniform in [0, 1) with 24 bits, and with 53 bits. */
float fm_rng_f32(fm_rng *rng);
double fm_rng_f64(fm_rng *rng);

/* Standard normal deviate (Box-Muller on two uniform numbers, one of the pair used; our own log and cosine, so
 * that weights initialised from a seed are the same on every libm). */
float fm_rng_normal(fm_rng *rng);

#endif
