/* embed_avx2.c: embed_v16.h with AVX2 and FMA. */
#include "kern/embed/embed_v16.h"

const fm_embed_kernels fm_embed_avx2 = {backward, add_to};
