/* fuzz.h: what the fuzz targets share: the entry point, declared.
 *
 * libFuzzer calls LLVMFuzzerTestOneInput with bytes; a target must return 0, never print, never keep state.
 */
#ifndef FM_FUZZ_FUZZ_H
#define FM_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
