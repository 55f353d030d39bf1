/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/job/report.h"

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"

/* JSON is UTF-8; file names and the output of programs are bytes. What is not UTF-8 loses its
 * non-ASCII bytes rather than the message. */
static json_t *clean_string(const char *text)
{
        char copy[REPORT_TEXT_MAX];
        json_t *string;
        size_t n = 0;

        if (!text)
                return json_null();
        if (strlen(text) < sizeof(copy)) {
                string = json_string(text);
                if (string)
                        return string;
        }
        for (; text[n] && n + 1 < sizeof(copy); n++)
                copy[n] = (unsigned char) text[n] < 0x80 ? text[n] : '?';
        copy[n] = '\0';
        return json_string(copy);
}

/* Takes `message`. */
static void send_message(const Report *report, json_t *message)
{
        _cleanup_(json_decref_p) json_t *owned = message;
        _cleanup_(free_p) char *text = NULL;
        ssize_t n;

        if (!message || report->fd < 0)
                return;
        text = json_dumps(message, JSON_COMPACT);
        if (!text || strlen(text) > REPORT_MESSAGE_MAX)
                return;
        do
                n = send(report->fd, text, strlen(text), MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
}

void report_progress(const Report *report, double progress)
{
        send_message(report, json_pack("{s:s,s:f}", "event", "progress", "progress", progress));
}

void report_copied(const Report *report, double progress, const Amount *amount)
{
        json_t *message =
                json_pack("{s:s,s:f,s:I,s:I}", "event", "progress", "progress", progress, "files",
                          (json_int_t) amount->files, "bytes", (json_int_t) amount->bytes);

        if (message && amount->total_files > 0) {
                (void) json_object_set_new(message, "totalFiles",
                                           json_integer((json_int_t) amount->total_files));
                (void) json_object_set_new(message, "totalBytes",
                                           json_integer((json_int_t) amount->total_bytes));
        }
        send_message(report, message);
}

void report_message(const Report *report, const char *format, ...)
{
        _cleanup_(free_p) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        if (!text)
                return;
        send_message(report,
                     json_pack("{s:s,s:o}", "event", "message", "text", clean_string(text)));
}

void report_log(const Report *report, const char *line)
{
        send_message(report, json_pack("{s:s,s:o}", "event", "log", "text", clean_string(line)));
}

void report_end(const Report *report, json_t *result)
{
        send_message(report, json_pack("{s:s,s:o}", "event", "end", "result",
                                       result ? result : json_object()));
}

void report_error(const Report *report, const Error *error)
{
        send_message(report, json_pack("{s:s,s:s,s:i,s:o,s:o,s:o}", "event", "error", "code",
                                       error->code ? error_row(error)->name : "", "errno",
                                       error->errnum, "stage", clean_string(error->stage), "object",
                                       clean_string(error->object), "message",
                                       clean_string(error_message(error))));
}

int report_read(int fd, json_t **ret)
{
        char buffer[REPORT_MESSAGE_MAX];
        json_t *message;
        ssize_t n;

        do
                n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        if (n == 0)
                return -ECONNRESET;
        message = json_loadb(buffer, (size_t) n, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_string(json_object_get(message, "event"))) {
                json_decref(message);
                return -EBADMSG;
        }
        *ret = message;
        return 1;
}
