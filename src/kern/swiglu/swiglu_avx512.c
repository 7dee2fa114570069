/* swiglu_avx512.c: swiglu_v16.h with AVX-512. */
#include "kern/swiglu/swiglu_v16.h"

const fm_swiglu_kernels fm_swiglu_avx512 = {forward, backward};
