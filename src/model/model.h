/* model.h: everything above the kernels and below the trainer, the engine and the commands, in one include.
 *
 *     config.h   what a model is (config.json)
 *     weights.h  its parameters in training form: named slices of flat arrays
 *     pass.h     forward, losses and backward over a batch of rows
 *     decode.h   inference: packed weights, latent cache, prefill and decode
 *
 * The maths is in docs/MODEL.md; comments cite its equations by number.
 */
#ifndef FM_MODEL_MODEL_H
#define FM_MODEL_MODEL_H

#include "model/config.h"
#include "model/decode.h"
#include "model/pass.h"
#include "model/weights.h"

#endif
