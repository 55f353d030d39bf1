/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/pairs.h"

#include "base/strv.h"
#include "config/parse.h"

static void pair_done(KeyValue *pair)
{
        free(pair->key);
        free(pair->value);
}

int pairs_add(KeyValueList *list, const char *key, const char *value)
{
        KeyValue *grown;
        KeyValue pair;

        if (list->n >= CONFIG_LIST_MAX)
                return -ERANGE;
        /* Room grows by powers of two: whenever n is one, it is used up. */
        if ((list->n & (list->n - 1)) == 0) {
                grown = reallocarray(list->items, list->n ? list->n * 2 : 1, sizeof(KeyValue));
                if (!grown)
                        return -ENOMEM;
                list->items = grown;
        }
        pair = (KeyValue){ .key = strdup(key), .value = strdup(value) };
        if (!pair.key || !pair.value) {
                pair_done(&pair);
                return -ENOMEM;
        }
        list->items[list->n++] = pair;
        return 0;
}

void pairs_remove(KeyValueList *list, const char *key)
{
        size_t kept = 0;

        for (size_t i = 0; i < list->n; i++)
                if (streq(list->items[i].key, key))
                        pair_done(&list->items[i]);
                else
                        list->items[kept++] = list->items[i];
        list->n = kept;
        if (kept == 0)
                pairs_done(list);
}

int pairs_set(KeyValueList *list, const char *key, const char *value)
{
        for (size_t i = 0; i < list->n; i++)
                if (streq(list->items[i].key, key))
                        return string_set(&list->items[i].value, value);
        return pairs_add(list, key, value);
}

void pairs_done(KeyValueList *list)
{
        for (size_t i = 0; i < list->n; i++)
                pair_done(&list->items[i]);
        free(list->items);
        *list = (KeyValueList){ 0 };
}
