/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/strv.h"
#include "interfaces/names.h"

static char *field_container, *field_unit;

void journal_begin(const char *id)
{
        static const char *fields[3];
        unsigned n = 0;

        field_container = string_format("CONTAINER=%s", id);
        /* The journal looks up the unit of a message by the sender's process, which is too late for
         * the last words of one: a busy machine has lost "Container 'x' is stopped" that way. */
        field_unit = string_format("OBJECT_SYSTEMD_UNIT=" UNIT_PREFIX "%s.service", id);
        if (field_container)
                fields[n++] = field_container;
        if (field_unit)
                fields[n++] = field_unit;
        fields[n] = NULL;
        log_setup("nagaya-run", fields);
}

void journal_end(void)
{
        log_setup("nagaya-run", NULL);
        free(field_container);
        free(field_unit);
        field_container = field_unit = NULL;
}
