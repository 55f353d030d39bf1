/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines "u|g INSIDE OUTSIDE COUNT" of lxc.idmap. */

#include <inttypes.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/value.h"

/* user_namespaces(7): a map has at most 340 lines; both maps share this list. */
#define IDMAPS_MAX 680

/* A range of ids that does not run over the last one, (uid_t) -2. */
static bool range_is_valid(uint32_t first, uint32_t count)
{
        return count > 0 && (uint64_t) first + count <= UINT32_MAX;
}

static int parse_line(char **words, IdMap *ret)
{
        IdMap map;

        if (strv_length(words) != 4 || (!streq(words[0], "u") && !streq(words[0], "g")))
                return -EINVAL;
        if (parse_id(words[1], &map.inside) < 0 || parse_id(words[2], &map.outside) < 0 ||
            parse_u32(words[3], &map.count) < 0)
                return -EINVAL;
        if (!range_is_valid(map.inside, map.count) || !range_is_valid(map.outside, map.count))
                return -ERANGE;
        map.is_gid = words[0][0] == 'g';
        *ret = map;
        return 0;
}

static int idmap_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL;
        NamespaceConfig *namespace = field;
        IdMap *grown;
        IdMap map;
        int r;

        if (strv_split(&words, value, " \t") < 0)
                return -ENOMEM;
        r = parse_line(words, &map);
        if (r < 0)
                return r;
        if (namespace->n_idmaps >= IDMAPS_MAX)
                return -ERANGE;
        grown = reallocarray(namespace->idmaps, namespace->n_idmaps + 1, sizeof(IdMap));
        if (!grown)
                return -ENOMEM;
        namespace->idmaps = grown;
        namespace->idmaps[namespace->n_idmaps++] = map;
        return 0;
}

static int idmap_print(const void *field, const KeyRef *key, FILE *out)
{
        const NamespaceConfig *namespace = field;

        for (size_t i = 0; i < namespace->n_idmaps; i++) {
                const IdMap *map = &namespace->idmaps[i];

                (void) fprintf(out, "%c %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
                               map->is_gid ? 'g' : 'u', map->inside, map->outside, map->count);
        }
        return 0;
}

static void idmap_clear(void *field, const KeyRef *key)
{
        NamespaceConfig *namespace = field;

        free(namespace->idmaps);
        namespace->idmaps = NULL;
        namespace->n_idmaps = 0;
}

const ValueType type_idmap = {
        .expected = "'u' or 'g', the first id inside, the first id outside and a count",
        .shape = SHAPE_LIST,
        .parse = idmap_parse,
        .print = idmap_print,
        .clear = idmap_clear,
};
