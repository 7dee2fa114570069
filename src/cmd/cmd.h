/* cmd.h: the verbs of the command line, one line each.
 *
 * To add one: write `int fm_cmd_<verb>(int argc, char **argv)` in src/cmd/cmd_<verb>.c (file names are unique in the
 * tree, hence the prefix) and its line in FM_VERBS below. argv[0] is the verb's name; an underscore in <verb> is a dash
 * on the command line. A verb describes itself with an fm_usage (flags.h), parses with fm_flags_parse and returns the
 * process's exit code: FM_EXIT_OK, FM_EXIT_FAILURE, or FM_EXIT_USAGE for arguments that are wrong.
 * Verbs are thin: they read flags, call the library, print. What a verb knows, the library should know.
 */
#ifndef FM_CMD_CMD_H
#define FM_CMD_CMD_H

#include "base/status.h"

/* VERB(name, one-line help), in the order in which `fathom --help` shows them. */
#define FM_VERBS(VERB)                                                                                       \
    VERB(chat, "talk to a model in the terminal, or ask one question")                                       \
    VERB(doctor, "what this machine can do, what is built in and what is missing")                           \
    VERB(corpus, "make the training shards from texts with known licences")                                  \
    VERB(gen, "print generated stories or dialogues")                                                        \
    VERB(tokenize, "text on standard input to token ids, or ids to text")                                    \
    VERB(tokenizer_train, "make a vocabulary from training text")                                            \
    VERB(train, "train a model by a recipe, resume it, export it, verify its ledger")                        \
    VERB(report, "the page of a training run: curves, expert load, totals")                                  \
    VERB(eval, "accuracy of a model on held-out problems")                                                   \
    VERB(task, "generated problems with their worked solutions")                                             \
    VERB(perplexity, "how well a model predicts a text")                                                     \
    VERB(logits, "what a model says after each of given tokens, as raw f32")

enum { FM_EXIT_OK = 0, FM_EXIT_FAILURE = 1, FM_EXIT_USAGE = 2, FM_EXIT_INTERRUPTED = 130 };

#define FM_VERB_DECLARE(name, help) int fm_cmd_##name(int argc, char **argv);
FM_VERBS(FM_VERB_DECLARE)
#undef FM_VERB_DECLARE

/* Prints "fathom VERB: message" on standard error and returns the exit code that suits the status. */
int fm_cmd_fail(const char *verb, const fm_error *err);

#endif
