/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/kinship.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"

static void kin_done(Kin *kin)
{
        free(kin->path);
        free(kin->name);
}

void kinship_done(Kinship *kinship)
{
        for (size_t i = 0; i < kinship->n; i++)
                kin_done(&kinship->items[i]);
        free(kinship->items);
        *kinship = (Kinship){ 0 };
}

bool kin_equal(const Kin *a, const Kin *b)
{
        return streq(a->path, b->path) && streq(a->name, b->name);
}

static Kin *find(const Kinship *kinship, const Kin *kin)
{
        for (size_t i = 0; i < kinship->n; i++)
                if (kin_equal(&kinship->items[i], kin))
                        return &kinship->items[i];
        return NULL;
}

bool kinship_contains(const Kinship *kinship, const Kin *kin)
{
        return find(kinship, kin) != NULL;
}

static int append(Kinship *kinship, const Kin *kin)
{
        Kin copy = { .path = strdup(kin->path), .name = strdup(kin->name) };
        Kin *grown = reallocarray(kinship->items, kinship->n + 1, sizeof(Kin));

        if (grown)
                kinship->items = grown;
        if (!grown || !copy.path || !copy.name) {
                kin_done(&copy);
                return -ENOMEM;
        }
        kinship->items[kinship->n++] = copy;
        return 0;
}

int kinship_parse(const char *text, Kinship *ret)
{
        _cleanup_(strv_free_p) char **lines = NULL;
        _cleanup_(kinship_done) Kinship kinship = { 0 };
        uint32_t count;
        size_t n;

        if (strv_split(&lines, text, "\n") < 0)
                return -ENOMEM;
        n = strv_length(lines);
        if (n == 1) {
                if (parse_u32(string_strip(lines[0]), &count) < 0 || count > INT_MAX)
                        return -EBADMSG;
                *ret = (Kinship){ .counted = true, .count = count };
                return 0;
        }
        if (n % 2 != 0)
                return -EBADMSG;
        for (size_t i = 0; i < n; i += 2)
                if (append(&kinship, &(Kin){ .path = lines[i], .name = lines[i + 1] }) < 0)
                        return -ENOMEM;
        *ret = kinship;
        kinship = (Kinship){ 0 };
        return 0;
}

char *kinship_print(const Kinship *kinship)
{
        _cleanup_(strv_free_p) char **lines = NULL;

        if (kinship->counted)
                return string_format("%u\n", kinship->count);
        for (size_t i = 0; i < kinship->n; i++)
                if (strv_addf(&lines, "%s\n%s\n", kinship->items[i].path, kinship->items[i].name) <
                    0)
                        return NULL;
        return strv_join(lines, "");
}

int kinship_add(Kinship *kinship, const Kin *kin)
{
        if (kinship->counted) {
                kinship->count++;
                return 0;
        }
        return find(kinship, kin) ? 0 : append(kinship, kin);
}

void kinship_remove(Kinship *kinship, const Kin *kin)
{
        Kin *found = find(kinship, kin);

        if (kinship->counted && kinship->count > 0)
                kinship->count--;
        if (!found)
                return;
        kin_done(found);
        kinship->n--;
        memmove(found, found + 1, (size_t) (kinship->items + kinship->n - found) * sizeof(Kin));
}

int kinship_rename(Kinship *kinship, const Kin *from, const Kin *to)
{
        Kin *found = find(kinship, from);

        if (kinship->counted)
                return 0;
        if (!found)
                return kinship_add(kinship, to);
        if (kinship_contains(kinship, to)) {
                kinship_remove(kinship, from);
                return 0;
        }
        return string_set(&found->path, to->path) < 0 || string_set(&found->name, to->name) < 0
                       ? -ENOMEM
                       : 0;
}
