/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/console-log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"

#define ESC 0x1b
#define BEL 0x07

void ring_add(Ring *ring, const char *data, size_t n)
{
        if (ring->size == 0)
                return;
        if (!ring->data)
                ring->data = malloc(ring->size);
        if (!ring->data)
                return; /* a log that cannot be kept is not kept */
        if (n > ring->size) {
                data += n - ring->size;
                n = ring->size;
        }
        for (size_t i = 0; i < n; i++) {
                ring->data[(ring->start + ring->used) % ring->size] = data[i];
                if (ring->used < ring->size)
                        ring->used++;
                else
                        ring->start = (ring->start + 1) % ring->size;
        }
}

int ring_read(const Ring *ring, char **ret, size_t *ret_size)
{
        char *copy = malloc(ring->used + 1);

        if (!copy)
                return -ENOMEM;
        for (size_t i = 0; i < ring->used; i++)
                copy[i] = ring->data[(ring->start + i) % ring->size];
        copy[ring->used] = '\0';
        *ret = copy;
        *ret_size = ring->used;
        return 0;
}

void ring_done(Ring *ring)
{
        free(ring->data);
        *ring = (Ring){ 0 };
}

/* Return: is the character part of an escape sequence? (ECMA-48) */
static bool skip_escape(ConsoleLine *line, unsigned char c)
{
        switch (line->escape) {
        case ESCAPE_NONE:
                if (c == ESC)
                        line->escape = ESCAPE_BEGUN;
                return c == ESC;
        case ESCAPE_BEGUN:
                if (c == '[')
                        line->escape = ESCAPE_CSI;
                else if (c != '\0' && strchr("]PX^_", c))
                        line->escape = ESCAPE_STRING;
                else if (c < 0x20 || c > 0x2f)
                        line->escape = ESCAPE_NONE;
                return true;
        case ESCAPE_CSI:
                if (c >= 0x40)
                        line->escape = ESCAPE_NONE;
                return c >= 0x20;
        case ESCAPE_STRING:
                if (c == ESC)
                        line->escape = ESCAPE_BEGUN;
                else if (c == BEL || c == '\n')
                        line->escape = ESCAPE_NONE;
                return c != '\n';
        }
        return false;
}

static void emit(ConsoleLine *line, ConsoleLineHandler handler, void *userdata)
{
        if (line->n == 0)
                return;
        line->text[line->n] = '\0';
        line->n = 0;
        handler(line->text, userdata);
}

void console_line_add(
        ConsoleLine *line, const char *data, size_t n, ConsoleLineHandler handler, void *userdata)
{
        if (!line->text)
                line->text = malloc(CONSOLE_LINE_MAX + 1);
        if (!line->text)
                return;
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char) data[i];

                if (skip_escape(line, c))
                        continue;
                if (c == '\n' || line->n == CONSOLE_LINE_MAX)
                        emit(line, handler, userdata);
                if ((c >= 0x20 && c != 0x7f) || c == '\t')
                        line->text[line->n++] = (char) c;
        }
}

void console_line_done(ConsoleLine *line)
{
        free(line->text);
        *line = (ConsoleLine){ 0 };
}

static int open_file(ConsoleLog *log)
{
        struct stat st;

        log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY,
                       0600);
        if (log->fd < 0 || fstat(log->fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode)) {
                log->fd = fd_close(log->fd);
                return -EINVAL;
        }
        log->written = (uint64_t) st.st_size;
        return 0;
}

int console_log_init(ConsoleLog *log, const ConsoleLogOptions *options, Error *reterr)
{
        int r;

        *log = (ConsoleLog){
                .ring.size = (size_t) options->ring_size,
                .rotate = options->rotate,
                .limit = options->file_size,
                .fd = -EBADF,
        };
        if (!options->file)
                return 0;
        log->path = strdup(options->file);
        if (!log->path)
                return error_oom(reterr);
        r = open_file(log);
        if (r < 0) {
                r = error_errno(reterr, -r, "Cannot open the console's log file '%s'", log->path);
                return error_at(reterr, r, "console", log->path);
        }
        return 0;
}

void console_log_done(ConsoleLog *log)
{
        ring_done(&log->ring);
        console_line_done(&log->line);
        free(log->path);
        (void) fd_close(log->fd);
        *log = CONSOLE_LOG_NULL;
}

static void rotate(ConsoleLog *log)
{
        _cleanup_(free_p) char *old = NULL;

        old = string_format("%s.1", log->path);
        if (!old)
                return;
        log->fd = fd_close(log->fd);
        if (rename(log->path, old) == 0)
                (void) open_file(log);
}

static void add_to_file(ConsoleLog *log, const char *data, size_t n)
{
        if (log->fd < 0)
                return;
        if (log->limit > 0 && log->written + n > log->limit && log->rotate)
                rotate(log);
        if (log->limit > 0 && log->written + n > log->limit)
                n = log->limit > log->written ? (size_t) (log->limit - log->written) : 0;
        if (log->fd >= 0 && fd_write_all(log->fd, data, n) == 0)
                log->written += n;
}

static void line_to_journal(const char *text, void *userdata)
{
        static const char *const fields[] = { "CONSOLE=1", NULL };

        log_event(LOG_INFO, fields, "%s", text);
}

void console_log_add(ConsoleLog *log, const char *data, size_t n, bool to_journal)
{
        ring_add(&log->ring, data, n);
        add_to_file(log, data, n);
        if (to_journal)
                console_line_add(&log->line, data, n, line_to_journal, NULL);
}

/* The size of the UTF-8 sequence at p, 0 when it is none (RFC 3629). */
static size_t utf8_size(const unsigned char *p, size_t left)
{
        size_t size = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

        if (size == 0 || *p > 0xf4 || size > left)
                return 0;
        for (size_t i = 1; i < size; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        /* Over-long forms, surrogates, beyond U+10FFFF. */
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
            (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
                return 0;
        return size;
}

char *console_log_text(const ConsoleLog *log)
{
        _cleanup_(free_p) char *raw = NULL;
        char *text, *out;
        size_t n;

        if (ring_read(&log->ring, &raw, &n) < 0)
                return NULL;
        out = text = malloc(n + 1);
        if (!text)
                return NULL;
        for (size_t i = 0; i < n;) {
                size_t size = utf8_size((const unsigned char *) raw + i, n - i);

                if (size == 0 || raw[i] == '\0') {
                        *out++ = '?';
                        i++;
                        continue;
                }
                memcpy(out, raw + i, size);
                out += size;
                i += size;
        }
        *out = '\0';
        return text;
}
