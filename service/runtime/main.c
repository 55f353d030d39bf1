/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <getopt.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/strv.h"
#include "runtime/cleanup.h"
#include "runtime/plan/plan.h"
#include "runtime/supervisor.h"

#define EXIT_USAGE 2

static int print_help(const char *unused)
{
        (void) puts("Usage: nagaya-run ID\n"
                    "       nagaya-run --plan ID\n"
                    "       nagaya-run --cleanup ID\n"
                    "\n"
                    "Runs the container ID in the foreground, as the main process of the unit\n"
                    "nagaya@ID.service does.\n"
                    "\n"
                    "  --plan ID     print what a start would do, and do nothing\n"
                    "  --cleanup ID  undo what a run that did not end by itself left behind\n"
                    "  --version\n"
                    "  --help");
        return EXIT_SUCCESS;
}

static int print_version(const char *unused)
{
        (void) puts("nagaya-run " VERSION);
        return EXIT_SUCCESS;
}

static int make_plan(Supervisor *s, const char *id, char **ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **warnings = NULL;
        _cleanup_(plan_free_p) Plan *plan = NULL;
        _cleanup_(plan_idmap_input_done) PlanIdMapInput idmap = { .given = false };
        _cleanup_(free_p) char *fstab = NULL;
        PlanInput input;
        int r;

        r = supervisor_locate(s, id, reterr);
        if (r == 0)
                r = supervisor_load(s, reterr);
        if (r == 0)
                r = plan_read_fstab(s->config, &fstab, reterr);
        if (r < 0)
                return r;
        input = supervisor_plan_input(s);
        input.fstab = fstab;
        r = plan_idmap_read(s->config, &input, &idmap, reterr);
        if (r < 0)
                return r;
        input.subids = idmap.given ? &idmap.subids : NULL;
        input.config_text = idmap.config_text;
        r = plan_make(s->config, &input, &plan, &warnings, reterr);
        strv_foreach(warning, warnings)
                (void) fprintf(stderr, "%s\n", *warning);
        if (r < 0)
                return r;
        *ret = plan_print(plan);
        return *ret ? 0 : error_oom(reterr);
}

static int print_plan(const char *id)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(free_p) char *text = NULL;
        Supervisor s;
        int r;

        supervisor_init(&s);
        r = make_plan(&s, id, &text, &error);
        supervisor_done(&s);
        if (r < 0)
                (void) fprintf(stderr, "nagaya-run: %s\n", error_message(&error));
        else
                (void) fputs(text, stdout);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int usage(void)
{
        (void) fputs("nagaya-run: wrong usage; see 'nagaya-run --help'\n", stderr);
        return EXIT_USAGE;
}

enum {
        OPTION_CLEANUP,
        OPTION_PLAN,
        OPTION_VERSION,
        OPTION_HELP,
};

/* Which of them want an id is told by their has_arg. */
static const struct option options[] = {
        [OPTION_CLEANUP] = { "cleanup", required_argument, NULL, 'c' },
        [OPTION_PLAN] = { "plan", required_argument, NULL, 'p' },
        [OPTION_VERSION] = { "version", no_argument, NULL, 'v' },
        [OPTION_HELP] = { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
};

static int (*const functions[])(const char *id) = {
        [OPTION_CLEANUP] = cleanup_main,
        [OPTION_PLAN] = print_plan,
        [OPTION_VERSION] = print_version,
        [OPTION_HELP] = print_help,
};

int main(int argc, char *argv[])
{
        int index = -1, c;

        notify_setup();
        notify_forget_fds();
        (void) umask(022);
        /* Nothing inside a container may trace us or read our memory and fds (CVE-2016-9962). */
        (void) prctl(PR_SET_DUMPABLE, 0);

        /* An id may begin with a dash: a single argument that is no option of ours is one. */
        if (argc == 2 && (argv[1][0] != '-' || (argv[1][1] && argv[1][1] != '-')))
                return supervisor_main(argv[1]);
        c = getopt_long(argc, argv, "+", options, &index);
        if (c < 0 || c == '?' || index < 0 || optind != argc)
                return usage();
        return functions[index](optarg);
}
