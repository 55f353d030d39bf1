/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The AppArmor profile of a container that has lxc.apparmor.profile = generated: everything inside,
 * nothing that is the host's by way of /proc and /sys. A second line behind namespaces, capabilities and
 * read-only mounts, not the first. Pure. */

#include <stdbool.h>

/* Return: its text, as apparmor_parser(8) reads it, NULL when out of memory; the caller frees. `raw`:
 * lines that are added, or NULL. */
char *apparmor_profile_text(const char *name, bool nesting, char *const *raw);

/* Return: the name of the profile of a container, NULL when out of memory; the caller frees. */
char *apparmor_profile_name(const char *id);
