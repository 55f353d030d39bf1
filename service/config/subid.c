/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/subid.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"

#define SUBID_SIZE_MAX (4U << 20)
#define LINE_SIZE_MAX 512

typedef struct Range {
        uint64_t first, end;
} Range;

/* Return: the next line, without its newline, in `line`; NULL at the end. A line that does not fit
 * is empty then. */
static const char *next_line(const char *text, char line[static LINE_SIZE_MAX])
{
        size_t n = strcspn(text, "\n");

        if (*text == '\0')
                return NULL;
        (void) snprintf(line, LINE_SIZE_MAX, "%.*s", n < LINE_SIZE_MAX ? (int) n : 0, text);
        return text + n + (text[n] == '\n');
}

static bool is_user(const char *field, const char *name, uid_t uid)
{
        uint32_t number;

        return streq0(name, field) || (parse_id(field, &number) == 0 && number == uid);
}

static bool parse_line(char *line, const char *name, uid_t uid, Range *ret)
{
        const char *user = strsep(&line, ":"), *first = strsep(&line, ":");
        uint64_t from, count;

        if (!first || !line || !*user || !is_user(user, name, uid) || parse_u64(first, &from) < 0 ||
            parse_u64(line, &count) < 0 || from > UINT32_MAX || count > UINT32_MAX)
                return false;
        *ret = (Range){ from, from + count };
        return true;
}

/* Return: where the user's range that holds `id` ends; `id` itself when there is none. */
static uint64_t end_of_range(const char *text, const char *name, uid_t uid, uint64_t id)
{
        char line[LINE_SIZE_MAX];
        Range range;

        while ((text = next_line(text, line)))
                if (parse_line(line, name, uid, &range) && range.first <= id && id < range.end)
                        return range.end;
        return id;
}

bool subid_text_covers(
        const char *text, const char *name, uid_t uid, uint32_t first, uint32_t count)
{
        uint64_t id = first, end = (uint64_t) first + count;

        /* Ranges that lie side by side are as good as one. */
        while (id < end) {
                uint64_t next = end_of_range(text, name, uid, id);

                if (next == id)
                        return false;
                id = next;
        }
        return true;
}

bool subid_text_largest(
        const char *text, const char *name, uid_t uid, uint32_t *ret_first, uint32_t *ret_count)
{
        char line[LINE_SIZE_MAX];
        Range range;

        *ret_count = 0;
        while ((text = next_line(text, line)))
                if (parse_line(line, name, uid, &range) && range.end - range.first > *ret_count) {
                        *ret_first = (uint32_t) range.first;
                        *ret_count = (uint32_t) (range.end - range.first);
                }
        return *ret_count > 0;
}

bool subids_allow(const SubIds *ids, bool groups, uint32_t first, uint32_t count)
{
        const char *text = groups ? ids->groups : ids->users;

        if (!groups && count == 1 && first == ids->uid)
                return true;
        return text && subid_text_covers(text, ids->name, ids->uid, first, count);
}

static int read_optional(const char *path, char **ret, Error *reterr)
{
        int r = file_read(AT_FDCWD, path, SUBID_SIZE_MAX, ret, NULL);

        return r < 0 && r != -ENOENT ? error_errno(reterr, -r, "Cannot read '%s'", path) : 0;
}

/* NAME:x:UID:... Return: 0 also when nobody has the number. */
static int find_name(const char *passwd, uid_t uid, char **ret)
{
        char line[LINE_SIZE_MAX];

        while (passwd && (passwd = next_line(passwd, line))) {
                char *rest = line, *name = strsep(&rest, ":");
                const char *number;
                uint32_t found;

                (void) strsep(&rest, ":");
                number = strsep(&rest, ":");
                if (!number || !*name || parse_id(number, &found) < 0 || found != uid)
                        continue;
                *ret = strdup(name);
                return *ret ? 0 : -ENOMEM;
        }
        return 0;
}

int subids_read(uid_t uid, SubIds *ret, Error *reterr)
{
        _cleanup_(subids_done) SubIds ids = { .uid = uid };
        _cleanup_(free_p) char *passwd = NULL;
        int r;

        r = read_optional(SUBID_FILE_USERS, &ids.users, reterr);
        if (r == 0)
                r = read_optional(SUBID_FILE_GROUPS, &ids.groups, reterr);
        if (r == 0)
                r = read_optional("/etc/passwd", &passwd, reterr);
        if (r < 0)
                return r;
        if (find_name(passwd, uid, &ids.name) < 0)
                return error_oom(reterr);
        *ret = ids;
        ids = SUBIDS_NULL;
        return 0;
}

void subids_done(SubIds *ids)
{
        free(ids->name);
        free(ids->users);
        free(ids->groups);
        *ids = SUBIDS_NULL;
}
