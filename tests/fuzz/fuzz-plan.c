/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any configuration that loads, and any fstab: refused with the key's name, or a plan that prints
 * and in which no mount leaves the root. */

#include "fuzz.h"

#include <string.h>

#include "base/strv.h"
#include "config/parse.h"
#include "runtime/plan/plan.h"

static void check_target(const char *target)
{
        _cleanup_(strv_free_p) char **parts = NULL;

        MUST(target && target[0] && target[0] != '/');
        MUST(strv_split(&parts, target, "/") == 0);
        MUST(!strv_contains(parts, "..") && !strv_contains(parts, "."));
}

static void run(const char *text, const char *fstab)
{
        char variable[] = "A=1";
        char *const environment[] = { variable, NULL };
        const PlanInput input = {
                .id = "c",
                .name = "c",
                .directory = "/var/lib/lxc/c",
                .config_file = "/var/lib/lxc/c/config",
                .lxcpath = "/var/lib/lxc",
                .fstab = fstab,
                .environment = environment,
        };
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(plan_free_p) Plan *plan = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(free_p) char *printed = NULL;

        if (config_parse_text(text, "fuzz", &config, NULL, NULL) < 0)
                return;
        if (plan_make(config, &input, &plan, NULL, &error) < 0) {
                MUST(error_is_set(&error) && error.message && error.code != 0 && error.object);
                return;
        }
        MUST(plan->rootfs[0] == '/' && plan->init.command[0][0] == '/');
        for (size_t i = 0; i < plan->n_mounts; i++)
                check_target(plan->mounts[i].target);
        printed = plan_print(plan);
        MUST(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(free_p) char *text = strndup((const char *) data, size);

        MUST(text);
        run(text, NULL);
        run("lxc.rootfs.path = /srv/root\n", text);
        return 0;
}
