/* task_chat.c: see task_chat.h. */
#include "task/task_chat.h"

fm_status fm_task_to_chat(fm_chat *chat, const fm_task_problem *problem, bool think, fm_error *err) {
    fm_status status = fm_chat_add(chat, FM_ROLE_USER, problem->prompt, NULL, err);
    if (status != FM_OK) return status;
    const char *reasoning = think && problem->reasoning[0] ? problem->reasoning : NULL;
    return fm_chat_add(chat, FM_ROLE_ASSISTANT, problem->answer, reasoning, err);
}
