/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/configure.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/check.h"
#include "config/document.h"
#include "config/keys.h"
#include "config/legacy.h"
#include "config/parse.h"
#include "interfaces/container-lock.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"

#define CONFIG_NAME "config"
#define BACKUP_NAME "config.backup"
#define TEMPORARY_PREFIX ".#config."

typedef struct Configuration {
        const JobRequest *request;
        char *path; /* for messages */
        int lock_fd, dir_fd;
        struct stat st;
        char version[DOCUMENT_VERSION_SIZE];
        char *text; /* as it is */
        char *next; /* as it shall be */
} Configuration;

static void configuration_done(Configuration *c)
{
        (void) fd_close(c->lock_fd);
        (void) fd_close(c->dir_fd);
        free(c->path);
        free(c->text);
        free(c->next);
}

static int open_directory(Configuration *c, Error *reterr)
{
        const char *directory = c->request->site->directory;
        _cleanup_(free_p) char *culprit = NULL;

        c->path = string_format("%s/" CONFIG_NAME, directory);
        if (!c->path)
                return error_oom(reterr);
        c->dir_fd = path_open_trusted(directory, O_RDONLY | O_DIRECTORY, &culprit);
        if (c->dir_fd == -ENOENT)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    c->request->container);
        if (c->dir_fd == -EPERM)
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "'%s' may be changed by others than root: correct its owner or "
                                    "its mode",
                                    culprit ? culprit : directory);
        if (c->dir_fd < 0)
                return error_errno(reterr, -c->dir_fd, "Cannot open '%s'", directory);
        return 0;
}

static int stat_config(const Configuration *c, struct stat *ret, Error *reterr)
{
        if (fstatat(c->dir_fd, CONFIG_NAME, ret, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(reterr, errno, "Cannot look at '%s'", c->path);
        if (S_ISLNK(ret->st_mode))
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "'%s' is a symbolic link, which is neither read nor replaced: "
                                    "put the file itself there",
                                    c->path);
        if (!S_ISREG(ret->st_mode))
                return error_public(reterr, ERROR_INVALID_CONFIG, "'%s' is not a regular file",
                                    c->path);
        return 0;
}

static int read_config(Configuration *c, Error *reterr)
{
        int r;

        r = stat_config(c, &c->st, reterr);
        if (r < 0)
                return r;
        document_version(&c->st, c->version);
        r = file_read(c->dir_fd, CONFIG_NAME, CONFIG_FILE_MAX, &c->text, NULL);
        if (r == -EBADMSG || r == -EFBIG)
                return error_public(reterr, ERROR_INVALID_CONFIG, "'%s' %s", c->path,
                                    r == -EFBIG ? "is too large" : "has a NUL byte in it");
        return r < 0 ? error_errno(reterr, -r, "Cannot read '%s'", c->path) : 0;
}

static int other_version(const Configuration *c, Error *reterr)
{
        return error_public(reterr, ERROR_BUSY,
                            "'%s' was changed meanwhile; read it again and repeat the change",
                            c->path);
}

static int check_version(const Configuration *c, Error *reterr)
{
        const char *version = NULL;
        int r;

        r = json_get_string(c->request->parameters, "version", &version, reterr);
        if (r < 0)
                return r;
        return r > 0 && !streq(version, c->version) ? other_version(c, reterr) : 0;
}

/* Somebody with an editor asks nobody for a lock. What comes between this and the rename is lost all
 * the same; there is no rename of the kernel's that would see it. */
static int check_unchanged(const Configuration *c, Error *reterr)
{
        char version[DOCUMENT_VERSION_SIZE];
        struct stat st;
        int r;

        r = stat_config(c, &st, reterr);
        if (r < 0)
                return r;
        document_version(&st, version);
        return streq(version, c->version) ? 0 : other_version(c, reterr);
}

static int need(const Configuration *c, const char *field, const char **ret, Error *reterr)
{
        int r = json_get_string(c->request->parameters, field, ret, reterr);

        if (r == 0)
                r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' is missing", field);
        return r < 0 ? r : 0;
}

/* A value that is wrong by itself is told without a line, which it does not have yet. */
static int change_set(Configuration *c, Document *document, Error *reterr)
{
        _cleanup_(config_free_p) Config *scratch = config_new();
        const char *key, *value;
        int r;

        if (!scratch)
                return error_oom(reterr);
        r = need(c, "key", &key, reterr);
        if (r == 0)
                r = need(c, "value", &value, reterr);
        if (r == 0)
                r = config_set(scratch, key, value, NULL, reterr);
        if (r == 0)
                r = config_check_hooks(scratch, reterr);
        if (r < 0)
                return r;
        r = document_set(document, key, value);
        if (r == -EINVAL)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Neither a key nor a value can have a newline in it");
        return r < 0 ? error_oom(reterr) : 0;
}

static bool key_exists(const char *key)
{
        char current[CONFIG_NAME_MAX + 1];
        KeyRef ref;

        return config_key_find(key, &ref) ||
               legacy_translate(key, 1, current, sizeof(current)) == LEGACY_RENAMED ||
               streq(key, "lxc.hook") || streq(key, "lxc.include");
}

/* A key that does not exist may stand in the file and go; that is how such a file is mended. */
static int change_unset(Configuration *c, Document *document, Error *reterr)
{
        const char *key;
        int r;

        r = need(c, "key", &key, reterr);
        if (r < 0)
                return r;
        r = document_unset(document, key);
        if (r < 0)
                return error_oom(reterr);
        if (r == 0 && !key_exists(key))
                return error_public(reterr, ERROR_NO_SUCH_KEY, "There is no key '%s'", key);
        return 0;
}

static int change_convert(Configuration *c, Document *document, Error *reterr)
{
        return document_convert(document) < 0 ? error_oom(reterr) : 0;
}

static const struct {
        const char *name;
        int (*change)(Configuration *c, Document *document, Error *reterr);
} changes[] = {
        { "set", change_set },
        { "unset", change_unset },
        { "convert", change_convert },
};

/* Fills c->next. */
static int make_text(Configuration *c, const char *change, Error *reterr)
{
        _cleanup_(document_free_p) Document *document = NULL;
        const char *text;
        int r;

        if (streq(change, "write")) {
                r = need(c, "text", &text, reterr);
                if (r < 0)
                        return r;
                c->next = strdup(text);
                return c->next ? 0 : error_oom(reterr);
        }
        if (document_new(c->text, &document) < 0)
                return error_oom(reterr);
        for (size_t i = 0; i < ELEMENTS(changes); i++) {
                if (!streq(changes[i].name, change))
                        continue;
                r = changes[i].change(c, document, reterr);
                if (r < 0)
                        return r;
                c->next = document_text(document);
                return c->next ? 0 : error_oom(reterr);
        }
        return error_public(reterr, ERROR_INVALID_ARGS, "There is no change '%.40s'", change);
}

static int check_text(const Configuration *c, const char *change, Error *reterr)
{
        _cleanup_(config_free_p) Config *config = NULL;
        int r;

        r = config_parse_text(c->next, c->path, &config, NULL, reterr);
        return r == 0 && streq(change, "write") ? config_check_hooks(config, reterr) : r;
}

/* Of another owner than root only while it was so before. */
static int write_config(Configuration *c, Error *reterr)
{
        mode_t mode = c->st.st_mode & 07777;
        int r;

        r = check_unchanged(c, reterr);
        if (r < 0)
                return r;
        r = file_write_atomic(c->dir_fd, CONFIG_NAME, c->next, mode, true);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot write '%s', which is as it was", c->path);
        if ((c->st.st_uid != geteuid() || c->st.st_gid != getegid()) &&
            fchownat(c->dir_fd, CONFIG_NAME, c->st.st_uid, c->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(reterr, errno,
                                   "'%s' was changed, but cannot be given to its owner", c->path);
        r = stat_config(c, &c->st, reterr);
        if (r == 0)
                document_version(&c->st, c->version);
        return r;
}

static int keep_backup(const Configuration *c, Error *reterr)
{
        int r = file_write_atomic(c->dir_fd, BACKUP_NAME, c->text, c->st.st_mode & 07777, true);

        return r < 0 ? error_errno(reterr, -r, "Cannot keep '%s' as '" BACKUP_NAME "'", c->path)
                     : 0;
}

/* Return: > 0 changed, 0 it was so already, -errno. */
/* The temporary files (file_write_atomic()) of writers that were killed: with the lock held there is
 * no living one. */
static void sweep_temporaries(const Configuration *c)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        if (path_list(c->dir_fd, ".", 0, &dir) < 0)
                return;
        while ((entry = readdir(dir)))
                if (startswith(entry->d_name, TEMPORARY_PREFIX))
                        (void) unlinkat(c->dir_fd, entry->d_name, 0);
}

static int configuration_run(Configuration *c, Error *reterr)
{
        const char *change = NULL;
        int r;

        r = need(c, "change", &change, reterr);
        if (r == 0)
                r = open_directory(c, reterr);
        if (r < 0)
                return r;
        c->lock_fd = config_lock_wait(c->request->lock_dir, c->request->container, reterr);
        if (c->lock_fd < 0)
                return c->lock_fd;
        sweep_temporaries(c);
        r = read_config(c, reterr);
        if (r == 0)
                r = check_version(c, reterr);
        if (r == 0)
                r = make_text(c, change, reterr);
        if (r == 0)
                r = check_text(c, change, reterr);
        if (r < 0 || streq(c->next, c->text))
                return r;
        if (streq(change, "convert"))
                r = keep_backup(c, reterr);
        if (r == 0)
                r = write_config(c, reterr);
        return r < 0 ? r : 1;
}

int configure_job(const JobRequest *request,
                  const Report *report,
                  json_t **ret_result,
                  Error *reterr)
{
        _cleanup_(configuration_done) Configuration c = {
                .request = request,
                .lock_fd = -EBADF,
                .dir_fd = -EBADF,
        };
        int r;

        r = configuration_run(&c, reterr);
        if (r < 0)
                return r;
        *ret_result = json_pack("{s:s,s:b}", "version", c.version, "changed", r > 0);
        return 0;
}
