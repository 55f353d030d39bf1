/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/ticket.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/random.h>

#include "base/file.h"
#include "base/process.h"
#include "interfaces/names.h"

struct Ticket {
        char path[PATH_MAX];
        char token[33];
        json_t *config;
};

static int ticket_write(const Ticket *ticket, Error *reterr)
{
        char text[256];
        uint64_t start_time;
        int r;

        r = process_start_time(getpid(), &start_time);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read our own start time");
        (void) snprintf(text, sizeof(text),
                        "{\"token\":\"%s\",\"pid\":%d,\"startTime\":%" PRIu64 "}\n", ticket->token,
                        getpid(), start_time);
        r = file_write_atomic(AT_FDCWD, ticket->path, text, 0600, false);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot write the start ticket '%s'", ticket->path);
        return 0;
}

int ticket_new(const char *id, json_t *config, Ticket **ret, Error *reterr)
{
        _cleanup_(ticket_free_p) Ticket *ticket = calloc(1, sizeof(*ticket));
        uint64_t random[2];
        int r;

        if (!ticket)
                return error_oom(reterr);
        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return error_errno(reterr, EIO, "Cannot get random bytes");
        (void) snprintf(ticket->path, sizeof(ticket->path), TICKET_DIR "/%s", id);
        (void) snprintf(ticket->token, sizeof(ticket->token), "%016" PRIx64 "%016" PRIx64,
                        random[0], random[1]);
        ticket->config = json_incref(config);
        r = ticket_write(ticket, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(ticket);
        return 0;
}

Ticket *ticket_free(Ticket *ticket)
{
        if (!ticket)
                return NULL;
        (void) unlink(ticket->path);
        json_decref(ticket->config);
        free(ticket);
        return NULL;
}

void ticket_add_fields(const Ticket *ticket, json_t *parameters)
{
        (void) json_set(parameters, "token", json_string(ticket->token));
        (void) json_object_set(parameters, "config", ticket->config);
}
