/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <limits.h>

#include "base/strv.h"
#include "bus/marshal.h"
#include "bus/object-path.h"

typedef struct Writer {
        sd_bus_message *message;
        const Field *rows; /* of the dictionaries in it */
        const FdArray *fds;
} Writer;

static int append_value(Writer *writer, const char *signature, const json_t *value);

static int append_string(Writer *writer, const char *signature, const json_t *value)
{
        if (!json_is_string(value))
                return -EINVAL;
        return sd_bus_message_append_basic(writer->message, 's', json_string_value(value));
}

static int append_bool(Writer *writer, const char *signature, const json_t *value)
{
        int b = json_is_true(value);

        if (!json_is_boolean(value))
                return -EINVAL;
        return sd_bus_message_append_basic(writer->message, 'b', &b);
}

static int append_integer(Writer *writer, const char *signature, const json_t *value)
{
        int64_t x = json_integer_value(value);
        int32_t i = (int32_t) x;
        uint32_t u = (uint32_t) x;
        const struct {
                char type;
                int64_t low, high;
                const void *p;
        } * row, rows[] = {
                { 'i', INT32_MIN, INT32_MAX, &i },
                { 'u', 0, UINT32_MAX, &u },
                { 'x', INT64_MIN, INT64_MAX, &x },
                { 't', 0, INT64_MAX, &x },
        };

        if (!json_is_integer(value))
                return -EINVAL;
        for (row = rows; row->type != signature[0]; row++)
                ;
        if (x < row->low || x > row->high)
                return -ERANGE;
        return sd_bus_message_append_basic(writer->message, row->type, row->p);
}

static int append_double(Writer *writer, const char *signature, const json_t *value)
{
        double d = json_number_value(value);

        if (!json_is_number(value))
                return -EINVAL;
        return sd_bus_message_append_basic(writer->message, 'd', &d);
}

static int append_fd(Writer *writer, const char *signature, const json_t *value)
{
        json_int_t index = json_integer_value(value);

        if (!json_is_integer(value) || index < 0 || (size_t) index >= writer->fds->n)
                return -EINVAL;
        return sd_bus_message_append_basic(writer->message, 'h', &writer->fds->fds[index]);
}

static int append_object(Writer *writer, const char *signature, const json_t *value)
{
        _cleanup_(free_p) char *path = NULL;

        if (json_is_integer(value))
                path = object_path_of_job(json_integer_value(value));
        else if (json_is_string(value))
                path = object_path_of_container(json_string_value(value));
        else
                return -EINVAL;
        return path ? sd_bus_message_append_basic(writer->message, 'o', path) : -ENOMEM;
}

static int append_items(Writer *writer, const char *signature, const json_t *list)
{
        int r;

        for (size_t i = 0; i < json_array_size(list); i++) {
                r = append_value(writer, signature, json_array_get(list, i));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Of strings, fds, dictionaries. */
static int append_list(Writer *writer, const char *signature, const json_t *value)
{
        bool is_fds = streq(signature, "ah");
        int r;

        if (!json_is_array(value) && !is_fds)
                return -EINVAL;
        r = sd_bus_message_open_container(writer->message, 'a', signature + 1);
        if (r < 0)
                return r;
        /* One optional fd in varlink is a list of one or none here. */
        if (is_fds && json_is_integer(value))
                r = append_fd(writer, "h", value);
        else
                r = append_items(writer, signature + 1, value);
        return r < 0 ? r : sd_bus_message_close_container(writer->message);
}

static int append_address(Writer *writer, const char *signature, const json_t *value)
{
        const char *text = json_string_value(value);
        unsigned char bytes[sizeof(struct in6_addr)];
        bool is_6 = text && strchr(text, ':');

        if (!text || inet_pton(is_6 ? AF_INET6 : AF_INET, text, bytes) != 1)
                return -EINVAL;
        return sd_bus_message_append_array(writer->message, 'y', bytes,
                                           is_6 ? sizeof(struct in6_addr) : sizeof(struct in_addr));
}

static int append_pairs(Writer *writer, const char *signature, const json_t *value)
{
        int r;

        if (!json_is_array(value))
                return -EINVAL;
        r = sd_bus_message_open_container(writer->message, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < json_array_size(value); i++) {
                const json_t *pair = json_array_get(value, i);
                const char *key = json_string_value(json_object_get(pair, "key"));
                const char *text = json_string_value(json_object_get(pair, "value"));

                if (!key || !text)
                        return -EINVAL;
                r = sd_bus_message_append(writer->message, "(ss)", key, text);
        }
        return r < 0 ? r : sd_bus_message_close_container(writer->message);
}

static int append_map(Writer *writer, const char *signature, const json_t *value)
{
        const char *key;
        json_t *item;
        int r;

        if (!json_is_object(value))
                return -EINVAL;
        r = sd_bus_message_open_container(writer->message, 'a', "{ss}");
        json_object_foreach((json_t *) value, key, item) {
                if (r >= 0 && !json_is_string(item))
                        r = -EINVAL;
                if (r >= 0)
                        r = sd_bus_message_append(writer->message, "{ss}", key,
                                                  json_string_value(item));
        }
        return r < 0 ? r : sd_bus_message_close_container(writer->message);
}

static int append_entry(Writer *writer, const Field *row, const json_t *value)
{
        int r;

        r = sd_bus_message_open_container(writer->message, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(writer->message, 's', marshal_name(row->name).text);
        if (r >= 0)
                r = sd_bus_message_open_container(writer->message, 'v', row->signature);
        if (r >= 0)
                r = append_value(writer, row->signature, value);
        if (r >= 0)
                r = sd_bus_message_close_container(writer->message);
        return r < 0 ? r : sd_bus_message_close_container(writer->message);
}

static int append_dictionary(Writer *writer, const char *signature, const json_t *value)
{
        const Field *rows = writer->rows;
        int r;

        if (!json_is_object(value))
                return -EINVAL;
        r = sd_bus_message_open_container(writer->message, 'a', "{sv}");
        /* Rows describe one level. */
        writer->rows = NULL;
        for (const Field *row = rows; r >= 0 && row && row->name; row++) {
                const json_t *item = json_object_get(value, row->name);

                if (item && !json_is_null(item))
                        r = append_entry(writer, row, item);
        }
        writer->rows = rows;
        return r < 0 ? r : sd_bus_message_close_container(writer->message);
}

static const struct {
        const char *signature;
        int (*append)(Writer *writer, const char *signature, const json_t *value);
} types[] = {
        { "s", append_string },         { "b", append_bool },
        { "i", append_integer },        { "u", append_integer },
        { "x", append_integer },        { "t", append_integer },
        { "d", append_double },         { "h", append_fd },
        { "o", append_object },         { "as", append_list },
        { "ah", append_list },          { "aa{sv}", append_list },
        { "ao", append_list },          { "ay", append_address },
        { "a(ss)", append_pairs },      { "a{ss}", append_map },
        { "a{sv}", append_dictionary },
};

static int append_value(Writer *writer, const char *signature, const json_t *value)
{
        for (size_t i = 0; i < ELEMENTS(types); i++)
                if (streq(types[i].signature, signature))
                        return types[i].append(writer, signature, value);
        return -EOPNOTSUPP;
}

int marshal_append(sd_bus_message *message,
                   const Field *fields,
                   const Field *rows,
                   const json_t *result,
                   const FdArray *fds,
                   Error *reterr)
{
        Writer writer = { .message = message, .rows = rows, .fds = fds };

        for (; fields && fields->name; fields++) {
                int r = append_value(&writer, fields->signature,
                                     json_object_get(result, fields->name));

                if (r < 0)
                        return error_errno(reterr, -r,
                                           "The result's field '%s' cannot be told as '%s'",
                                           fields->name, fields->signature);
        }
        return 0;
}
