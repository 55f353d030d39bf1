/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/container-id.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/path.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* Not isalnum(): the locale must not widen what a name may be. */
static bool is_alnum(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool container_name_is_valid(const char *name)
{
        size_t n = 0;

        if (!is_alnum(name[0]))
                return false;
        for (; name[n]; n++)
                if (n >= CONTAINER_NAME_MAX || !(is_alnum(name[n]) || strchr("_.-", name[n])))
                        return false;
        return true;
}

/* For messages: at most 80 characters, control characters replaced. */
static void quotable(const char *text, char ret[static 84])
{
        size_t n = 0;

        for (; text[n] && n < 80; n++)
                ret[n] = iscntrl((unsigned char) text[n]) ? '?' : text[n];
        (void) strcpy(ret + n, text[n] ? "..." : "");
}

int container_name_check(const char *name, Error *reterr)
{
        char shown[84];

        if (container_name_is_valid(name))
                return 0;
        quotable(name, shown);
        return error_public(
                reterr, ERROR_INVALID_NAME,
                "'%s' is not a container name: a letter or digit, then at most %d letters, "
                "digits, '_', '.' or '-'",
                shown, CONTAINER_NAME_MAX - 1);
}

/* Undoes systemd-escape(1): "-" is "/", "\xNN" a byte. */
static int unescape_path(const char *id, char ret[static PATH_MAX])
{
        size_t n = 0;

        for (const char *p = id; *p; p++) {
                unsigned byte;

                if (n + 1 >= PATH_MAX)
                        return -ENAMETOOLONG;
                if (*p == '-')
                        ret[n++] = '/';
                else if (*p == '\\') {
                        if (p[1] != 'x' || !isxdigit((unsigned char) p[2]) ||
                            !isxdigit((unsigned char) p[3]) || sscanf(p + 2, "%2x", &byte) != 1 ||
                            byte == 0)
                                return -EINVAL;
                        ret[n++] = (char) byte;
                        p += 3;
                } else if (is_alnum(*p) || strchr(":_.", *p))
                        ret[n++] = *p;
                else
                        return -EINVAL;
        }
        ret[n] = '\0';
        return path_is_normalized(ret) && n > 1 ? 0 : -EINVAL;
}

static int locate(const char *id, char path[static PATH_MAX], Error *reterr)
{
        char shown[84];

        if (strlen(id) > CONTAINER_ID_MAX)
                return id[0] == '-' ? error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                                   "A container id has at most %d bytes",
                                                   CONTAINER_ID_MAX)
                                    : container_name_check(id, reterr);
        if (id[0] != '-')
                return container_name_check(id, reterr);
        /* A directory right below "/" is nobody's container: "-x" is a slip, not "/x". */
        if (unescape_path(id, path) == 0 && strrchr(path, '/') != path &&
            container_name_is_valid(strrchr(path, '/') + 1))
                return 1;
        quotable(id, shown);
        return error_public(
                reterr, ERROR_INVALID_NAME,
                "'%s' is neither a container name nor the escaped path of a container's directory",
                shown);
}

int container_id_check(const char *id, Error *reterr)
{
        char path[PATH_MAX];
        int r = locate(id, path, reterr);

        return r < 0 ? r : 0;
}

static bool is_component(const char *name)
{
        if (name[0] == '\0' || name[0] == '.' || strlen(name) > CONTAINER_ID_MAX ||
            !utf8_is_valid(name))
                return false;
        for (const char *p = name; *p; p++)
                if (*p == '/' || iscntrl((unsigned char) *p))
                        return false;
        return true;
}

int container_id_check_any(const char *id, Error *reterr)
{
        char shown[84];

        if (id[0] == '-' || container_name_is_valid(id))
                return container_id_check(id, reterr);
        if (is_component(id))
                return 0;
        quotable(id, shown);
        return error_public(reterr, ERROR_INVALID_NAME,
                            "'%s' cannot be asked for: remove or rename its directory by hand",
                            shown);
}

int container_id_locate(const char *id,
                        const char *container_path,
                        char **ret_directory,
                        char **ret_name,
                        Error *reterr)
{
        _cleanup_(free_p) char *directory = NULL, *name = NULL;
        char path[PATH_MAX];
        int r;

        r = locate(id, path, reterr);
        if (r < 0)
                return r;
        if (r > 0) {
                directory = strdup(path);
                name = strdup(strrchr(path, '/') + 1);
        } else {
                directory = string_format("%s/%s", container_path, id);
                name = strdup(id);
        }
        if (!directory || !name)
                return error_oom(reterr);
        *ret_directory = TAKE_PTR(directory);
        *ret_name = TAKE_PTR(name);
        return 0;
}

/* As systemd-escape(1) does. */
static char *escape_path(const char *directory)
{
        char *id = malloc(strlen(directory) * 4 + 1), *p = id;

        for (; id && *directory; directory++) {
                if (*directory == '/')
                        *p++ = '-';
                else if (is_alnum(*directory) || strchr(":_.", *directory))
                        *p++ = *directory;
                else
                        p += sprintf(p, "\\x%02x", (unsigned char) *directory);
        }
        if (id)
                *p = '\0';
        return id;
}

char *container_id_of(const char *path, const char *name, const char *container_path)
{
        _cleanup_(free_p) char *directory = NULL;

        if (streq(path, container_path))
                return strdup(name);
        directory = string_format("%s/%s", path, name);
        if (!directory)
                return NULL;
        return escape_path(directory);
}

char *container_id_unit(const char *id)
{
        return string_format(UNIT_PREFIX "%s" UNIT_SUFFIX, id);
}

char *container_id_from_unit(const char *unit)
{
        const char *id = startswith(unit, UNIT_PREFIX);
        const char *end = id ? endswith(id, UNIT_SUFFIX) : NULL;

        return end && end > id ? strndup(id, (size_t) (end - id)) : NULL;
}
