/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nagayad: decides. See nagayad(8). */

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "bus/bus.h"
#include "container/manager.h"
#include "interfaces/names.h"
#include "varlink/server.h"

DEFINE_CLEANUP(sd_event *, sd_event_unref)

static const char help_text[] =
        "nagayad [OPTION...]\n"
        "\n"
        "The service of nagaya: containers as D-Bus objects and over varlink.\n"
        "It is started by systemd (nagaya.service).\n"
        "\n"
        "  --introspect=INTERFACE  print the D-Bus introspection of an interface\n"
        "  --version               print the version\n"
        "  --help                  print this\n";

/* The socket that systemd listens on for us, or one of our own when started by hand. */
static int listen_socket(Error *reterr)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = VARLINK_SOCKET };
        _cleanup_(fd_close_p) int fd = -EBADF;
        int n = sd_listen_fds(1);

        if (n > 1)
                return error_errno(reterr, EINVAL, "The service manager passed %d sockets, not one",
                                   n);
        if (n == 1)
                return SD_LISTEN_FDS_START;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        (void) unlink(VARLINK_SOCKET);
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ||
            chmod(VARLINK_SOCKET, 0666) < 0 || listen(fd, SOMAXCONN) < 0)
                return error_errno(reterr, errno, "Cannot listen on '%s'", VARLINK_SOCKET);
        return TAKE_FD(fd);
}

/* systemd-tmpfiles(8) has made them at boot. Right after an installation it may not have run yet. */
static int make_directories(Error *reterr)
{
        static const char *const paths[] = { CONTROL_DIR, RECORD_DIR, TICKET_DIR, LOCK_DIR };

        (void) mkdir(RUN_DIR, 0755);
        for (size_t i = 0; i < ELEMENTS(paths); i++)
                if (mkdir(paths[i], 0700) < 0 && errno != EEXIST)
                        return error_errno(reterr, errno, "Cannot make '%s'", paths[i]);
        return 0;
}

static int loop_prepare(sd_event *event, Error *reterr)
{
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return error_errno(reterr, errno, "Cannot block signals");
        r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_set_watchdog(event, true);
        return r < 0 ? error_errno(reterr, -r, "Cannot prepare the event loop") : 0;
}

static int serve(Error *reterr)
{
        _cleanup_(sd_event_unref_p) sd_event *event = NULL;
        _cleanup_(manager_free_p) Manager *manager = NULL;
        _cleanup_(bus_free_p) Bus *bus = NULL;
        _cleanup_(varlink_server_free_p) VarlinkServer *server = NULL;
        int fd, r;

        r = sd_event_default(&event);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make an event loop");
        r = loop_prepare(event, reterr);
        if (r < 0)
                return r;
        r = make_directories(reterr);
        if (r < 0)
                return r;
        fd = listen_socket(reterr);
        if (fd < 0)
                return fd;
        /* Everything that runs is known again before the first question is answered. */
        r = manager_new(event, &manager, reterr);
        if (r < 0) {
                (void) fd_close(fd);
                return r;
        }
        r = varlink_server_new(manager, fd, &server, reterr);
        if (r < 0)
                return r;
        r = bus_new(manager, &bus, reterr);
        if (r < 0)
                return r;
        (void) sd_notify(0, "READY=1\nSTATUS=Serving");
        r = sd_event_loop(event);
        (void) sd_notify(0, "STOPPING=1");
        return r < 0 ? error_errno(reterr, -r, "The event loop failed") : 0;
}

static int parse_arguments(int argc, char **argv)
{
        static const struct option options[] = {
                { "introspect", required_argument, NULL, 'i' },
                { "version", no_argument, NULL, 'V' },
                { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };

        switch (getopt_long(argc, argv, "h", options, NULL)) {
        case -1:
                if (optind == argc)
                        return -1;
                (void) fprintf(stderr, "nagayad: unexpected argument '%s'; see nagayad --help\n",
                               argv[optind]);
                return 2;
        case 'i':
                if (bus_print_introspection(optarg, stdout) >= 0)
                        return 0;
                (void) fprintf(stderr, "nagayad: there is no interface '%s'\n", optarg);
                return 1;
        case 'V':
                (void) puts(VERSION);
                return 0;
        case 'h':
                (void) fputs(help_text, stdout);
                return 0;
        default:
                return 2;
        }
}

int main(int argc, char **argv)
{
        Error error = ERROR_NULL;
        int status;

        log_setup("nagayad", NULL);
        status = parse_arguments(argc, argv);
        if (status >= 0)
                return status;
        (void) umask(022);
        if (serve(&error) >= 0)
                return EXIT_SUCCESS;
        (void) sd_notifyf(0, "STATUS=%s\nERRNO=%d", error_message(&error), error.errnum);
        log_error_event(LOG_ERR, NULL, &error, NULL);
        error_done(&error);
        return EXIT_FAILURE;
}
