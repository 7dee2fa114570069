/* weights_file.h: the tensors of a checkpoint folder, checked against a layout and read as f32 slices.
 *
 * Where it stands: between file/safetensors and those who hold weights: fm_weights_load reads everything, the decoder
 * reads piece by piece and packs, so that no f32 copy of a whole model is needed.
 * Types: F32, F16, BF16; F8_E4M3 with a tensor "<name>_scale_inv" [ceil(out/128), ceil(in/128)] F32: the value is
 * element * scale of its 128 x 128 block (DeepSeek-V3, inference/fp8_cast_bf16.py).
 */
#ifndef FM_MODEL_WEIGHTS_FILE_H
#define FM_MODEL_WEIGHTS_FILE_H

#include "file/safetensors.h"
#include "model/weights.h"

typedef struct fm_weights_file {
    const fm_weights *layout; /* borrowed */
    fm_safetensors *file;     /* owned */
    const fm_tensor **tensor; /* [param_count], NULL: not needed and absent */
    const fm_tensor **scale;  /* [param_count], NULL: not quantised */
    char folder[512];
} fm_weights_file;

/* Opens and checks everything before anything is read: FM_ERR_FORMAT names the first missing, unknown or mis-shaped
 * tensor with expected and actual shape. need_mtp false: tensors of MTP modules may be missing. */
fm_status fm_weights_file_open(fm_weights_file *file, const fm_weights *layout, const char *folder,
                               bool need_mtp, fm_error *err);
void fm_weights_file_close(fm_weights_file *file);

/* out [count] = the floats [offset, offset + count) of the layout; ends must be row ends of tensors. Slices may span
 * adjacent tensors of one piece. */
void fm_weights_file_read(const fm_weights_file *file, size_t offset, size_t count, float *out);

#endif
