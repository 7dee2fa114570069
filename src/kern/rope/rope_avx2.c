/* rope_avx2.c: rope_v16.h with AVX2 and FMA. */
#include "kern/rope/rope_v16.h"

const fm_rope_kernels fm_rope_avx2 = {apply};
