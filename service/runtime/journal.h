/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* journal_begin() - from now on what this process logs is about the container `id`, and found with
 * `journalctl -u` of its unit. Undone by journal_end(). */
void journal_begin(const char *id);
void journal_end(void);
