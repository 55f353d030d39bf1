/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/brief.h"

#include "base/process.h"
#include "container/jobs.h"
#include "container/manager.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* A disk that hangs, a process that somebody stopped. */
#define ANSWER_USEC (60 * USEC_PER_SEC)

int brief_start(const Call *call,
                const char *kind,
                const char *container,
                json_t *parameters,
                LinkReply on_reply,
                void *userdata,
                Link **ret,
                Error *reterr)
{
        json_t *request;
        int r;

        request = json_pack("{s:i,s:I,s:s,s:s,s:I,s:O}", "protocol", WORKER_PROTOCOL, "job",
                            (json_int_t) job_number_take(call->manager->jobs), "kind", kind,
                            "container", container, "owner", (json_int_t) call->peer.uid,
                            "parameters", parameters);
        if (!request)
                return error_oom(reterr);
        r = link_call(call->manager->event, WORK_SOCKET, INTERFACE_WORKER ".Run", request, true,
                      NULL, on_reply, userdata, ret, reterr);
        if (r < 0)
                return error_prefix(reterr, r,
                                    "Cannot hand over the work (is nagaya-work.socket started?)");
        return link_limit(*ret, ANSWER_USEC, reterr);
}

void brief_error(const Error *error, const char *what, Error *ret)
{
        if (error->errnum == ECONNRESET && error->code == ERROR_FAILED)
                (void) error_public(ret, ERROR_FAILED,
                                    "The job runner ended while it %s; see journalctl -u "
                                    "nagaya-work",
                                    what);
        else
                (void) error_copy(ret, error);
}

typedef struct Brief {
        Call *call;
        Link *link;
} Brief;

static Brief *brief_free(Brief *brief)
{
        if (!brief)
                return NULL;
        (void) link_free(brief->link);
        (void) call_unref(brief->call);
        free(brief);
        return NULL;
}
DEFINE_CLEANUP(Brief *, brief_free)

static void
on_answer(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Brief *brief = userdata;
        Error told = ERROR_NULL;

        if (!error && continues)
                return;
        if (error) {
                brief_error(error, "was asked", &told);
                call_fail(brief->call, &told);
                error_done(&told);
        } else
                call_reply(brief->call, json_incref(json_object_get(parameters, "result")));
        (void) brief_free(brief);
}

int brief_answer(
        Call *call, const char *kind, const char *container, json_t *parameters, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *owned = parameters;
        _cleanup_(brief_free_p) Brief *brief = calloc(1, sizeof(*brief));
        int r;

        if (!brief || !parameters)
                return error_oom(reterr);
        brief->call = call_ref(call);
        r = brief_start(call, kind, container, parameters, on_answer, brief, &brief->link, reterr);
        if (r < 0)
                return r;
        TAKE_PTR(brief);
        return 0;
}
