/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the container writes to its console: the last bytes of it in memory, a line at a time in
 * the journal, and all of it in lxc.console.logfile. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The last `size` bytes of a stream. The memory comes with the first byte. */
typedef struct Ring {
        size_t size;
        size_t start, used;
        char *data;
} Ring;

void ring_add(Ring *ring, const char *data, size_t n);
/* A copy of what it holds, NUL-terminated; the caller frees. Return: 0, -ENOMEM. */
int ring_read(const Ring *ring, char **ret, size_t *ret_size);
void ring_done(Ring *ring);

/* Where lxc.console.buffer.size asks for nothing. */
#define CONSOLE_RING_SIZE 16384

#define CONSOLE_LINE_MAX 1024

/* Cuts a terminal's output into lines that a log can show: without control characters and escape
 * sequences; a longer line is cut in pieces. */
typedef struct ConsoleLine {
        char *text; /* comes with the first byte */
        size_t n;
        enum {
                ESCAPE_NONE,
                ESCAPE_BEGUN,  /* after ESC */
                ESCAPE_CSI,    /* after ESC [ */
                ESCAPE_STRING, /* after ESC ], P, X, ^, _: until BEL or ST */
        } escape;
} ConsoleLine;

typedef void (*ConsoleLineHandler)(const char *line, void *userdata);

void console_line_add(
        ConsoleLine *line, const char *data, size_t n, ConsoleLineHandler handler, void *userdata);
void console_line_done(ConsoleLine *line);

typedef struct ConsoleLogOptions {
        const char *file;   /* lxc.console.logfile or NULL */
        bool rotate;        /* when full, to FILE.1 */
        uint64_t file_size; /* at most; 0: no limit */
        uint64_t ring_size; /* 0: no ring */
} ConsoleLogOptions;

typedef struct ConsoleLog {
        Ring ring;
        ConsoleLine line;
        char *path;
        bool rotate;
        uint64_t limit, written;
        int fd;
} ConsoleLog;

#define CONSOLE_LOG_NULL ((ConsoleLog){ .fd = -EBADF })

/* Opens the log file (appending) where one is wanted. */
int console_log_init(ConsoleLog *log, const ConsoleLogOptions *options, Error *reterr);
void console_log_done(ConsoleLog *log);

/* `to_journal` false: somebody is looking at the console himself. */
void console_log_add(ConsoleLog *log, const char *data, size_t n, bool to_journal);

/* The ring as a JSON string can hold it: no NUL, what is not UTF-8 replaced. NULL: no memory. */
char *console_log_text(const ConsoleLog *log);
