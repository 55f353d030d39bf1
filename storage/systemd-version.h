/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is known of versions of systemd, as it tells its own: "252.39-1~deb12u1". Pure. */

#include <stdbool.h>

/* Of a service manager that CVE-2026-40223 is about: with a container running, whose unit is of the
 * kind that it takes, any local user can freeze it. */
#define SYSTEMD_VULNERABLE                                                                         \
        "With a container running, any local user can freeze PID 1 of this systemd "               \
        "(CVE-2026-40223): update it to 258.5, 259.2, 260 or later"

bool systemd_version_is_vulnerable(const char *version);
