/* xent_avx2.c: xent_v16.h with AVX2 and FMA. */
#include "kern/xent/xent_v16.h"

const fm_xent_kernels fm_xent_avx2 = {row};
