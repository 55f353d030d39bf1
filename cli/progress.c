/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/progress.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "cli/output.h"

#define BAR_WIDTH 20
#define CLEAR_LINE "\r\033[K"

void progress_init(Progress *progress, bool quiet)
{
        *progress = (Progress){ .quiet = quiet, .part = -1 };
}

static void clear(Progress *progress)
{
        if (progress->drawn)
                (void) fputs(CLEAR_LINE, stderr);
        progress->drawn = false;
}

static int columns(void)
{
        struct winsize size;

        return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw(Progress *progress)
{
        static const char full[] = "####################", empty[] = "....................";
        int filled = (int) (progress->part * BAR_WIDTH), room = columns() - BAR_WIDTH - 10;

        if (progress->quiet || !isatty(STDERR_FILENO))
                return;
        clear(progress);
        if (room < 0)
                room = 0;
        /* The whole must fit into the line, or it could not be drawn over. */
        if (progress->part >= 0)
                (void) fprintf(stderr, "[%.*s%.*s] %3d%% %.*s", filled, full, BAR_WIDTH - filled,
                               empty, (int) (progress->part * 100), room, progress->text);
        else
                (void) fprintf(stderr, "%.*s ...", room, progress->text);
        (void) fflush(stderr);
        progress->drawn = true;
}

void progress_set(Progress *progress, double part)
{
        if (part > 1)
                part = 1;
        progress->part = part < 0 ? -1 : part;
        draw(progress);
}

void progress_amount(Progress *progress, const ProgressAmount *amount)
{
        if (amount->total_files > 0)
                (void) snprintf(progress->text, sizeof(progress->text),
                                "%" PRIu64 " of %" PRIu64 " files, %" PRIu64 " of %" PRIu64 " MiB",
                                amount->files, amount->total_files, amount->bytes >> 20,
                                amount->total_bytes >> 20);
        else
                (void) snprintf(progress->text, sizeof(progress->text),
                                "%" PRIu64 " files, %" PRIu64 " MiB", amount->files,
                                amount->bytes >> 20);
}

static void print_line(Progress *progress, const char *text, bool dim)
{
        const Style *style = style_for(stderr);
        _cleanup_(free_p) char *copy = strdup(text);
        size_t n;

        clear(progress);
        if (!copy)
                return;
        n = strlen(copy);
        while (n > 0 && (copy[n - 1] == '\n' || copy[n - 1] == '\r'))
                copy[--n] = '\0';
        (void) fprintf(stderr, "%s%s%s\n", dim ? style->dim : "", text_sanitize(copy),
                       dim ? style->normal : "");
}

void progress_message(Progress *progress, const char *text)
{
        if (progress->quiet)
                return;
        (void) snprintf(progress->text, sizeof(progress->text), "%s", text);
        for (char *p = text_sanitize(progress->text); *p; p++)
                if (*p == '\n' || *p == '\t')
                        *p = ' ';
        if (!isatty(STDERR_FILENO))
                print_line(progress, text, false);
        draw(progress);
}

void progress_log(Progress *progress, const char *text)
{
        if (progress->quiet)
                return;
        print_line(progress, text, true);
        if (progress->part >= 0 || progress->text[0])
                draw(progress);
}

void progress_done(Progress *progress)
{
        clear(progress);
        (void) fflush(stderr);
}
