/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of NAME=value
 * lines; a value with a newline is sent as NAME\n, its 64 bit little-endian size, the value, \n.
 * Spoken here in a few lines since the supervisor must not pay for libsystemd. */

#include "base/log.h"

#include <endian.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/strv.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define EVENT_MAX 16384

typedef struct Buffer {
        char data[EVENT_MAX];
        size_t size;
} Buffer;

static struct {
        const char *identifier;
        const char *const *fields;
        int journal_fd; /* -1: stderr; 0: not decided */
} log_state;

static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
                return false;
        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static int journal_fd(void)
{
        static const struct sockaddr_un address = { .sun_family = AF_UNIX,
                                                    .sun_path = JOURNAL_SOCKET };
        int fd;

        if (log_state.journal_fd != 0)
                return log_state.journal_fd;
        log_state.journal_fd = -1;
        if (!stderr_is_journal())
                return -1;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -1;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0) {
                (void) fd_close(fd);
                return -1;
        }
        return log_state.journal_fd = fd;
}

static void append(Buffer *b, const void *data, size_t size)
{
        if (size > sizeof(b->data) - b->size)
                size = sizeof(b->data) - b->size;
        memcpy(b->data + b->size, data, size);
        b->size += size;
}

static void append_field(Buffer *b, const char *name, size_t name_size, const char *value)
{
        size_t size = strlen(value);

        if (b->size + name_size + size + 10 > sizeof(b->data))
                return;
        append(b, name, name_size);
        if (strchr(value, '\n')) {
                uint64_t le = htole64(size);

                append(b, "\n", 1);
                append(b, &le, sizeof(le));
        } else
                append(b, "=", 1);
        append(b, value, size);
        append(b, "\n", 1);
}

static void append_fields(Buffer *b, const char *const *fields)
{
        for (; fields && *fields; fields++) {
                const char *equals = strchr(*fields, '=');

                if (equals)
                        append_field(b, *fields, (size_t) (equals - *fields), equals + 1);
        }
}

static void log_write(int level, const char *const *fields, const char *message)
{
        char priority[] = { (char) ('0' + (level & 7)), '\0' };
        /* Not zeroed: only what was appended is sent, and each line would touch 16 KiB of stack. */
        Buffer b __attribute__((__uninitialized__));
        int fd = journal_fd();

        if (fd < 0) {
                (void) fprintf(stderr, "%s\n", message);
                return;
        }
        b.size = 0;
        append_field(&b, "PRIORITY", 8, priority);
        if (log_state.identifier)
                append_field(&b, "SYSLOG_IDENTIFIER", 17, log_state.identifier);
        append_fields(&b, log_state.fields);
        append_fields(&b, fields);
        append_field(&b, "MESSAGE", 7, message);
        (void) send(fd, b.data, b.size, MSG_NOSIGNAL);
}

void log_setup(const char *identifier, const char *const *fields)
{
        log_state.identifier = identifier;
        log_state.fields = fields;
}

void log_event(int level, const char *const *fields, const char *format, ...)
{
        _cleanup_(free_p) char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = string_vformat(format, ap);
        va_end(ap);
        if (!message)
                return;
        log_write(level, fields, message);
}

void log_error_event(int level, const char *const *fields, const Error *error, const char *prefix)
{
        _cleanup_(free_p) char *message = NULL, *errnum = NULL, *origin = NULL, *stage = NULL;
        const char *all[16] = { NULL };
        size_t n = 0;

        message = string_format("%s%s%s", prefix ? prefix : "", prefix ? ": " : "",
                                error_message(error));
        if (!message)
                return;
        for (; fields && *fields && n < 10; fields++)
                all[n++] = *fields;
        if ((errnum = string_format("ERRNO=%d", error->errnum)))
                all[n++] = errnum;
        if (error->file && (origin = string_format("CODE_FILE=%s", error->file)))
                all[n++] = origin;
        if (error->stage && (stage = string_format("STAGE=%s", error->stage)))
                all[n++] = stage;
        log_write(level, all, message);
}
