/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list of lines. Each setting carries the current name of its key, so that old names are found
 * by new ones. Which nic a line of lxc.network.* means depends on the lines before it: before any
 * line of a nic goes or comes, they are all brought to lxc.net.N.*. */

#include "config/document.h"

#include <ctype.h>

#include "base/strv.h"
#include "config/keys.h"
#include "config/legacy.h"
#include "config/line.h"
#include "config/net-keys.h"
#include "config/parse.h"
#include "config/value.h"

typedef struct Line {
        char *text;    /* as in the file, without newline */
        char *setting; /* a copy that `written`, `key` and `value` point into; NULL for other lines */
        char *current;       /* the current name where the written one is old, else NULL */
        const char *written; /* the name as it stands there */
        const char *key;
        const char *value;
} Line;

struct Document {
        Line *lines;
        size_t n;
        unsigned next_nic; /* the number of the next lxc.network.type */
};

static void line_done(Line *line)
{
        free(line->text);
        free(line->setting);
        free(line->current);
}

Document *document_free(Document *document)
{
        if (!document)
                return NULL;
        for (size_t i = 0; i < document->n; i++)
                line_done(&document->lines[i]);
        free(document->lines);
        free(document);
        return NULL;
}

/* lxc.net.N with N at or above the next number moves that on. */
static void count_nic(Document *document, const char *key)
{
        const char *number = startswith(key, "lxc.net.");
        unsigned long index;

        if (!number || !isdigit((unsigned char) *number))
                return;
        index = strtoul(number, NULL, 10);
        if (index < UINT32_MAX && index >= document->next_nic)
                document->next_nic = (unsigned) index + 1;
}

static int line_find_current(const Document *document, Line *line, const char *written)
{
        char current[CONFIG_NAME_MAX + 1];
        KeyRef key;

        line->written = line->key = written;
        if (config_key_find(written, &key))
                return 0;
        if (legacy_translate(written, document->next_nic, current, sizeof(current)) !=
            LEGACY_RENAMED)
                return 0;
        line->current = strdup(current);
        line->key = line->current;
        return line->current ? 0 : -ENOMEM;
}

static int line_fill(const Document *document, Line *line, const char *text)
{
        char *key, *value;

        line->text = strdup(text);
        line->setting = strdup(text);
        if (!line->text || !line->setting)
                return -ENOMEM;
        if (line_split(line->setting, &key, &value) == LINE_SETTING) {
                line->value = value;
                return line_find_current(document, line, key);
        }
        free(line->setting);
        line->setting = NULL;
        return 0;
}

/* Puts a line in at `at`. */
static int document_insert(Document *document, size_t at, const char *text)
{
        Line *grown;
        Line line = { 0 };

        if (line_fill(document, &line, text) < 0) {
                line_done(&line);
                return -ENOMEM;
        }
        /* Room grows by powers of two. */
        if ((document->n & (document->n - 1)) == 0) {
                size_t room = document->n ? document->n * 2 : 1;

                grown = reallocarray(document->lines, room, sizeof(Line));
                if (!grown) {
                        line_done(&line);
                        return -ENOMEM;
                }
                document->lines = grown;
        }
        memmove(document->lines + at + 1, document->lines + at, (document->n - at) * sizeof(Line));
        document->lines[at] = line;
        document->n++;
        if (line.setting)
                count_nic(document, line.key);
        return 0;
}

int document_new(const char *text, Document **ret)
{
        _cleanup_(document_free_p) Document *document = calloc(1, sizeof(Document));
        _cleanup_(free_p) char *copy = strdup(text);

        if (!document || !copy)
                return -ENOMEM;
        for (char *line = copy, *end; *line; line = end) {
                end = strchrnul(line, '\n');
                if (*end)
                        *end++ = '\0';
                if (document_insert(document, document->n, line) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(document);
        return 0;
}

char *document_text(const Document *document)
{
        size_t size = 1;
        char *text, *p;

        for (size_t i = 0; i < document->n; i++)
                size += strlen(document->lines[i].text) + 1;
        text = malloc(size);
        if (!text)
                return NULL;
        p = text;
        for (size_t i = 0; i < document->n; i++) {
                p = stpcpy(p, document->lines[i].text);
                *p++ = '\n';
        }
        *p = '\0';
        return text;
}

/* Takes out the lines for which `drop` says so. Return: how many. */
static size_t
document_filter(Document *document, bool (*drop)(const Line *, const char *), const char *argument)
{
        size_t kept = 0, n = document->n;

        for (size_t i = 0; i < n; i++)
                if (drop(&document->lines[i], argument))
                        line_done(&document->lines[i]);
                else
                        document->lines[kept++] = document->lines[i];
        document->n = kept;
        return n - kept;
}

/* The key itself, and what is below it. */
static bool line_is_of(const Line *line, const char *key)
{
        const char *rest = line->setting ? startswith(line->key, key) : NULL;

        return rest && (*rest == '\0' || *rest == '.');
}

/* "lxc.hook" and "lxc.net.0" mean all below, "lxc.cgroup.dir" does not mean "lxc.cgroup.dir.monitor",
 * nor "lxc.cgroup" any row of its own. */
static bool line_is_removed_by(const Line *line, const char *key)
{
        KeyRef theirs, ours;

        if (!line_is_of(line, key))
                return false;
        if (streq(line->key, key) || streq(key, "lxc.hook"))
                return true;
        return config_key_find(key, &ours) && config_key_find(line->key, &theirs) &&
               ours.row->match == KEY_PREFIX && ours.row == theirs.row;
}

static char *format_line(const char *key, const char *value)
{
        char *text = NULL;
        size_t size;
        FILE *out;

        out = open_memstream(&text, &size);
        if (!out)
                return NULL;
        value_write_line(out, key, NULL, value);
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        text[strcspn(text, "\n")] = '\0';
        return text;
}

static int line_replace(Document *document, Line *line, const char *key, const char *value)
{
        _cleanup_(free_p) char *text = format_line(key, value);
        Line fresh = { 0 };

        if (!text)
                return -ENOMEM;
        if (line_fill(document, &fresh, text) < 0) {
                line_done(&fresh);
                return -ENOMEM;
        }
        line_done(line);
        *line = fresh;
        return 0;
}

typedef enum ConvertWhat {
        CONVERT_ALL,
        CONVERT_NICS,
} ConvertWhat;

/* Return: > 0 when a name was changed, 0, -ENOMEM. */
static int convert_names(Document *document, ConvertWhat what)
{
        int changed = 0;

        for (size_t i = 0; i < document->n; i++) {
                Line *line = &document->lines[i];

                if (!line->current || (what == CONVERT_NICS && !startswith(line->key, "lxc.net")))
                        continue;
                if (line_replace(document, line, line->key, line->value) < 0)
                        return -ENOMEM;
                changed = 1;
        }
        return changed;
}

/* The current name of `key`. `current` has room for CONFIG_NAME_MAX + 1. Nics are converted before
 * lines of them are touched. Return: 0, -ENOMEM. */
static int prepare(Document *document, const char *key, char *current, const char **ret)
{
        KeyRef found;

        *ret = key;
        if (!config_key_find(key, &found) &&
            legacy_translate(key, document->next_nic, current, CONFIG_NAME_MAX + 1) ==
                    LEGACY_RENAMED)
                *ret = current;
        if (!startswith(*ret, "lxc.net"))
                return 0;
        return convert_names(document, CONVERT_NICS) < 0 ? -ENOMEM : 0;
}

static bool is_text_of_a_line(const char *text)
{
        return !strchr(text, '\n');
}

int document_add(Document *document, const char *key, const char *value)
{
        char current[CONFIG_NAME_MAX + 1];
        _cleanup_(free_p) char *text = NULL;

        if (!is_text_of_a_line(key) || !is_text_of_a_line(value))
                return -EINVAL;
        if (prepare(document, key, current, &key) < 0)
                return -ENOMEM;
        text = format_line(key, value);
        return text ? document_insert(document, document->n, text) : -ENOMEM;
}

int document_unset(Document *document, const char *key)
{
        char current[CONFIG_NAME_MAX + 1];

        if (prepare(document, key, current, &key) < 0)
                return -ENOMEM;
        return document_filter(document, line_is_removed_by, key) > 0;
}

/* Is it a subkey of that nic which only some types have? `type_key` is "lxc.net.N.type". */
static bool line_depends_on_type(const Line *line, const char *type_key)
{
        size_t n = strlen(type_key) - strlen("type");
        const NetKey *row;

        if (!line->setting || strncmp(line->key, type_key, n) != 0)
                return false;
        row = net_key_find(line->key + n);
        return row && row->types != NET_ALL;
}

/* The first line of a nic's type keeps its place. Return: > 0 done, 0 there is none, -ENOMEM. */
static int replace_type(Document *document, const char *key, const char *value)
{
        for (size_t i = 0; i < document->n; i++) {
                Line *line = &document->lines[i];
                bool same;

                if (!line->setting || !streq(line->key, key))
                        continue;
                same = streq(line->value, value);
                if (line_replace(document, line, key, value) < 0)
                        return -ENOMEM;
                if (!same)
                        (void) document_filter(document, line_depends_on_type, key);
                return 1;
        }
        return 0;
}

int document_set(Document *document, const char *key, const char *value)
{
        char current[CONFIG_NAME_MAX + 1];
        int r;

        if (!is_text_of_a_line(key) || !is_text_of_a_line(value))
                return -EINVAL;
        if (prepare(document, key, current, &key) < 0)
                return -ENOMEM;
        if (startswith(key, "lxc.net.") && endswith(key, ".type")) {
                r = replace_type(document, key, value);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        r = document_unset(document, key);
        return r < 0 ? r : document_add(document, key, value);
}

bool document_is_legacy(const Document *document)
{
        for (size_t i = 0; i < document->n; i++)
                if (document->lines[i].current)
                        return true;
        return false;
}

int document_set_alike(Document *document, const char *key, const char *value)
{
        _cleanup_(free_p) char *text = NULL;
        bool legacy = document_is_legacy(document);
        KeyRef found;
        int r;

        if (!legacy || !config_key_find(key, &found) || !found.row->legacy)
                return document_set(document, key, value);
        if (!is_text_of_a_line(value))
                return -EINVAL;
        r = document_unset(document, key);
        if (r < 0)
                return r;
        text = format_line(found.row->legacy, value);
        return text ? document_insert(document, document->n, text) : -ENOMEM;
}

int document_replace(Document *document, size_t position, const char *value)
{
        Line *line = &document->lines[position - 1];
        _cleanup_(free_p) char *current = NULL;

        if (!is_text_of_a_line(value))
                return -EINVAL;
        /* Whose nic a lxc.network.* line is depends on its place, which is not known here. */
        if (line->current) {
                current = strdup(line->current);
                if (!current)
                        return -ENOMEM;
        }
        if (line_replace(document, line, line->written, value) < 0)
                return -ENOMEM;
        if (current) {
                free(line->current);
                line->key = line->current = TAKE_PTR(current);
        }
        return 0;
}

const char *document_get(const Document *document, const char *key)
{
        for (size_t i = document->n; i > 0; i--)
                if (document->lines[i - 1].setting && streq(document->lines[i - 1].key, key))
                        return document->lines[i - 1].value;
        return NULL;
}

bool document_next(const Document *document,
                   size_t *position,
                   const char **ret_key,
                   const char **ret_value)
{
        while (*position < document->n) {
                const Line *line = &document->lines[(*position)++];

                if (!line->setting)
                        continue;
                *ret_key = line->key;
                *ret_value = line->value;
                return true;
        }
        return false;
}

static bool line_is_obsolete(const Line *line, const char *unused)
{
        return line->setting &&
               (legacy_removed(line->key) || streq(line->key, LEGACY_ROOTFS_BACKEND));
}

/* The backend given apart goes before the path. */
static int convert_backend(Document *document)
{
        const char *backend = document_get(document, LEGACY_ROOTFS_BACKEND);

        for (size_t i = 0; backend && *backend && i < document->n; i++) {
                Line *line = &document->lines[i];
                _cleanup_(free_p) char *whole = NULL;
                const char *own;

                if (!line->setting || !streq(line->key, "lxc.rootfs.path") || !*line->value)
                        continue;
                (void) rootfs_path_split(line->value, &own);
                if (own)
                        continue;
                whole = string_format("%s:%s", backend, line->value);
                if (!whole)
                        return -ENOMEM;
                if (line_replace(document, line, line->key, whole) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int document_convert(Document *document)
{
        size_t dropped;
        int changed;

        changed = convert_names(document, CONVERT_ALL);
        if (changed < 0 || convert_backend(document) < 0)
                return -ENOMEM;
        dropped = document_filter(document, line_is_obsolete, NULL);
        return changed || dropped > 0;
}

int document_fill_hwaddr(Document *document)
{
        int changed = 0;

        for (size_t i = 0; i < document->n; i++) {
                Line *line = &document->lines[i];
                _cleanup_(free_p) char *filled = NULL;

                if (!line->setting || !startswith(line->key, "lxc.net.") ||
                    !endswith(line->key, ".hwaddr") || !strpbrk(line->value, "xX"))
                        continue;
                if (net_hwaddr_fill(line->value, &filled) < 0)
                        continue;
                if (line_replace(document, line, line->key, filled) < 0)
                        return -ENOMEM;
                changed = 1;
        }
        return changed;
}
