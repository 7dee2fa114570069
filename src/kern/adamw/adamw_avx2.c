/* adamw_avx2.c: adamw_v16.h with AVX2 and FMA. */
#include "kern/adamw/adamw_v16.h"

const fm_adamw_kernels fm_adamw_avx2 = {update, sum_squares};
