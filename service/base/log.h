/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One event, one line, with structured fields. Only edges log: the dispatcher, a job's end, the
 * supervisor, main. Goes to the journal by its native protocol when stderr is a journal stream
 * (systemd.exec(5), JOURNAL_STREAM), else to stderr as "MESSAGE". */

#include <syslog.h>

#include "base/error.h"

/* The identifier shown by journalctl, and fields added to every event of this process, as
 * "NAME=value" (not copied; NULL-terminated; may be NULL). */
void log_setup(const char *identifier, const char *const *fields);

/* log_event() - `fields` is a NULL-terminated list of "NAME=value" or NULL. Never fails: an event
 * that cannot be written is dropped. Text from outside may stand in values and message. */
void log_event(int level, const char *const *fields, const char *format, ...) _printf_(3, 4);

/* log_error_event() - the error with ERRNO=, STAGE= and where it was raised, after `prefix: `
 * (NULL for none). */
void log_error_event(int level, const char *const *fields, const Error *error, const char *prefix);
