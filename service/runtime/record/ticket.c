/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/record/ticket.h"

#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "interfaces/json.h"

#define TICKET_SIZE_MAX 4096

void ticket_done(Ticket *ticket)
{
        free(ticket->token);
        *ticket = (Ticket){ 0 };
}

int ticket_parse(const char *text, Ticket *ret)
{
        _cleanup_(json_decref_p) json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        int64_t pid = 0, start_time = 0;
        const char *token = NULL;
        char *copy;

        if (!json_is_object(object) || json_get_string(object, "token", &token, NULL) <= 0 ||
            json_get_integer(object, "pid", &pid, NULL) <= 0 ||
            json_get_integer(object, "startTime", &start_time, NULL) <= 0)
                return -EBADMSG;
        if (!*token || pid <= 0 || pid > INT_MAX || start_time < 0)
                return -EBADMSG;
        copy = strdup(token);
        if (!copy)
                return -ENOMEM;
        *ret = (Ticket){
                .token = copy,
                .pid = (pid_t) pid,
                .start_time = (uint64_t) start_time,
        };
        return 0;
}

int ticket_take(int ticket_dir_fd, const char *id, int record_dir_fd, Ticket *ret, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        int r;

        if (renameat(ticket_dir_fd, id, record_dir_fd, TICKET_FILE) < 0) {
                if (errno == ENOENT)
                        return 0;
                return error_errno(reterr, errno, "Cannot take the start ticket of '%s'", id);
        }
        r = file_read(record_dir_fd, TICKET_FILE, TICKET_SIZE_MAX, &text, NULL);
        (void) unlinkat(record_dir_fd, TICKET_FILE, 0); /* of no more use, whatever it says */
        if (r == 0)
                r = ticket_parse(text, ret);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the start ticket of '%s'", id);
        return 1;
}

bool ticket_writer_lives(const Ticket *ticket)
{
        uint64_t start_time;

        return process_start_time(ticket->pid, &start_time) == 0 &&
               start_time == ticket->start_time;
}
