/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/clone-config.h"

#include <string.h>

#include "base/path.h"
#include "base/strv.h"
#include "config/legacy.h"
#include "config/net-keys.h"
#include "interfaces/errors.h"
#include "storage/backend/backend.h"

/* LXC's own until 5.0, which everybody's filters know. */
#define FRESH_HWADDR "00:16:3e:xx:xx:xx"
#define ROOTFS_NAME "rootfs"

typedef struct Rewrite {
        Document *document;
        const CloneConfig *spec;
        CloneItems items;
} Rewrite;

void clone_items_done(CloneItems *items)
{
        for (size_t i = 0; i < items->n; i++) {
                free(items->items[i].from);
                free(items->items[i].to);
        }
        free(items->items);
        *items = (CloneItems){ 0 };
}

static bool is_told(const CloneItems *items, const char *to)
{
        for (size_t i = 0; i < items->n; i++)
                if (streq(items->items[i].to, to))
                        return true;
        return false;
}

static int add_item(CloneItems *items, CloneItemKind kind, const char *from, const char *to)
{
        CloneItem item = { .kind = kind, .from = strdup(from), .to = strdup(to) };
        CloneItem *grown;

        grown = is_told(items, to) ? NULL
                                   : reallocarray(items->items, items->n + 1, sizeof(CloneItem));
        if (grown)
                items->items = grown;
        if (!grown || !item.from || !item.to) {
                free(item.from);
                free(item.to);
                return is_told(items, to) ? 0 : -ENOMEM;
        }
        items->items[items->n++] = item;
        return 0;
}

/* What may follow the path of a directory that is meant itself. */
static bool is_end(char c)
{
        return c == '\0' || strchr("/ \t\n:,'\"", c);
}

/* What may stand before a path. */
static bool is_begin(const char *text, const char *at)
{
        return at == text || strchr(" \t\n:,='\"", at[-1]);
}

char *clone_config_text(const char *text, const char *from, const char *to)
{
        char *result = NULL;
        size_t size = 0, n = strlen(from);
        FILE *out = open_memstream(&result, &size);
        const char *begin = text;

        if (!out)
                return NULL;
        for (const char *at; (at = strstr(text, from)); text = at + n) {
                bool whole = is_begin(begin, at) && is_end(at[n]);

                (void) fwrite(text, 1, (size_t) (at - text), out);
                (void) fputs(whole ? to : from, out);
        }
        (void) fputs(text, out);
        if (fclose(out) == 0)
                return result;
        free(result);
        return NULL;
}

/* --- what goes along --- */

/* The part of `path` below the source's directory; NULL when it is not there. */
static const char *inside(const CloneConfig *spec, const char *path)
{
        const char *rest = startswith(path, spec->from);

        return rest && rest[0] == '/' && path_is_normalized(path) ? rest + 1 : NULL;
}

/* A file in the root file system would not be found there in another kind of storage. */
static const char *place_of(const CloneConfig *spec, const char *relative)
{
        const char *rest = spec->moved ? NULL : startswith(relative, ROOTFS_NAME);

        return rest && *rest == '/' ? strrchr(relative, '/') + 1 : relative;
}

/* A line that stays what it was is not touched. */
static int set_text(Rewrite *rewrite, size_t position, const char *old, const char *value)
{
        if (!value)
                return -ENOMEM;
        return streq(value, old) ? 0 : document_replace(rewrite->document, position, value);
}

/* The value is a path, or begins with one: a file that goes along. */
static int rewrite_file(Rewrite *rewrite, size_t position, const char *value, CloneItemKind kind)
{
        const CloneConfig *spec = rewrite->spec;
        _cleanup_(free_p) char *path = strndup(value, strcspn(value, " \t"));
        _cleanup_(free_p) char *arguments = NULL, *whole = NULL;
        const char *relative;
        int r;

        if (!path)
                return -ENOMEM;
        relative = inside(spec, path);
        if (!relative) {
                whole = clone_config_text(value, spec->from, spec->to);
                return set_text(rewrite, position, value, whole);
        }
        r = add_item(&rewrite->items, kind, relative, place_of(spec, relative));
        if (r < 0)
                return r;
        arguments = clone_config_text(value + strlen(path), spec->from, spec->to);
        if (arguments)
                whole = string_format("%s/%s%s", spec->to, place_of(spec, relative), arguments);
        return set_text(rewrite, position, value, whole);
}

static int rewrite_command(Rewrite *rewrite, size_t position, const char *value)
{
        return rewrite_file(rewrite, position, value, CLONE_FILE);
}

static int rewrite_text_file(Rewrite *rewrite, size_t position, const char *value)
{
        return rewrite_file(rewrite, position, value, CLONE_TEXT);
}

static int rewrite_plain(Rewrite *rewrite, size_t position, const char *value)
{
        _cleanup_(free_p) char *text =
                clone_config_text(value, rewrite->spec->from, rewrite->spec->to);

        return set_text(rewrite, position, value, text);
}

/* A directory of the source's own that is mounted: what is in it goes along, but not a work directory of
 * an overlay, nor the root file system, which does anyway. */
static int add_mounted(Rewrite *rewrite, const char *path, size_t size, CloneItemKind kind)
{
        _cleanup_(free_p) char *copy = strndup(path, size);
        const CloneConfig *spec = rewrite->spec;
        const char *relative = copy ? inside(spec, copy) : NULL;

        if (!copy)
                return -ENOMEM;
        if (!relative || !streq(place_of(spec, relative), relative) || streq(relative, ROOTFS_NAME))
                return 0;
        return add_item(&rewrite->items, kind, relative, relative);
}

static int add_layers(Rewrite *rewrite, const char *entry)
{
        static const struct {
                const char *option;
                CloneItemKind kind;
        } layers[] = {
                { "upperdir=", CLONE_TREE },
                { "workdir=", CLONE_DIRECTORY },
        };

        for (size_t i = 0; i < ELEMENTS(layers); i++) {
                const char *path = strstr(entry, layers[i].option);
                int r;

                if (!path)
                        continue;
                path += strlen(layers[i].option);
                r = add_mounted(rewrite, path, strcspn(path, ", \t"), layers[i].kind);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int rewrite_mount(Rewrite *rewrite, size_t position, const char *value)
{
        int r = add_mounted(rewrite, value, strcspn(value, " \t"), CLONE_TREE);

        if (r == 0)
                r = add_layers(rewrite, value);
        return r < 0 ? r : rewrite_plain(rewrite, position, value);
}

static int rewrite_hwaddr(Rewrite *rewrite, size_t position, const char *value)
{
        _cleanup_(free_p) char *fresh = NULL;
        int r;

        if (rewrite->spec->keep_mac || !*value)
                return 0;
        r = net_hwaddr_fill(FRESH_HWADDR, &fresh);
        return r < 0 ? r : set_text(rewrite, position, value, fresh);
}

/* Set anew at the end. */
static int rewrite_root(Rewrite *rewrite, size_t position, const char *value)
{
        return rewrite->spec->rootfs ? 0 : rewrite_plain(rewrite, position, value);
}

/* By the beginning and the end of a key's name; the first that fits. All others are plain. */
static const struct {
        const char *prefix, *suffix;
        int (*function)(Rewrite *rewrite, size_t position, const char *value);
} rewrites[] = {
        { "lxc.rootfs.path", "", rewrite_root },
        { "lxc.hook.", "", rewrite_command },
        { "lxc.net.", ".script.up", rewrite_command },
        { "lxc.net.", ".script.down", rewrite_command },
        { "lxc.net.", ".hwaddr", rewrite_hwaddr },
        { "lxc.mount.fstab", "", rewrite_text_file },
        { "lxc.mount.entry", "", rewrite_mount },
        { "lxc.include", "", rewrite_text_file },
        { "lxc.seccomp.profile", "", rewrite_command },
        { "", "", rewrite_plain },
};

static int rewrite_line(Rewrite *rewrite, size_t position, const char *key, const char *value)
{
        size_t i = 0;

        while (!startswith(key, rewrites[i].prefix) || !endswith(key, rewrites[i].suffix))
                i++;
        return rewrites[i].function(rewrite, position, value);
}

/* --- what comes in addition --- */

static int refuse_mount(const char *mount, Error *reterr)
{
        return error_public(reterr, ERROR_INVALID_ARGS,
                            "'%.200s' is no mount for a clone: bind=/SOURCE[:/TARGET][:ro|rw] or "
                            "overlay=/SOURCE[:/TARGET], without blanks and commas, is expected",
                            mount);
}

typedef struct MountWords {
        const char *source, *target, *mode;
} MountWords;

/* Takes `text` apart in place. */
static bool split_mount(char *text, bool with_mode, MountWords *ret)
{
        char *words[4] = { text, NULL, NULL, NULL };
        size_t n = 1;

        if (strpbrk(text, " \t\n,\\\"'"))
                return false;
        for (char *p = text; *p; p++)
                if (*p == ':') {
                        if (n == ELEMENTS(words) - 1)
                                return false;
                        *p = '\0';
                        words[n++] = p + 1;
                }
        *ret = (MountWords){ .source = words[0], .target = words[0], .mode = "rw" };
        if (with_mode && n > 1 && (streq(words[n - 1], "ro") || streq(words[n - 1], "rw")))
                ret->mode = words[--n];
        if (n == 2)
                ret->target = words[1];
        return n <= 2 && path_is_normalized(ret->source) && path_is_normalized(ret->target) &&
               !streq(ret->target, "/");
}

static int add_bind(Rewrite *rewrite, const MountWords *words, unsigned number)
{
        _cleanup_(free_p) char *line = NULL;

        line = string_format("%s %s none bind,optional,%s,create=dir 0 0", words->source,
                             words->target + 1, words->mode);
        if (!line)
                return -ENOMEM;
        return document_add(rewrite->document, "lxc.mount.entry", line);
}

static int add_overlay(Rewrite *rewrite, const MountWords *words, unsigned number)
{
        _cleanup_(free_p) char *line = NULL, *upper = NULL, *work = NULL;
        const char *to = rewrite->spec->to;
        int r;

        upper = string_format("delta#%u", number);
        work = string_format("work#%u", number);
        if (!upper || !work)
                return -ENOMEM;
        line = string_format("%s %s overlay lowerdir=%s,upperdir=%s/%s,workdir=%s/%s,create=dir",
                             words->source, words->target + 1, words->source, to, upper, to, work);
        if (!line)
                return -ENOMEM;
        r = add_item(&rewrite->items, CLONE_DIRECTORY, upper, upper);
        if (r == 0)
                r = add_item(&rewrite->items, CLONE_DIRECTORY, work, work);
        return r < 0 ? r : document_add(rewrite->document, "lxc.mount.entry", line);
}

static const struct {
        const char *type;
        bool with_mode;
        int (*add)(Rewrite *rewrite, const MountWords *words, unsigned number);
} mount_types[] = {
        { "bind=", true, add_bind },
        { "overlay=", false, add_overlay },
        { "aufs=", false, add_overlay }, /* as LXC 2.0 called it */
};

static int add_mount(Rewrite *rewrite, const char *mount, unsigned number, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(mount_types); i++) {
                const char *rest = startswith(mount, mount_types[i].type);
                _cleanup_(free_p) char *copy = rest ? strdup(rest) : NULL;
                MountWords words;

                if (!rest)
                        continue;
                if (!copy)
                        return error_oom(reterr);
                if (!split_mount(copy, mount_types[i].with_mode, &words))
                        return refuse_mount(mount, reterr);
                return mount_types[i].add(rewrite, &words, number) < 0 ? error_oom(reterr) : 0;
        }
        return refuse_mount(mount, reterr);
}

static int add_mounts(Rewrite *rewrite, Error *reterr)
{
        for (unsigned i = 0; rewrite->spec->mounts && rewrite->spec->mounts[i]; i++) {
                int r = add_mount(rewrite, rewrite->spec->mounts[i], i, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* LXC 1.x finds out by itself what a path is, and does not know of a prefix before a directory. */
static const char *rootfs_alike(const Document *document, const char *path)
{
        const char *source = startswith(path, "dir:");

        if (!document_is_legacy(document))
                return path;
        if (!source)
                source = startswith(path, "btrfs:");
        return source ? source : path;
}

static int add_tmpfs(Document *document, const CloneConfig *spec)
{
        _cleanup_(free_p) char *hook = NULL;

        hook = string_format("%s/" CLONE_TMPFS_HOOK, spec->to);
        if (!hook)
                return -ENOMEM;
        return document_add(document, "lxc.hook.pre-mount", hook);
}

static int set_own(Document *document, const CloneConfig *spec)
{
        int r;

        r = spec->rootfs ? document_unset(document, LEGACY_ROOTFS_BACKEND) : 0;
        /* What was made here is ours, whosever it was made of. */
        if (r >= 0 && !spec->moved)
                r = document_unset(document, "lxc.rootfs.managed");
        if (r >= 0 && spec->rootfs)
                r = document_set_alike(document, "lxc.rootfs.path",
                                       rootfs_alike(document, spec->rootfs));
        if (r >= 0 && spec->rootfs_options)
                r = document_set_alike(document, "lxc.rootfs.options", spec->rootfs_options);
        if (r >= 0 && spec->name)
                r = document_set_alike(document, "lxc.uts.name", spec->name);
        if (r >= 0 && spec->ephemeral)
                r = document_set_alike(document, "lxc.ephemeral", "1");
        if (r >= 0 && spec->tmpfs)
                r = add_tmpfs(document, spec);
        return r < 0 ? r : 0;
}

int clone_config(Document *document, const CloneConfig *spec, CloneItems *ret, Error *reterr)
{
        Rewrite rewrite = { .document = document, .spec = spec };
        const char *key, *value;
        size_t position = 0;
        int r = 0;

        while (r == 0 && document_next(document, &position, &key, &value))
                r = rewrite_line(&rewrite, position, key, value);
        if (r == 0)
                r = set_own(document, spec);
        if (r < 0)
                r = error_errno(reterr, -r, "Cannot write the configuration of the clone");
        if (r == 0)
                r = add_mounts(&rewrite, reterr);
        if (r < 0) {
                clone_items_done(&rewrite.items);
                return r;
        }
        *ret = rewrite.items;
        return 0;
}
