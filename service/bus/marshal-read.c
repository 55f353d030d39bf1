/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nothing here recurses: a variant is only entered when its signature is that of the row, and the
 * rows' signatures are those of the table below. */

#include <fcntl.h>

#include "base/strv.h"
#include "bus/marshal.h"
#include "bus/object-path.h"
#include "interfaces/errors.h"

typedef struct Reader {
        sd_bus_message *message;
        const char *member;
        const char *name; /* of the argument or option being read */
        FdArray *fds;
        size_t size;
        Error *reterr;
} Reader;

static int bad(Reader *reader, const char *what)
{
        int r = error_public(reader->reterr, ERROR_INVALID_ARGS, "%s: '%.64s' %s", reader->member,
                             reader->name, what);

        return error_at(reader->reterr, r, NULL, reader->name);
}

/* What sd-bus says of a message whose signature was right: its bytes are not. */
static int malformed(Reader *reader, int r)
{
        return r == -ENOMEM ? error_oom(reader->reterr) : bad(reader, "is malformed");
}

/* Bounds what a call that waits can hold in memory. */
static int count(Reader *reader, size_t size)
{
        reader->size += size;
        if (reader->size <= MARSHAL_READ_MAX)
                return 0;
        return error_public(reader->reterr, ERROR_LIMITS_EXCEEDED,
                            "%s: the arguments are larger than %d bytes", reader->member,
                            MARSHAL_READ_MAX);
}

static int hand_over(Reader *reader, json_t *value, json_t **ret)
{
        if (!value)
                return error_oom(reader->reterr);
        *ret = value;
        return 0;
}

/* Return: > 0 a string, 0 the end of the list. */
static int read_text(Reader *reader, char type, const char **ret)
{
        int r = sd_bus_message_read_basic(reader->message, type, ret);

        if (r < 0)
                return malformed(reader, r);
        if (r == 0)
                return 0;
        r = count(reader, strlen(*ret) + 16);
        return r < 0 ? r : 1;
}

static int read_string(Reader *reader, const char *signature, json_t **ret)
{
        const char *text;
        int r = read_text(reader, 's', &text);

        if (r <= 0)
                return r < 0 ? r : malformed(reader, -EBADMSG);
        return hand_over(reader, json_string(text), ret);
}

static int read_number(Reader *reader, const char *signature, json_t **ret)
{
        /* 'b' is read into an int, not a bool. */
        union {
                int b;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
        } value = { .t = 0 };
        json_t *number = NULL;
        int r = sd_bus_message_read_basic(reader->message, signature[0], &value);

        if (r <= 0)
                return malformed(reader, r < 0 ? r : -EBADMSG);
        switch (signature[0]) {
        case 'b':
                number = json_boolean(value.b != 0);
                break;
        case 'i':
                number = json_integer(value.i);
                break;
        case 'u':
                number = json_integer(value.u);
                break;
        case 'x':
                number = json_integer(value.x);
                break;
        case 't':
                if (value.t > INT64_MAX)
                        return bad(reader, "is too large");
                number = json_integer((json_int_t) value.t);
                break;
        case 'd':
                number = json_real(value.d);
                if (!number)
                        return bad(reader, "must be a finite number");
                break;
        }
        return hand_over(reader, number, ret);
}

/* Return: > 0 an fd, duplicated, 0 the end of the list. */
static int read_fd_index(Reader *reader, json_t **ret)
{
        FdArray *fds = reader->fds;
        int fd, r;

        r = sd_bus_message_read_basic(reader->message, 'h', &fd);
        if (r <= 0)
                return r < 0 ? malformed(reader, r) : 0;
        if (fds->n >= ELEMENTS(fds->fds))
                return error_public(reader->reterr, ERROR_LIMITS_EXCEEDED,
                                    "%s: more than %zu file descriptors", reader->member,
                                    ELEMENTS(fds->fds));
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return error_errno(reader->reterr, errno, "%s: Cannot keep file descriptor '%s'",
                                   reader->member, reader->name);
        fds->fds[fds->n] = fd;
        r = hand_over(reader, json_integer((json_int_t) fds->n++), ret);
        return r < 0 ? r : 1;
}

static int read_fd(Reader *reader, const char *signature, json_t **ret)
{
        int r = read_fd_index(reader, ret);

        return r == 0 ? malformed(reader, -EBADMSG) : r < 0 ? r : 0;
}

static int read_object(Reader *reader, const char *signature, json_t **ret)
{
        _cleanup_(free_p) char *id = NULL;
        const char *path;
        int64_t number;
        int r = read_text(reader, 'o', &path);

        if (r <= 0)
                return r < 0 ? r : malformed(reader, -EBADMSG);
        if (object_path_to_job(path, &number) == 0)
                return hand_over(reader, json_integer(number), ret);
        r = object_path_to_container(path, &id);
        if (r < 0)
                return r == -ENOMEM ? error_oom(reader->reterr)
                                    : bad(reader, "is no path of a container or job");
        return hand_over(reader, json_string(id), ret);
}

static int enter(Reader *reader, char type, const char *contents)
{
        int r = sd_bus_message_enter_container(reader->message, type, contents);

        return r < 0 ? malformed(reader, r) : r;
}

static int leave(Reader *reader)
{
        int r = sd_bus_message_exit_container(reader->message);

        return r < 0 ? malformed(reader, r) : 0;
}

/* The items of lists. Return: > 0 one, 0 the end. */
static int item_string(Reader *reader, json_t *list)
{
        const char *text;
        int r = read_text(reader, 's', &text);

        if (r <= 0)
                return r;
        return json_array_append_new(list, json_string(text)) < 0 ? error_oom(reader->reterr) : 1;
}

static int item_fd(Reader *reader, json_t *list)
{
        json_t *index = NULL;
        int r = read_fd_index(reader, &index);

        if (r <= 0)
                return r;
        return json_array_append_new(list, index) < 0 ? error_oom(reader->reterr) : 1;
}

static int read_two_texts(Reader *reader,
                          char type,
                          const char *contents,
                          const char **ret_key,
                          const char **ret_value)
{
        int r = enter(reader, type, contents);

        if (r <= 0)
                return r;
        r = read_text(reader, 's', ret_key);
        if (r > 0)
                r = read_text(reader, 's', ret_value);
        if (r <= 0)
                return r < 0 ? r : malformed(reader, -EBADMSG);
        r = leave(reader);
        return r < 0 ? r : 1;
}

static int item_pair(Reader *reader, json_t *list)
{
        const char *key, *value;
        int r = read_two_texts(reader, 'r', "ss", &key, &value);

        if (r <= 0)
                return r;
        if (json_array_append_new(list, json_pack("{s:s,s:s}", "key", key, "value", value)) < 0)
                return error_oom(reader->reterr);
        return 1;
}

static int item_entry(Reader *reader, json_t *object)
{
        const char *key, *value;
        int r = read_two_texts(reader, 'e', "ss", &key, &value);

        if (r <= 0)
                return r;
        if (json_object_get(object, key))
                return bad(reader, "has a key twice");
        return json_object_set_new(object, key, json_string(value)) < 0 ? error_oom(reader->reterr)
                                                                        : 1;
}

static const struct {
        const char *signature;
        int (*item)(Reader *reader, json_t *list);
} lists[] = {
        { "as", item_string },
        { "ah", item_fd },
        { "a(ss)", item_pair },
        { "a{ss}", item_entry },
};

static int read_list(Reader *reader, const char *signature, json_t **ret)
{
        _cleanup_(json_decref_p) json_t *list = NULL;
        char contents[8];
        size_t i = 0;
        int r;

        while (!streq(lists[i].signature, signature))
                i++;
        list = signature[1] == '{' ? json_object() : json_array();
        if (!list)
                return error_oom(reader->reterr);
        (void) snprintf(contents, sizeof(contents), "%s", signature + 1);
        r = enter(reader, 'a', contents);
        if (r <= 0)
                return r < 0 ? r : malformed(reader, -EBADMSG);
        do
                r = lists[i].item(reader, list);
        while (r > 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return leave(reader);
}

static const struct {
        const char *signature;
        int (*read)(Reader *reader, const char *signature, json_t **ret);
} types[] = {
        { "s", read_string },   { "b", read_number }, { "i", read_number }, { "u", read_number },
        { "x", read_number },   { "t", read_number }, { "d", read_number }, { "h", read_fd },
        { "o", read_object },   { "as", read_list },  { "ah", read_list },  { "a(ss)", read_list },
        { "a{ss}", read_list },
};

static int read_field(Reader *reader, const Field *field, json_t *into)
{
        json_t *value = NULL;
        int r = -EINVAL;

        for (size_t i = 0; i < ELEMENTS(types); i++) {
                if (!streq(types[i].signature, field->signature))
                        continue;
                r = types[i].read(reader, field->signature, &value);
                if (r < 0) {
                        json_decref(value);
                        return r;
                }
                return json_set(into, field->name, value) < 0 ? error_oom(reader->reterr) : 0;
        }
        return error_code(reader->reterr, ERROR_NOT_SUPPORTED, EOPNOTSUPP,
                          "%s: arguments of type '%s' cannot be read", reader->member,
                          field->signature);
}

static const Field *option_find(const Field *options, const char *snake)
{
        for (; options->name; options++)
                if (streq(marshal_name(options->name).text, snake))
                        return options;
        return NULL;
}

static int unknown_option(Reader *reader, const Field *options)
{
        _cleanup_(strv_free_p) char **names = NULL;
        _cleanup_(free_p) char *list = NULL;
        int r;

        for (const Field *option = options; option->name; option++)
                if (strv_add(&names, marshal_name(option->name).text) < 0)
                        return error_oom(reader->reterr);
        list = strv_join(names, ", ");
        if (!list)
                return error_oom(reader->reterr);
        r = error_public(reader->reterr, ERROR_INVALID_ARGS,
                         "%s: option '%.64s' is not known; %s%s", reader->member, reader->name,
                         names ? "there are: " : "there are none", names ? list : "");
        return error_at(reader->reterr, r, NULL, reader->name);
}

static int check_option(Reader *reader, const Field *option, const json_t *into)
{
        const char *contents;
        char type;
        int r;

        if (json_object_get(into, option->name))
                return bad(reader, "is given twice");
        r = sd_bus_message_peek_type(reader->message, &type, &contents);
        if (r < 0)
                return malformed(reader, r);
        if (type == 'v' && streq(contents, option->signature))
                return 0;
        r = error_public(reader->reterr, ERROR_INVALID_ARGS,
                         "%s: option '%s' has the type '%.64s', not '%s'", reader->member,
                         reader->name, contents, option->signature);
        return error_at(reader->reterr, r, NULL, reader->name);
}

/* Return: > 0 one was read, 0 there are no more. */
static int read_option(Reader *reader, const Field *options, json_t *into)
{
        const Field *option;
        int r;

        reader->name = "options";
        r = enter(reader, 'e', "sv");
        if (r > 0)
                r = read_text(reader, 's', &reader->name);
        if (r <= 0)
                return r;
        option = option_find(options, reader->name);
        if (!option)
                return unknown_option(reader, options);
        r = check_option(reader, option, into);
        if (r < 0)
                return r;
        r = enter(reader, 'v', option->signature);
        if (r >= 0)
                r = read_field(reader, option, into);
        if (r >= 0)
                r = leave(reader);
        if (r >= 0)
                r = leave(reader);
        return r < 0 ? r : 1;
}

static int read_options(Reader *reader, const Field *options, json_t *into)
{
        int r;

        reader->name = "options";
        r = enter(reader, 'a', "{sv}");
        if (r < 0)
                return r;
        do
                r = read_option(reader, options, into);
        while (r > 0);
        return r < 0 ? r : leave(reader);
}

int marshal_read(sd_bus_message *message,
                 const Verb *verb,
                 json_t *into,
                 FdArray *fds,
                 size_t *ret_size,
                 Error *reterr)
{
        Reader reader = {
                .message = message,
                .member = verb->member,
                .fds = fds,
                .reterr = reterr,
        };
        int r;

        for (const Field *field = verb->in; field && field->name; field++) {
                FieldName name = marshal_name(field->name);

                reader.name = name.text;
                r = read_field(&reader, field, into);
                if (r < 0)
                        return r;
        }
        if (verb->options) {
                r = read_options(&reader, verb->options, into);
                if (r < 0)
                        return r;
        }
        *ret_size = reader.size;
        return 0;
}
