/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/job.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/process.h"
#include "base/strv.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

#define SERVICE_AWAY_USEC (30 * USEC_PER_SEC)

typedef struct JobWait {
        Context *context;
        int64_t job;
        VarlinkClient *client;
        bool interactive; /* the service wanted a password for the wait */
        int signal_fd;
        unsigned interrupts;
        Progress progress;
} JobWait;

static int job_follow(JobWait *wait, Error *reterr)
{
        json_t *parameters = json_pack("{s:I}", "job", (json_int_t) wait->job);
        int r;

        if (!parameters)
                return error_oom(reterr);
        if (wait->interactive &&
            json_set(parameters, "allowInteractiveAuthentication", json_true()) < 0) {
                json_decref(parameters);
                return error_oom(reterr);
        }
        wait->client = varlink_client_free(wait->client);
        r = client_reconnect(wait->context, SERVICE_AWAY_USEC, &wait->client, reterr);
        if (r < 0) {
                json_decref(parameters);
                return r;
        }
        return varlink_client_send(wait->client, INTERFACE_JOB ".Wait", parameters, true, NULL,
                                   reterr);
}

/* The wait goes on: it ends with the job, which then is cancelled. */
static int interrupted(JobWait *wait, Error *reterr)
{
        struct signalfd_siginfo info;
        Error error = ERROR_NULL;

        (void) !read(wait->signal_fd, &info, sizeof(info));
        progress_done(&wait->progress);
        if (wait->interrupts++ > 0)
                return error_public(reterr, ERROR_CANCELLED,
                                    "Interrupted; job %lld may still run, see 'nagaya jobs'",
                                    (long long) wait->job);
        output_note("Cancelling the job; interrupt again to leave it alone");
        if (client_call(wait->context, INTERFACE_JOB ".Cancel",
                        json_pack("{s:I}", "job", (json_int_t) wait->job), NULL, &error) < 0)
                output_error(&error, NULL);
        error_done(&error);
        return 0;
}

/* Return: 0 a reply can be read, -errno. */
static int wait_input(JobWait *wait, Error *reterr)
{
        while (!varlink_client_has_input(wait->client)) {
                struct pollfd fds[] = {
                        { .fd = varlink_client_fd(wait->client), .events = POLLIN },
                        { .fd = wait->signal_fd, .events = POLLIN },
                };
                int r = poll(fds, ELEMENTS(fds), -1);

                if (r < 0 && errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the service");
                if (r > 0 && fds[1].revents) {
                        r = interrupted(wait, reterr);
                        if (r < 0)
                                return r;
                }
                if (r >= 0 && fds[0].revents)
                        return 0;
        }
        return 0;
}

static uint64_t json_number(const json_t *object, const char *field)
{
        return (uint64_t) json_integer_value(json_object_get(object, field));
}

static void show(JobWait *wait, const json_t *reply)
{
        const char *event = json_text(reply, "event"), *text = json_text(reply, "text");

        if (streq(event, "progress")) {
                if (json_object_get(reply, "files"))
                        progress_amount(&wait->progress,
                                        &(ProgressAmount){
                                                .files = json_number(reply, "files"),
                                                .bytes = json_number(reply, "bytes"),
                                                .total_files = json_number(reply, "totalFiles"),
                                                .total_bytes = json_number(reply, "totalBytes"),
                                        });
                progress_set(&wait->progress,
                             json_number_value(json_object_get(reply, "progress")));
        } else if (streq(event, "message"))
                progress_message(&wait->progress, text);
        else if (streq(event, "log"))
                progress_log(&wait->progress, text);
}

/* Return: 1 go on, 0 the end, -errno. */
static int next_reply(JobWait *wait, json_t **ret, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        Error error = ERROR_NULL;
        int r;

        r = wait_input(wait, reterr);
        if (r < 0)
                return r;
        r = varlink_client_receive(wait->client, USEC_INFINITY, &reply, NULL, &error);
        if (r < 0 && client_lost(wait->client)) {
                error_done(&error);
                r = job_follow(wait, reterr);
                return r < 0 ? r : 1;
        }
        if (r < 0 && client_may_ask(wait->context, &error) && !wait->interactive) {
                error_done(&error);
                wait->interactive = true;
                r = agent_open(&wait->context->agent, reterr);
                if (r >= 0)
                        r = job_follow(wait, reterr);
                return r < 0 ? r : 1;
        }
        if (r < 0) {
                error_move(reterr, &error);
                return r;
        }
        show(wait, reply);
        if (r == 0 && ret)
                *ret = json_incref(json_object_get(reply, "result"));
        return r;
}

static int wait_for_end(JobWait *wait, json_t **ret, Error *reterr)
{
        int r;

        r = job_follow(wait, reterr);
        if (r < 0)
                return r;
        do
                r = next_reply(wait, ret, reterr);
        while (r > 0);
        return r;
}

int job_wait(Context *context, int64_t job, json_t **ret, Error *reterr)
{
        JobWait wait = { .context = context, .job = job, .signal_fd = -EBADF };
        sigset_t interrupt, old;
        int r;

        (void) sigemptyset(&interrupt);
        (void) sigaddset(&interrupt, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &interrupt, &old);
        wait.signal_fd = signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK);
        if (wait.signal_fd < 0)
                return error_errno(reterr, errno, "Cannot wait for signals");
        progress_init(&wait.progress, context->quiet);
        r = wait_for_end(&wait, ret, reterr);
        progress_done(&wait.progress);
        (void) varlink_client_free(wait.client);
        (void) fd_close(wait.signal_fd);
        (void) sigprocmask(SIG_SETMASK, &old, NULL);
        return r;
}

int job_run(Context *context, const char *method, json_t *parameters, json_t **ret, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        int64_t job;
        int r;

        r = client_call(context, method, parameters, &reply, reterr);
        if (r < 0)
                return r;
        r = reply_integer(reply, "job", &job, reterr);
        return r < 0 ? r : job_wait(context, job, ret, reterr);
}
