/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Single strings, some with a rule. NULL is unset. */

#include <strings.h>
#include <sys/utsname.h>

#include "base/strv.h"
#include "config/value.h"

static int text_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return string_set(field, value);
}

int value_text_print(const void *field, const KeyRef *key, FILE *out)
{
        const char *text = *(char *const *) field;

        if (text)
                (void) fputs(text, out);
        return 0;
}

void value_text_clear(void *field, const KeyRef *key)
{
        char **text = field;

        free(*text);
        *text = NULL;
}

#define TEXT_TYPE(form, parser)                                                                    \
        {                                                                                          \
                .expected = (form), .parse = (parser), .print = value_text_print,                  \
                .clear = value_text_clear                                                          \
        }

const ValueType type_text = TEXT_TYPE("a text", text_parse);

const ValueType type_fstab = {
        .expected = "the path of a file in the format of fstab(5)",
        .refuses_empty = true,
        .parse = text_parse,
        .print = value_text_print,
        .clear = value_text_clear,
};

static int host_name_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        struct utsname limit;

        if (strlen(value) >= sizeof(limit.nodename))
                return -ERANGE;
        return string_set(field, value);
}

const ValueType type_host_name = TEXT_TYPE("a host name of at most 64 characters", host_name_parse);

/* Relative, and every component a name: what is made below a directory of ours stays there. */
static bool path_is_beneath(const char *path)
{
        if (*path == '/' || *path == '\0')
                return false;
        for (const char *p = path; *p;) {
                size_t n = strcspn(p, "/");

                if (n == 2 && p[0] == '.' && p[1] == '.')
                        return false;
                p += n;
                p += strspn(p, "/");
        }
        return true;
}

static int beneath_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return path_is_beneath(value) ? string_set(field, value) : -EINVAL;
}

const ValueType type_device_directory =
        TEXT_TYPE("the name of a directory below /dev, without '..'", beneath_parse);
const ValueType type_cgroup_directory =
        TEXT_TYPE("a path relative to the cgroup root, without '..'", beneath_parse);

static int leaf_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        if (strchr(value, '/') || streq(value, ".") || streq(value, ".."))
                return -EINVAL;
        return string_set(field, value);
}

const ValueType type_cgroup_leaf = TEXT_TYPE("the name of one directory, without '/'", leaf_parse);

static int syslog_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        const char *local = startswith(value, "local");

        if (!streq(value, "daemon") &&
            !(local && strchr("01234567", local[0]) && local[0] && !local[1]))
                return -EINVAL;
        return string_set(field, value);
}

const ValueType type_syslog = TEXT_TYPE("'daemon' or 'local0' to 'local7'", syslog_parse);

static int unix_address_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        const char *path = startswith(value, "unix:");

        return path && *path ? string_set(field, value) : -EINVAL;
}

const ValueType type_unix_address =
        TEXT_TYPE("'unix:/path' or 'unix:@abstract'", unix_address_parse);

typedef struct Architecture {
        const char *name;
        bool is_32bit;
        const char *getter; /* NULL: as written */
} Architecture;

/* clang-format off */
static const Architecture architectures[] = {
        { "aarch64",     false, NULL     },
        { "amd64",       false, "x86_64" },
        { "arm",         true,  NULL     },
        { "arm64",       false, NULL     },
        { "armel",       true,  NULL     },
        { "armhf",       true,  NULL     },
        { "armv7l",      true,  NULL     },
        { "athlon",      true,  "i686"   },
        { "i386",        true,  "i686"   },
        { "i486",        true,  "i686"   },
        { "i586",        true,  "i686"   },
        { "i686",        true,  "i686"   },
        { "linux32",     true,  "i686"   },
        { "linux64",     false, "x86_64" },
        { "loong64",     false, NULL     },
        { "loongarch64", false, NULL     },
        { "mips",        true,  NULL     },
        { "mips64",      false, NULL     },
        { "mips64el",    false, NULL     },
        { "mipsel",      true,  NULL     },
        { "powerpc",     true,  NULL     },
        { "powerpc64",   false, NULL     },
        { "ppc",         true,  NULL     },
        { "ppc64",       false, NULL     },
        { "ppc64el",     false, NULL     },
        { "ppc64le",     false, NULL     },
        { "riscv64",     false, NULL     },
        { "s390x",       false, NULL     },
        { "x32",         true,  "i686"   },
        { "x86",         true,  "i686"   },
        { "x86_64",      false, "x86_64" },
};
/* clang-format on */

static const Architecture *architecture_find(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(architectures); i++)
                if (streq(architectures[i].name, name))
                        return &architectures[i];
        return NULL;
}

int arch_is_32bit(const char *arch)
{
        const Architecture *row = architecture_find(arch);

        return row ? row->is_32bit : -EINVAL;
}

static int architecture_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return architecture_find(value) ? string_set(field, value) : -EINVAL;
}

static int architecture_print(const void *field, const KeyRef *key, FILE *out)
{
        const char *text = *(char *const *) field;
        const Architecture *row = text ? architecture_find(text) : NULL;

        if (row)
                (void) fputs(row->getter ? row->getter : text, out);
        return 0;
}

const ValueType type_architecture = {
        .expected = "an architecture such as 'x86_64', 'i686', 'arm64' or 'armhf'",
        .parse = architecture_parse,
        .print = architecture_print,
        .write = value_text_print,
        .clear = value_text_clear,
};
