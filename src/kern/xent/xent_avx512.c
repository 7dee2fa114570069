/* xent_avx512.c: xent_v16.h with AVX-512. */
#include "kern/xent/xent_v16.h"

const fm_xent_kernels fm_xent_avx512 = {row};
