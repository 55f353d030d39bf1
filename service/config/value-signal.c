/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signals: a number, SIGNAME in any case, SIGRTMIN+N, SIGRTMAX-N. Held as the number. */

#include <ctype.h>
#include <signal.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/value.h"

typedef struct SignalName {
        const char *name;
        int number;
} SignalName;

static const SignalName aliases[] = {
        { "IOT", SIGIOT },
        { "CLD", SIGCHLD },
        { "POLL", SIGPOLL },
        { "UNUSED", SIGSYS },
};

/* `base` + `sign` * the number behind the name and its sign character. */
static int realtime_signal(const char *rest, char sign)
{
        int base = sign == '+' ? SIGRTMIN : SIGRTMAX;
        uint32_t offset;

        if (*rest == '\0')
                return base;
        if (*rest != sign || parse_u32(rest + 1, &offset) < 0 ||
            offset > (uint32_t) (SIGRTMAX - SIGRTMIN))
                return -EINVAL;
        return sign == '+' ? base + (int) offset : base - (int) offset;
}

static int signal_from_name(const char *name)
{
        if (strncasecmp(name, "RTMIN", 5) == 0)
                return realtime_signal(name + 5, '+');
        if (strncasecmp(name, "RTMAX", 5) == 0)
                return realtime_signal(name + 5, '-');
        for (int i = 1; i < SIGRTMIN; i++) {
                const char *known = sigabbrev_np(i);

                if (known && strcasecmp(known, name) == 0)
                        return i;
        }
        for (size_t i = 0; i < ELEMENTS(aliases); i++)
                if (strcasecmp(aliases[i].name, name) == 0)
                        return aliases[i].number;
        return -EINVAL;
}

static int signal_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        int number;

        if (isdigit((unsigned char) value[0])) {
                if (parse_i32(value, &number) < 0 || number < 1 || number > SIGRTMAX)
                        return -EINVAL;
        } else {
                if (strncasecmp(value, "SIG", 3) != 0)
                        return -EINVAL;
                number = signal_from_name(value + 3);
                if (number < 0)
                        return number;
        }
        *(int *) field = number;
        return 0;
}

static int signal_print(const void *field, const KeyRef *key, FILE *out)
{
        (void) fprintf(out, "%d", *(const int *) field);
        return 0;
}

const ValueType type_signal = {
        .expected = "a signal: a number, or a name such as SIGTERM or SIGRTMIN+3",
        .size = sizeof(int),
        .parse = signal_parse,
        .print = signal_print,
};
