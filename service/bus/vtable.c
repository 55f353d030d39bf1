/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/vtable.h"

#include "base/strv.h"
#include "bus/marshal.h"

struct Vtable {
        sd_bus_vtable *rows;
        size_t n;
        char **strings; /* signatures, and lists of names with NUL between and after them */
};

/* The bits that rows have for flags. */
#define FLAGS_MASK ((UINT64_C(1) << 56) - 1)

static const sd_bus_vtable row_start = SD_BUS_VTABLE_START(0);
static const sd_bus_vtable row_end = SD_BUS_VTABLE_END;

/* Takes the string over, borrows it out. Return: NULL when out of memory. */
static const char *keep(Vtable *vtable, char *string)
{
        return string && strv_take(&vtable->strings, string) == 0 ? string : NULL;
}

static const char *keep_signature(Vtable *vtable, const Field *fields, bool with_options)
{
        return keep(vtable, marshal_signature(fields, with_options));
}

static void write_names(FILE *f, const Field *fields)
{
        for (; fields && fields->name; fields++) {
                FieldName name = marshal_name(fields->name);

                (void) fwrite(name.text, 1, strlen(name.text) + 1, f);
        }
}

static const char *keep_names(Vtable *vtable, const Field *in, bool with_options, const Field *out)
{
        char *names = NULL;
        size_t size;
        FILE *f = open_memstream(&names, &size);

        if (!f)
                return NULL;
        write_names(f, in);
        if (with_options)
                (void) fwrite("options", 1, sizeof("options"), f);
        write_names(f, out);
        if (fclose(f) == 0)
                return keep(vtable, names);
        free(names);
        return NULL;
}

static int add_method(Vtable *vtable, const Verb *verb, sd_bus_message_handler_t handler)
{
        sd_bus_vtable *row = &vtable->rows[vtable->n++];

        *row = (sd_bus_vtable) SD_BUS_METHOD_WITH_NAMES(
                verb->member, keep_signature(vtable, verb->in, verb->options), "",
                keep_signature(vtable, verb->out, false), "", handler, SD_BUS_VTABLE_UNPRIVILEGED);
        row->x.method.names = keep_names(vtable, verb->in, verb->options, verb->out);
        return row->x.method.signature && row->x.method.result && row->x.method.names ? 0 : -ENOMEM;
}

static int add_signal(Vtable *vtable, const Signal *signal)
{
        sd_bus_vtable *row = &vtable->rows[vtable->n++];

        *row = (sd_bus_vtable) SD_BUS_SIGNAL_WITH_NAMES(
                signal->name, keep_signature(vtable, signal->arguments, false),
                keep_names(vtable, NULL, false, signal->arguments), 0);
        return row->x.signal.signature && row->x.signal.names ? 0 : -ENOMEM;
}

static void add_property(Vtable *vtable, const Property *property)
{
        vtable->rows[vtable->n++] =
                (sd_bus_vtable) SD_BUS_PROPERTY(property->name, property->signature, property->get,
                                                property->offset, property->flags & FLAGS_MASK);
}

static bool verb_is_on_bus(const Verb *verb)
{
        return !(verb->flags & (VERB_VARLINK_ONLY | VERB_MORE));
}

static size_t count_rows(const Verb *verbs, const Property *properties, const Signal *signals)
{
        size_t n = 2; /* start and end */

        for (; verbs->member; verbs++)
                n++;
        for (; properties && properties->name; properties++)
                n++;
        for (; signals && signals->name; signals++)
                n++;
        return n;
}

int vtable_new(const Verb *verbs,
               const Property *properties,
               const Signal *signals,
               sd_bus_message_handler_t handler,
               Vtable **ret)
{
        _cleanup_(vtable_free_p) Vtable *vtable = calloc(1, sizeof(*vtable));
        int r = 0;

        if (!vtable)
                return -ENOMEM;
        /* Zeroed: sd-bus compares and the unions have gaps. */
        vtable->rows = calloc(count_rows(verbs, properties, signals), sizeof(*vtable->rows));
        if (!vtable->rows)
                return -ENOMEM;
        vtable->rows[vtable->n++] = row_start;
        for (; r == 0 && verbs->member; verbs++)
                if (verb_is_on_bus(verbs))
                        r = add_method(vtable, verbs, handler);
        for (; properties && properties->name; properties++)
                add_property(vtable, properties);
        for (; r == 0 && signals && signals->name; signals++)
                r = add_signal(vtable, signals);
        vtable->rows[vtable->n++] = row_end;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(vtable);
        return 0;
}

Vtable *vtable_free(Vtable *vtable)
{
        if (!vtable)
                return NULL;
        strv_free(vtable->strings);
        free(vtable->rows);
        free(vtable);
        return NULL;
}

const sd_bus_vtable *vtable_rows(const Vtable *vtable)
{
        return vtable->rows;
}

/* The length of the first complete type of a valid signature. */
static size_t type_length(const char *signature)
{
        size_t depth = 0, n = 0;

        while (signature[n] == 'a')
                n++;
        do {
                depth += signature[n] == '(' || signature[n] == '{';
                depth -= signature[n] == ')' || signature[n] == '}';
                n++;
        } while (depth > 0);
        return n;
}

/* Return: the names that follow. */
static const char *
print_arguments(const char *signature, const char *names, const char *direction, FILE *f)
{
        while (*signature) {
                size_t n = type_length(signature);

                (void) fprintf(f, "   <arg type=\"%.*s\"", (int) n, signature);
                if (*names)
                        (void) fprintf(f, " name=\"%s\"", names);
                if (direction)
                        (void) fprintf(f, " direction=\"%s\"", direction);
                (void) fputs("/>\n", f);
                names += *names ? strlen(names) + 1 : 0;
                signature += n;
        }
        return names;
}

static void print_property(const sd_bus_vtable *row, FILE *f)
{
        const char *emits = NULL;

        if (row->flags & SD_BUS_VTABLE_PROPERTY_CONST)
                emits = "const";
        else if (row->flags & SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION)
                emits = "invalidates";
        else if (!(row->flags & SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE))
                emits = "false";
        (void) fprintf(f, "  <property name=\"%s\" type=\"%s\" access=\"read\">\n",
                       row->x.property.member, row->x.property.signature);
        if (emits)
                (void) fprintf(f,
                               "   <annotation "
                               "name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" "
                               "value=\"%s\"/>\n",
                               emits);
        (void) fputs("  </property>\n", f);
}

void vtable_print(const sd_bus_vtable *row, const char *interface, FILE *f)
{
        const char *names;

        (void) fprintf(f, " <interface name=\"%s\">\n", interface);
        for (; row->type != _SD_BUS_VTABLE_END; row++)
                switch (row->type) {
                case _SD_BUS_VTABLE_METHOD:
                        (void) fprintf(f, "  <method name=\"%s\">\n", row->x.method.member);
                        names = print_arguments(row->x.method.signature, row->x.method.names, "in",
                                                f);
                        (void) print_arguments(row->x.method.result, names, "out", f);
                        (void) fputs("  </method>\n", f);
                        break;
                case _SD_BUS_VTABLE_SIGNAL:
                        (void) fprintf(f, "  <signal name=\"%s\">\n", row->x.signal.member);
                        (void) print_arguments(row->x.signal.signature, row->x.signal.names, NULL,
                                               f);
                        (void) fputs("  </signal>\n", f);
                        break;
                case _SD_BUS_VTABLE_PROPERTY:
                        print_property(row, f);
                        break;
                default:
                        break;
                }
        (void) fputs(" </interface>\n", f);
}
