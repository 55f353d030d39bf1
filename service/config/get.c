/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/get.h"

#include "base/strv.h"
#include "config/keys.h"
#include "config/legacy.h"
#include "config/net-keys.h"
#include "config/parse.h"
#include "config/value.h"
#include "interfaces/errors.h"

typedef enum TextForm {
        FORM_GETTER,
        FORM_FILE,
} TextForm;

/* Return: 0, -ENOENT, -ENOMEM. */
static int value_text(const Config *config, const KeyRef *key, TextForm form, char **ret)
{
        const ValueType *type = key->row->type;
        const void *field = value_field_const(config, key->row);
        _cleanup_(free_p) char *text = NULL;
        size_t size;
        FILE *out;
        int r;

        out = open_memstream(&text, &size);
        if (!out)
                return -ENOMEM;
        r = form == FORM_FILE && type->write ? type->write(field, key, out)
                                             : type->print(field, key, out);
        if (fclose(out) != 0)
                return -ENOMEM;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(text);
        return 0;
}

static int no_such_key(const char *key, Error *reterr)
{
        return error_public(reterr, ERROR_NO_SUCH_KEY, "There is no key '%s'", key);
}

/* `current` has room for CONFIG_NAME_MAX + 1. */
static bool find(const Config *config, const char *name, char *current, KeyRef *ret)
{
        unsigned next = config->n_nets ? config->nets[config->n_nets - 1].index + 1 : 0;

        if (config_key_find(name, ret))
                return true;
        return legacy_translate(name, next, current, CONFIG_NAME_MAX + 1) == LEGACY_RENAMED &&
               config_key_find(current, ret);
}

int config_get(const Config *config, const char *key, char **ret, Error *reterr)
{
        char current[CONFIG_NAME_MAX + 1];
        KeyRef ref;
        int r;

        if (!find(config, key, current, &ref))
                return no_such_key(key, reterr);
        r = value_text(config, &ref, FORM_GETTER, ret);
        if (r == -ENOENT)
                return no_such_key(key, reterr);
        return r < 0 ? error_oom(reterr) : 0;
}

/* Return: the nic that "lxc.net.N" names, or NULL. */
static const NetConfig *find_net(const Config *config, const char *prefix)
{
        for (size_t i = 0; i < config->n_nets; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "lxc.net.%u", config->nets[i].index);
                if (streq(name, prefix))
                        return &config->nets[i];
        }
        return NULL;
}

static int list_net_keys(const NetConfig *net, char ***ret)
{
        const char *type = net_config_get(net, "type");
        unsigned bit = type ? net_type_bit(type) : 0;

        for (size_t i = 0; i < net_keys_n; i++) {
                if (net_keys[i].types != NET_ALL && !(net_keys[i].types & bit))
                        continue;
                if (strv_add(ret, net_keys[i].name) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int list_rows(const char *prefix, char ***ret)
{
        for (size_t i = 0; i < config_keys_n; i++)
                if (startswith(config_keys[i].name, prefix) &&
                    strv_add(ret, config_keys[i].name) < 0)
                        return -ENOMEM;
        return 0;
}

int config_list_keys(const Config *config, const char *prefix, char ***ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **names = NULL;
        const NetConfig *net = prefix ? find_net(config, prefix) : NULL;
        int r;

        r = net ? list_net_keys(net, &names) : list_rows(prefix ? prefix : "", &names);
        if (r < 0)
                return error_oom(reterr);
        if (!names)
                return no_such_key(prefix, reterr);
        *ret = TAKE_PTR(names);
        return 0;
}

static void write_lines(const ConfigKey *row, char *text, FILE *out)
{
        for (char *line = text, *end; *line; line = end) {
                end = strchrnul(line, '\n');
                if (*end)
                        *end++ = '\0';
                value_write_line(out, row->name, NULL, line);
        }
}

static int print_row(const Config *config, const ConfigKey *row, FILE *out)
{
        _cleanup_(free_p) char *text = NULL, *unset = NULL;
        KeyRef key = { .row = row, .subkey = "" };

        if (row->type->shape == SHAPE_ACTION)
                return 0;
        if (value_text(config, &key, FORM_FILE, &text) < 0 ||
            value_text(&config_defaults, &key, FORM_FILE, &unset) < 0)
                return -ENOMEM;
        if (streq(text, unset))
                return 0;
        if (row->type->shape == SHAPE_FAMILY)
                (void) fputs(text, out);
        else
                write_lines(row, text, out);
        return 0;
}

char *config_print(const Config *config)
{
        _cleanup_(free_p) char *text = NULL;
        size_t size;
        FILE *out;
        int r = 0;

        out = open_memstream(&text, &size);
        if (!out)
                return NULL;
        for (size_t i = 0; i < config_keys_n && r == 0; i++)
                r = print_row(config, &config_keys[i], out);
        if (fclose(out) != 0 || r < 0)
                return NULL;
        return TAKE_PTR(text);
}
