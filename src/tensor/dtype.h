/* dtype.h: element types and the exact conversions between them and f32.
 *
 * F8_E4M3 is the "fn" variant of DeepSeek's checkpoints: no infinities, S.1111.111 is NaN, largest 448.
 * Rounding is to nearest even everywhere; NaN stays NaN.
 */
#ifndef FM_TENSOR_DTYPE_H
#define FM_TENSOR_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fmath.h"

typedef enum fm_dtype {
    FM_F32,
    FM_F16,
    FM_BF16,
    FM_F8_E4M3,
    FM_F64,
    FM_I8,
    FM_U8,
    FM_I16,
    FM_I32,
    FM_I64,
    FM_BOOL,
    FM_DTYPE_COUNT
} fm_dtype;

/* Bytes per element, and the name safetensors uses ("F32", "BF16", "F8_E4M3" ...). */
size_t fm_dtype_size(fm_dtype dtype);
const char *fm_dtype_name(fm_dtype dtype);

/* FM_DTYPE_COUNT when the name is not one of ours. */
fm_dtype fm_dtype_from_name(const char *name);

static inline float fm_bf16_to_f32(uint16_t x) { return fm_f32_from_bits((uint32_t)x << 16); }

static inline uint16_t fm_f32_to_bf16(float x) {
    uint32_t u = fm_f32_bits(x);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(u >> 16 | 0x40); /* quiet NaN, payload cut */
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

float fm_f16_to_f32(uint16_t x);
uint16_t fm_f32_to_f16(float x);
float fm_f8e4m3_to_f32(uint8_t x);
uint8_t fm_f32_to_f8e4m3(float x); /* saturates at +-448 */

/* n elements of any type to f32, and f32 to F32/F16/BF16/F8_E4M3; integers convert by value. No overlap. */
void fm_convert_to_f32(float *out, const void *in, fm_dtype dtype, size_t n);
void fm_convert_from_f32(void *out, const float *in, fm_dtype dtype, size_t n);

#endif
