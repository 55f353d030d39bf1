/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Jobs as a worker process runs them, on a container path of the test's own. */

#include <sys/socket.h>
#include <sys/wait.h>

#include "interfaces/json.h"
#include "scratch.h"
#include "storage/work/job-kind.h"

#define TEMPLATE                                                                                   \
        "#!/bin/sh\n"                                                                              \
        "set -e\n"                                                                                 \
        "for a in \"$@\"; do case $a in --path=*) path=${a#*=};; --rootfs=*) rootfs=${a#*=};; "    \
        "fail) exit 4;; slow) slow=1;; esac; done\n"                                               \
        "grep -q \"lxc.rootfs.path = dir:$rootfs\" $path/config\n"                                 \
        "mkdir -p $rootfs/bin $rootfs/etc\n"                                                       \
        "echo hello > $rootfs/etc/motd\n"                                                          \
        "echo $rootfs > $rootfs/etc/where\n"                                                       \
        "ls -A $path/.. > $rootfs/etc/neighbours\n"                                                \
        "cat $path/../other/file > $rootfs/etc/copied 2>/dev/null || :\n"                          \
        "echo 'lxc.uts.name = templated' >> $path/config\n"                                        \
        "[ -z \"$slow\" ] || { echo ready; sleep 60; }\n"

typedef struct Fixture {
        Scratch scratch; /* lxc/ is the container path, lock/, templates/ */
        char *lxc, *lock, *templates;
        const char *directories[2];
} Fixture;

typedef struct Outcome {
        json_t *last; /* the "end" or "error" */
        char **messages;
} Outcome;

static inline void set_up(Fixture *fixture, gconstpointer data)
{
        scratch_init(&fixture->scratch);
        scratch_mkdir(&fixture->scratch, "lxc");
        scratch_mkdir(&fixture->scratch, "lxc/other");
        scratch_write(&fixture->scratch, "lxc/other/file", "neighbour", 0644);
        scratch_mkdir(&fixture->scratch, "templates");
        scratch_write(&fixture->scratch, "templates/lxc-test", TEMPLATE, 0755);
        fixture->lxc = scratch_path(&fixture->scratch, "lxc");
        fixture->lock = scratch_path(&fixture->scratch, "lock");
        fixture->templates = scratch_path(&fixture->scratch, "templates");
        fixture->directories[0] = fixture->templates;
        fixture->directories[1] = NULL;
}

static inline void tear_down(Fixture *fixture, gconstpointer data)
{
        g_free(fixture->lxc);
        g_free(fixture->lock);
        g_free(fixture->templates);
        scratch_done(&fixture->scratch);
}

static inline char *directory_of(const Fixture *fixture, const char *name)
{
        return g_build_filename(fixture->lxc, name, NULL);
}

/* Takes `parameters`; adds the directory. */
static inline pid_t
start_job(Fixture *fixture, const char *kind, const char *id, json_t *parameters, int *ret_fd)
{
        g_autofree char *directory = directory_of(fixture, id);
        int pair[2];
        pid_t pid;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
        (void) json_object_set_new(parameters, "directory", json_string(directory));
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                Report report = { .fd = pair[1] };
                JobRequest request = {
                        .container = id,
                        .parameters = parameters,
                        .lock_dir = fixture->lock,
                        .template_directories = fixture->directories,
                };

                (void) job_run(job_kind_find(kind), &request, &report);
                _exit(0);
        }
        json_decref(parameters);
        (void) close(pair[1]);
        *ret_fd = pair[0];
        return pid;
}

/* Waits for the next report. Return: NULL at the end. */
static inline json_t *next_report(int fd)
{
        json_t *message = NULL;
        int r;

        while ((r = report_read(fd, &message)) == 0) {
                GPollFD poll = { .fd = fd, .events = G_IO_IN };

                g_assert_cmpint(g_poll(&poll, 1, 20000), ==, 1);
        }
        return r > 0 ? message : NULL;
}

static inline void finish_job(pid_t pid, int fd, Outcome *ret)
{
        GPtrArray *messages = g_ptr_array_new();
        json_t *message;

        *ret = (Outcome){ 0 };
        while ((message = next_report(fd))) {
                const char *event = json_string_value(json_object_get(message, "event"));

                if (g_str_equal(event, "message"))
                        g_ptr_array_add(messages, g_strdup(json_string_value(
                                                          json_object_get(message, "text"))));
                if (g_str_equal(event, "end") || g_str_equal(event, "error")) {
                        g_assert_null(ret->last);
                        ret->last = json_incref(message);
                }
                json_decref(message);
        }
        g_ptr_array_add(messages, NULL);
        ret->messages = (char **) g_ptr_array_free(messages, FALSE);
        (void) close(fd);
        g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static inline void outcome_done(Outcome *outcome)
{
        json_decref(outcome->last);
        g_strfreev(outcome->messages);
}

/* Return: "" when the job ended well, else the name of its error. */
static inline char *run_job(Fixture *fixture, const char *kind, const char *id, json_t *parameters)
{
        Outcome outcome;
        const char *code;
        char *result;
        int fd;
        pid_t pid = start_job(fixture, kind, id, parameters, &fd);

        finish_job(pid, fd, &outcome);
        g_assert_nonnull(outcome.last);
        code = json_string_value(json_object_get(outcome.last, "code"));
        if (code && g_test_verbose())
                g_test_message("%s", json_string_value(json_object_get(outcome.last, "message")));
        result = g_strdup(code ? (*code ? code : "Failed") : "");
        outcome_done(&outcome);
        return result;
}

#define ASSERT_JOB(fixture, kind, id, parameters, expected)                                        \
        do {                                                                                       \
                g_autofree char *_code = run_job(fixture, kind, id, parameters);                   \
                g_assert_cmpstr(_code, ==, expected);                                              \
        } while (0)

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
