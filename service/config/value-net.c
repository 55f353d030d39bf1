/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lxc.net.N.SUBKEY: nics by number; the first line of a number makes the nic. */

#include "base/parse.h"
#include "base/strv.h"
#include "config/net-keys.h"
#include "config/pairs.h"
#include "config/value.h"

#define NETS_MAX 1024

/* What stands behind "lxc.net.": "N" or "N.SUBKEY". Return: whether it is that. */
static bool split_subkey(const char *subkey, unsigned *ret_index, const char **ret_name)
{
        char digits[12];
        size_t n = strspn(subkey, "0123456789");

        if (n == 0 || n >= sizeof(digits) || (subkey[n] && subkey[n] != '.'))
                return false;
        memcpy(digits, subkey, n);
        digits[n] = '\0';
        *ret_name = subkey[n] ? subkey + n + 1 : "";
        return (!subkey[n] || **ret_name) && parse_u32(digits, ret_index) == 0;
}

/* Return: the nic, made when it is not there; NULL with *ret_error -ERANGE or -ENOMEM. */
static NetConfig *net_acquire(Config *config, unsigned index, int *ret_error)
{
        NetConfig *grown;
        size_t at = 0;

        while (at < config->n_nets && config->nets[at].index < index)
                at++;
        if (at < config->n_nets && config->nets[at].index == index)
                return &config->nets[at];
        if (config->n_nets >= NETS_MAX) {
                *ret_error = -ERANGE;
                return NULL;
        }
        grown = reallocarray(config->nets, config->n_nets + 1, sizeof(NetConfig));
        if (!grown) {
                *ret_error = -ENOMEM;
                return NULL;
        }
        memmove(grown + at + 1, grown + at, (config->n_nets - at) * sizeof(NetConfig));
        grown[at] = (NetConfig){ .index = index };
        config->nets = grown;
        config->n_nets++;
        return &grown[at];
}

/* Does a nic of this type have the subkey? One that has no type yet has only the common ones. */
static int check_type_has(const NetConfig *net, const NetKey *row, Error *reterr)
{
        const char *type = net ? net_config_get(net, "type") : NULL;

        if (row->types == NET_ALL || (type && row->types & net_type_bit(type)))
                return 0;
        if (!type)
                return error_code(reterr, 0, EINVAL, "The type of the nic must be set before '%s'",
                                  row->name);
        return error_code(reterr, 0, EINVAL, "A nic of type '%s' has no '%s'", type, row->name);
}

/* A new type forgets what belonged to the old one. */
static void forget_type(NetConfig *net)
{
        for (size_t i = 0; i < net_keys_n; i++)
                if (net_keys[i].types != NET_ALL)
                        pairs_remove(&net->keys, net_keys[i].name);
}

static int net_set(NetConfig *net, const NetKey *row, const char *text)
{
        if (streq(row->name, "type"))
                forget_type(net);
        return row->is_list ? pairs_add(&net->keys, row->name, text)
                            : pairs_set(&net->keys, row->name, text);
}

static bool net_knows(const char *subkey)
{
        const char *name;
        unsigned index;

        return split_subkey(subkey, &index, &name) && (!*name || net_key_find(name));
}

static int net_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        Config *config = field;
        const NetKey *row;
        const char *name;
        NetConfig *net;
        unsigned index;
        int r;

        if (!split_subkey(key->subkey, &index, &name))
                return -EINVAL;
        row = net_key_find(name);
        if (!row)
                return error_code(reterr, 0, EINVAL,
                                  "Only an empty value, which removes the nic, can be set");
        r = row->check(value, &text);
        if (r == -EINVAL)
                return error_code(reterr, 0, EINVAL, "The value '%s' is not %s", value,
                                  row->expected);
        if (r < 0)
                return r;
        r = check_type_has(config_net(config, index), row, reterr);
        if (r < 0)
                return r;
        net = net_acquire(config, index, &r);
        return net ? net_set(net, row, text) : r;
}

static void print_types(const Config *config, FILE *out)
{
        for (size_t i = 0; i < config->n_nets; i++) {
                const char *type = net_config_get(&config->nets[i], "type");

                (void) fprintf(out, "%s\n", type ? type : "");
        }
}

/* One a line without the broadcast address, as LXC prints it. */
static void print_list(const NetConfig *net, const char *name, FILE *out)
{
        for (size_t i = 0; i < net->keys.n; i++) {
                const char *value = net->keys.items[i].value;

                if (streq(net->keys.items[i].key, name))
                        (void) fprintf(out, "%.*s\n", (int) strcspn(value, " "), value);
        }
}

static int net_print(const void *field, const KeyRef *key, FILE *out)
{
        const Config *config = field;
        const char *name, *value;
        const NetConfig *net;
        const NetKey *row;
        unsigned index;

        if (!*key->subkey) {
                print_types(config, out);
                return 0;
        }
        if (!split_subkey(key->subkey, &index, &name))
                return -ENOENT;
        net = config_net(config, index);
        row = net_key_find(name);
        if (!net || !row || check_type_has(net, row, NULL) < 0)
                return -ENOENT;
        value = net_config_get(net, name);
        if (row->is_list)
                print_list(net, name, out);
        else if (value || row->unset)
                (void) fputs(value ? value : row->unset, out);
        return 0;
}

static void write_pairs(const NetConfig *net, const char *prefix, bool is_type, FILE *out)
{
        for (size_t i = 0; i < net->keys.n; i++) {
                const KeyValue *pair = &net->keys.items[i];

                if (streq(pair->key, "type") == is_type)
                        value_write_line(out, prefix, pair->key, pair->value);
        }
}

/* The type first: the parser wants it before what depends on it. */
static int net_write(const void *field, const KeyRef *key, FILE *out)
{
        const Config *config = field;

        for (size_t i = 0; i < config->n_nets; i++) {
                char prefix[32];

                (void) snprintf(prefix, sizeof(prefix), "%s.%u", key->row->name,
                                config->nets[i].index);
                write_pairs(&config->nets[i], prefix, true, out);
                write_pairs(&config->nets[i], prefix, false, out);
        }
        return 0;
}

static void net_drop(Config *config, size_t at)
{
        pairs_done(&config->nets[at].keys);
        config->n_nets--;
        memmove(config->nets + at, config->nets + at + 1,
                (config->n_nets - at) * sizeof(NetConfig));
        if (config->n_nets == 0) {
                free(config->nets);
                config->nets = NULL;
        }
}

static void net_clear(void *field, const KeyRef *key)
{
        Config *config = field;
        const char *name;
        unsigned index;

        if (!*key->subkey) {
                while (config->n_nets > 0)
                        net_drop(config, config->n_nets - 1);
                return;
        }
        if (!split_subkey(key->subkey, &index, &name))
                return;
        for (size_t i = 0; i < config->n_nets; i++) {
                NetConfig *net = &config->nets[i];

                if (net->index != index)
                        continue;
                if (streq(name, "type"))
                        forget_type(net);
                pairs_remove(&net->keys, name);
                if (!*name || net->keys.n == 0)
                        net_drop(config, i);
                return;
        }
}

const ValueType type_net = {
        .expected = "lxc.net.N.SUBKEY",
        .shape = SHAPE_FAMILY,
        .knows = net_knows,
        .parse = net_parse,
        .print = net_print,
        .write = net_write,
        .clear = net_clear,
};
