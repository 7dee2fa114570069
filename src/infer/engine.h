/* engine.h: what an open engine holds, for the files of infer/ and the verbs that need token ids.
 *
 * Where it stands: between include/fathom.h above and model/decode, text/tokenizer, text/template below.
 */
#ifndef FM_INFER_ENGINE_H
#define FM_INFER_ENGINE_H

#include "dev/dev.h"
#include "model/decode.h"
#include "text/template.h"
#include "text/tokenizer.h"

struct fm_engine {
    fm_dev dev;
    fm_decoder *model;
    fm_tokenizer *tokenizer;
    fm_template tpl;
    int context; /* positions per session */
};

/* The folder that a model name stands for: NULL and "mini" are the linked-in model, anything else is itself. */
const char *fm_model_folder(const char *model);

#endif
