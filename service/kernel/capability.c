/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/capability.h"

#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/cleanup.h"

static void cap_free_p(cap_t *caps)
{
        if (*caps)
                (void) cap_free(*caps);
}

uint64_t capability_all(void)
{
        return (UINT64_C(1) << cap_max_bits()) - 1;
}

static bool has(uint64_t set, int value)
{
        return set >> value & 1;
}

static int limit_process(uint64_t allowed)
{
        _cleanup_(cap_free_p) cap_t caps = NULL;
        int n = cap_max_bits();

        caps = cap_get_proc();
        if (!caps || cap_clear_flag(caps, CAP_INHERITABLE) < 0)
                return -errno;
        for (cap_value_t i = 0; i < n; i++) {
                if (has(allowed, i))
                        continue;
                if (cap_set_flag(caps, CAP_EFFECTIVE, 1, &i, CAP_CLEAR) < 0 ||
                    cap_set_flag(caps, CAP_PERMITTED, 1, &i, CAP_CLEAR) < 0)
                        return -errno;
        }
        return cap_set_proc(caps) < 0 ? -errno : 0;
}

int capability_limit(uint64_t keep, uint64_t hold)
{
        int n = cap_max_bits();

        for (cap_value_t i = 0; i < n; i++)
                if (!has(keep, i) && cap_drop_bound(i) < 0)
                        return -errno;
        /* One call; cap_reset_ambient() asks for each capability. */
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        return limit_process(keep | hold);
}
