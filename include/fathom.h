/* fathom.h: the public interface of libfathom.
 *
 * What it is: the one header a program includes to load a model of the DeepSeek family and talk to it.
 * Everything else under src/ is private and may change. Types are opaque; every function says who owns what.
 *
 * In short:
 *     fm_engine *engine;  fm_session *session;  fm_error err = {0};
 *     fm_engine_open(&engine, NULL, NULL, &err);            the embedded model, default options
 *     fm_session_create(&session, engine, &err);
 *     fm_session_ask(session, "What is 12 + 30?", NULL, on_text, NULL, NULL, &err);
 *     fm_session_free(session);  fm_engine_close(engine);
 *
 * Thread safety: an engine and its sessions serve one caller at a time; the work inside uses the engine's threads.
 * Different engines are independent.
 *
 * It refuses: exiting the process, printing, and reading the environment. Failures come back as fm_status
 * with a message that names the file, field, value and limit.
 */
#ifndef FATHOM_H
#define FATHOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, coarsely; the message of fm_error says the rest. */
typedef enum fm_status {
    FM_OK = 0,
    FM_ERR_ARG,         /* the caller's arguments or flags are wrong */
    FM_ERR_IO,          /* the operating system refused: open, read, write, space */
    FM_ERR_FORMAT,      /* bytes from outside do not follow their format */
    FM_ERR_LIMIT,       /* a stated limit was exceeded: length, depth, context, memory budget */
    FM_ERR_MEMORY,      /* the allocator had nothing left */
    FM_ERR_UNSUPPORTED, /* well-formed, but something this build does not do */
    FM_ERR_NUMERIC,     /* NaN or infinity where a finite number must be */
    FM_ERR_INTERRUPTED, /* stopped by the user; what was done so far is kept */
    FM_ERR_STATE        /* called in the wrong order or on a released object */
} fm_status;

/* One failure, in words. Caller's storage; zero-initialise it. `message` is one line without a final
 * newline and always NUL-terminated; a longer text is cut, never overrun. */
typedef struct fm_error {
    fm_status status;
    char message[768];
} fm_error;

/* How the next token is drawn. The order: repeat penalty, temperature, top-k, top-p, min-p. */
typedef struct fm_sample_options {
    float temperature; /* 0 .. 10; 0: greedy */
    int top_k;         /* 0: off; else keep the k best */
    float top_p;       /* (0, 1]; 1: off */
    float min_p;       /* [0, 1); drop tokens below min_p times the best one's probability; 0: off */
    float
        repeat_penalty; /* [0.1, 10]; 1: off; divides positive and multiplies negative logits of recent tokens */
    int repeat_last;    /* how many recent tokens the penalty looks at; 0: none */
    uint64_t seed; /* same model, prompt, options and seed: same answer, whatever else the machine does */
} fm_sample_options;

/* R1's evaluation settings: temperature 0.6, top-p 0.95, nothing else, seed 0. */
fm_sample_options fm_sample_options_default(void);

/* ---- Engine: a model, its tokenizer, the device ---- */

typedef struct fm_engine fm_engine;

typedef struct fm_engine_options {
    int threads;     /* 0: one per available core */
    int max_context; /* tokens per session; 0: what the model was made for */
} fm_engine_options;

fm_engine_options fm_engine_options_default(void);

/* Opens a model folder (config.json, safetensors, tokenizer.json). `model` NULL or "mini": the model linked into the
 * program. `options` NULL: defaults. *out is the caller's to close. Errors name file, field, value and limit. */
fm_status fm_engine_open(fm_engine **out, const char *model, const fm_engine_options *options, fm_error *err);
void fm_engine_close(fm_engine *engine);

/* Tokens that a session can hold, and the memory of weights and workspace in bytes. */
int fm_engine_context_tokens(const fm_engine *engine);
size_t fm_engine_memory_bytes(const fm_engine *engine);

/* ---- Session: one conversation and its cache ---- */

typedef struct fm_session fm_session;

typedef enum fm_thinking {
    FM_THINKING_AUTO, /* the model chooses */
    FM_THINKING_ON,   /* it reasons first */
    FM_THINKING_OFF   /* it answers at once */
} fm_thinking;

typedef struct fm_ask_options {
    fm_thinking thinking;
    fm_sample_options sample;
    int max_tokens; /* reasoning and answer together; 0: as many as fit */
} fm_ask_options;

fm_ask_options fm_ask_options_default(void);

typedef enum fm_part { FM_PART_REASONING, FM_PART_ANSWER } fm_part;

/* Receives text as it is generated, always whole characters of valid UTF-8; `text` is borrowed and not
 * NUL-terminated. Returns 0 to go on, anything else to stop: what was said so far is kept. */
typedef int (*fm_text_sink)(void *context, fm_part part, const char *text, size_t size);

typedef enum fm_finish {
    FM_FINISH_STOP,   /* the model ended its answer */
    FM_FINISH_LENGTH, /* max_tokens or the context was reached */
    FM_FINISH_ABORTED /* the sink asked to stop */
} fm_finish;

typedef struct fm_answer {
    const char *reasoning; /* NULL when there was none; both borrowed from the session, until its next call */
    const char *text;
    fm_finish finish;
    int prompt_tokens, cached_tokens; /* of the prompt, those whose cache was still there */
    int reasoning_tokens, answer_tokens;
    int dropped_messages; /* oldest messages left out of the prompt for lack of room */
    double prefill_seconds, decode_seconds;
} fm_answer;

/* An empty conversation with a cache of the engine's context. Borrows the engine. */
fm_status fm_session_create(fm_session **out, fm_engine *engine, fm_error *err);
void fm_session_free(fm_session *session);

/* Adds the user's message, generates the answer, adds it. `options`, `sink` and `answer` may be NULL. When the
 * conversation does not fit, whole oldest turns are left out of the prompt (the conversation keeps them) and counted;
 * a message that does not fit by itself is refused (FM_ERR_LIMIT) and the conversation is as before. */
fm_status fm_session_ask(fm_session *session, const char *message, const fm_ask_options *options,
                         fm_text_sink sink, void *context, fm_answer *answer, fm_error *err);

/* The system text at the head of the conversation; NULL removes it. */
fm_status fm_session_set_system(fm_session *session, const char *text, fm_error *err);

/* Forgets the conversation, the system text included. */
void fm_session_clear(fm_session *session);

/* The conversation as one line of chat JSON in a file ({"messages": [...]}); loading replaces the conversation, or
 * leaves it as it was when the file is refused. */
fm_status fm_session_save(const fm_session *session, const char *path, fm_error *err);
fm_status fm_session_load(fm_session *session, const char *path, fm_error *err);

/* Messages in the conversation; their role ("system", "user", "assistant") and text, borrowed. */
int fm_session_messages(const fm_session *session);
const char *fm_session_message(const fm_session *session, int index, const char **role);

/* The library's version, "major.minor.patch"; static storage. */
const char *fm_version(void);

#ifdef __cplusplus
}
#endif
#endif /* FATHOM_H */
