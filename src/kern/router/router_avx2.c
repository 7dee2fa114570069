/* router_avx2.c: router_v16.h with AVX2 and FMA. */
#include "kern/router/router_v16.h"

const fm_router_kernels fm_router_avx2 = {sigmoid, softmax};
