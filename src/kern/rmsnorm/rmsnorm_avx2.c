/* rmsnorm_avx2.c: rmsnorm_v16.h with AVX2 and FMA. */
#include "kern/rmsnorm/rmsnorm_v16.h"

const fm_rmsnorm_kernels fm_rmsnorm_avx2 = {forward, backward_x, backward_w};
