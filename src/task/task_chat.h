/* task_chat.h: a problem as a conversation, for training data and for `fathom task`. */
#ifndef FM_TASK_TASK_CHAT_H
#define FM_TASK_TASK_CHAT_H

#include "task/task.h"
#include "text/chat.h"

/* Appends the user's and the assistant's message. Without `think`, or where the worked solution is empty, the
 * answer stands alone. FM_ERR_MEMORY. */
fm_status fm_task_to_chat(fm_chat *chat, const fm_task_problem *problem, bool think, fm_error *err);

#endif
