/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/id-maps.h"

#include <stdio.h>

uint32_t id_maps_root(const IdMap *maps, size_t n, bool group)
{
        for (size_t i = 0; i < n; i++)
                if (maps[i].is_gid == group && maps[i].inside == 0)
                        return maps[i].outside;
        return 0;
}

char *id_maps_text(const IdMap *maps, size_t n, bool group)
{
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (maps[i].is_gid == group)
                        (void) fprintf(out, "%u %u %u\n", maps[i].inside, maps[i].outside,
                                       maps[i].count);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}
