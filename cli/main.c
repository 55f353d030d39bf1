/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One program under several names: what it does follows from the name it was called by. */

#include "base/strv.h"
#include "cli/nagaya.h"

static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
} programs[] = {
        { "nagaya", nagaya_main },
};

int main(int argc, char **argv)
{
        const char *path = argc > 0 ? argv[0] : "", *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;

        for (size_t i = 0; i < ELEMENTS(programs); i++)
                if (streq(programs[i].name, name))
                        return programs[i].run(argc, argv);
        return nagaya_main(argc, argv);
}
