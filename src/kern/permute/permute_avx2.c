/* permute_avx2.c: permute_v16.h with AVX2 and FMA. */
#include "kern/permute/permute_v16.h"

const fm_permute_kernels fm_permute_avx2 = {combine, combine_backward};
