/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The line of a hook (lxc.hook.TYPE) as a list of words. */

/* hook_split() - blanks separate, '...' is literal, in "..." and outside a backslash takes the next
 * character; nothing is expanded. The caller frees. Return: 0, -EINVAL (a quote is not closed, or
 * nothing but blanks), -ENOMEM. */
int hook_split(const char *line, char ***ret);
