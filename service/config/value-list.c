/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists: each line of a file appends. */

#include <inttypes.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/list.h"
#include "config/parse.h"
#include "config/value.h"

#define BLANKS " \t"

int list_add(char ***list, const char *item)
{
        if (strv_length(*list) >= CONFIG_LIST_MAX)
                return -ERANGE;
        return strv_add(list, item);
}

int list_add_words(char ***list, const char *text, bool (*is_valid)(const char *word))
{
        _cleanup_(strv_free_p) char **words = NULL;

        if (strv_split(&words, text, BLANKS) < 0)
                return -ENOMEM;
        strv_foreach(word, words)
                if (is_valid && !is_valid(*word))
                        return -EINVAL;
        strv_foreach(word, words) {
                int r = list_add(list, *word);

                if (r < 0)
                        return r;
        }
        return 0;
}

void list_print(char *const *list, FILE *out)
{
        for (; list && *list; list++)
                (void) fprintf(out, "%s\n", *list);
}

static int lines_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return list_add(field, value);
}

int value_list_print(const void *field, const KeyRef *key, FILE *out)
{
        list_print(*(char **const *) field, out);
        return 0;
}

void value_list_clear(void *field, const KeyRef *key)
{
        char ***list = field;

        *list = strv_free(*list);
}

#define LIST_TYPE(form, parser)                                                                    \
        {                                                                                          \
                .expected = (form), .shape = SHAPE_LIST, .parse = (parser),                        \
                .print = value_list_print, .clear = value_list_clear                               \
        }

const ValueType type_lines = LIST_TYPE("a text", lines_parse);

static int words_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return list_add_words(field, value, NULL);
}

const ValueType type_words = LIST_TYPE("words separated by blanks", words_parse);

static int environment_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return value[0] == '=' ? -EINVAL : list_add(field, value);
}

const ValueType type_environment =
        LIST_TYPE("NAME=VALUE, or NAME to take it from the environment", environment_parse);

/* All or nothing, as the words of list_add_words(). */
static int groups_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL;
        InitConfig *init = field;
        uint32_t *grown;
        uint32_t group;
        int r;

        if (strv_split(&words, value, ", \t") < 0)
                return -ENOMEM;
        strv_foreach(word, words) {
                r = parse_id(*word, &group);
                if (r < 0)
                        return r;
        }
        if (init->n_groups + strv_length(words) > CONFIG_LIST_MAX)
                return -ERANGE;
        grown = reallocarray(init->groups, init->n_groups + strv_length(words) + 1, sizeof(group));
        if (!grown)
                return -ENOMEM;
        init->groups = grown;
        strv_foreach(word, words)
                (void) parse_id(*word, &init->groups[init->n_groups++]);
        return 0;
}

static int groups_print(const void *field, const KeyRef *key, FILE *out)
{
        const InitConfig *init = field;

        for (size_t i = 0; i < init->n_groups; i++)
                (void) fprintf(out, "%s%" PRIu32, i ? "," : "", init->groups[i]);
        return 0;
}

static void groups_clear(void *field, const KeyRef *key)
{
        InitConfig *init = field;

        free(init->groups);
        init->groups = NULL;
        init->n_groups = 0;
}

const ValueType type_groups = {
        .expected = "numeric group ids separated by commas",
        .parse = groups_parse,
        .print = groups_print,
        .clear = groups_clear,
};

static int refuse_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return -EINVAL;
}

static int nothing_print(const void *field, const KeyRef *key, FILE *out)
{
        return 0;
}

static void hooks_clear(void *field, const KeyRef *key)
{
        HookConfig *hooks = field;

        for (size_t i = 0; i < _HOOK_TYPE_MAX; i++)
                hooks->lines[i] = strv_free(hooks->lines[i]);
}

const ValueType type_hooks_all = {
        .expected = "nothing: empty, it removes the hooks of every type",
        .shape = SHAPE_ACTION,
        .parse = refuse_parse,
        .print = nothing_print,
        .clear = hooks_clear,
};

static void include_clear(void *field, const KeyRef *key)
{
}

/* The parser expands it and never comes here. */
const ValueType type_include = {
        .expected = "the absolute path of a file or directory",
        .shape = SHAPE_ACTION,
        .parse = refuse_parse,
        .print = nothing_print,
        .clear = include_clear,
};
