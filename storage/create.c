/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/create.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/check.h"
#include "config/document.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "kernel/mount.h"
#include "storage/default-config.h"
#include "storage/draft.h"
#include "storage/backend/options.h"
#include "storage/owner.h"
#include "storage/backend/rootfs.h"
#include "storage/job/site.h"
#include "storage/template-run.h"
#include "storage/template.h"
#include "storage/view.h"

#define CONFIG_MODE 0640
#define ARGUMENTS_MAX 256
#define CONFIG_PAIRS_MAX 1024

typedef struct Creation {
        const JobRequest *request;
        const Report *report;
        const Site *site;
        const char *default_config;
        char **arguments;
        json_t *config; /* borrowed */
        uid_t owner;
        BackendList backends;    /* to be tried in turn */
        json_t *backend_options; /* as they were given; borrowed, or NULL */
        BackendOptions options;
        char *program; /* the template's; NULL: none */
        char *rootfs_path;
        ContainerLock lock;
        Draft draft;
} Creation;

static void creation_done(Creation *creation)
{
        draft_done(&creation->draft);
        container_lock_release(&creation->lock);
        (void) strv_free(creation->arguments);
        backend_options_done(&creation->options);
        free(creation->program);
        free(creation->rootfs_path);
}

static int read_owner(Creation *creation, Error *reterr)
{
        int64_t owner = 0;
        int r;

        r = json_get_integer(creation->request->parameters, "owner", &owner, reterr);
        if (r < 0)
                return r;
        if (owner < 0 || owner >= (int64_t) (uid_t) -1)
                return error_public(reterr, ERROR_INVALID_ARGS, "Parameter 'owner' is not a uid");
        creation->owner = (uid_t) owner;
        return 0;
}

/* Each pair is set on a configuration that is thrown away: what is wrong with it is said before
 * anything is made. */
static int check_pairs(const json_t *pairs, Error *reterr)
{
        _cleanup_(config_free_p) Config *scratch = config_new();
        json_t *pair;
        size_t i;

        if (!scratch)
                return error_oom(reterr);
        if (json_array_size(pairs) > CONFIG_PAIRS_MAX)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "Parameter 'config' has more than %d keys", CONFIG_PAIRS_MAX);
        json_array_foreach(pairs, i, pair) {
                const char *key = NULL, *value = NULL;
                int r;

                r = json_get_string(pair, "key", &key, reterr);
                if (r > 0)
                        r = json_get_string(pair, "value", &value, reterr);
                if (r < 0)
                        return r;
                if (r == 0 || strchr(key, '\n') || strchr(value, '\n'))
                        return error_public(reterr, ERROR_INVALID_ARGS,
                                            "Parameter 'config' is a list of keys and values, "
                                            "each in one line");
                r = config_set(scratch, key, value, "Option 'config'", reterr);
                if (r < 0)
                        return r;
        }
        return config_check_hooks(scratch, reterr);
}

static int read_template(Creation *creation, Error *reterr)
{
        const json_t *parameters = creation->request->parameters;
        const char *template = NULL;
        int r;

        r = json_get_strv(parameters, "templateArguments", &creation->arguments, reterr);
        if (r >= 0)
                r = json_get_string(parameters, "template", &template, reterr);
        if (r < 0)
                return r;
        if (strv_length(creation->arguments) > ARGUMENTS_MAX)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "A template takes at most %d arguments", ARGUMENTS_MAX);
        if (!template || !*template || streq(template, "none")) {
                if (strv_length(creation->arguments) == 0)
                        return 0;
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "There are template arguments, but no template");
        }
        return template_find(creation->request->template_directories, template, &creation->program,
                             reterr);
}

static int read_storage(Creation *creation, Error *reterr)
{
        const json_t *parameters = creation->request->parameters;
        const char *name = NULL, *key;
        BackendList candidates;
        json_t *value;
        int r;

        r = json_get_string(parameters, "backend", &name, reterr);
        if (r >= 0)
                r = backend_candidates(name, BACKEND_CREATE, &candidates, reterr);
        if (r == 0) {
                creation->backend_options = json_object_get(parameters, "backendOptions");
                r = backend_options_read(creation->backend_options, &creation->options, reterr);
        }
        json_object_foreach(creation->backend_options, key, value)
                if (r == 0)
                        r = backend_option_check(key, &candidates, reterr);
        if (r == 0)
                r = backend_find(name, BACKEND_CREATE, &creation->backends, reterr);
        if (r < 0 || !creation->options.dir)
                return r;
        return rootfs_check_place(creation->options.dir, creation->site->path,
                                  creation->site->directory, reterr);
}

/* Everything that can be known to be wrong before the first effect. */
static int creation_read(Creation *creation, Error *reterr)
{
        const JobRequest *request = creation->request;
        int r;

        r = read_owner(creation, reterr);
        if (r == 0)
                r = read_storage(creation, reterr);
        if (r == 0)
                r = read_template(creation, reterr);
        if (r == 0)
                r = json_get_string(request->parameters, "defaultConfig", &creation->default_config,
                                    reterr);
        if (r >= 0)
                r = json_get_array(request->parameters, "config", &creation->config, reterr);
        return r > 0 ? check_pairs(creation->config, reterr) : r;
}

static int creation_begin(Creation *creation, Error *reterr)
{
        const JobRequest *request = creation->request;
        int r;

        /* Publishing would refuse it as well, but only after all the work. */
        r = site_claim(creation->site, request->container, request->lock_dir, &creation->lock,
                       reterr);
        if (r < 0)
                return r;
        return draft_make(creation->site->fd, creation->site->name, &creation->draft, reterr);
}

static int write_config(const Creation *creation, const char *text, Error *reterr)
{
        int r = file_write_atomic(creation->draft.dir_fd, "config", text, CONFIG_MODE, false);

        return r < 0 ? error_errno(reterr, -r, "Cannot write the config of '%s'",
                                   creation->request->container)
                     : 0;
}

/* What a template finds: the host's defaults and where its root file system is. */
static int write_first_config(const Creation *creation, Error *reterr)
{
        _cleanup_(free_p) char *defaults = NULL, *text = NULL;
        size_t n;
        int r;

        r = default_config_read(creation->default_config, creation->report, &defaults, reterr);
        if (r < 0)
                return r;
        n = defaults ? strlen(defaults) : 0;
        text = string_format("%s%slxc.rootfs.path = %s\n", defaults ? defaults : "",
                             n > 0 && defaults[n - 1] != '\n' ? "\n" : "", creation->rootfs_path);
        if (!text)
                return error_oom(reterr);
        return write_config(creation, text, reterr);
}

/* What is no directory by itself is mounted where the template looks for it. */
static int
mount_rootfs(const Creation *creation, const Rootfs *rootfs, const char *path, Error *reterr)
{
        _cleanup_(fd_close_p) int tree_fd = -EBADF, target_fd = -EBADF;
        int r;

        if (mkdirat(creation->draft.dir_fd, "rootfs", 0755) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make '%s'", path);
        r = rootfs_open(rootfs, &(RootfsMount){ .flags = 0 }, &tree_fd, reterr);
        if (r < 0)
                return r;
        target_fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = target_fd < 0 ? -errno : mount_attach(tree_fd, target_fd);
        return r < 0 ? error_errno(reterr, -r, "Cannot mount the root file system on '%s'", path)
                     : 0;
}

static int run_template_on(const Creation *creation, const Rootfs *rootfs, Error *reterr)
{
        bool is_directory = rootfs->backend->open == backend_open_directory;
        _cleanup_(free_p) char *path = NULL;
        int r = 0;

        path = is_directory ? strdup(rootfs->source)
                            : string_format("%s/rootfs", creation->site->directory);
        if (!path)
                return error_oom(reterr);
        if (!is_directory)
                r = mount_rootfs(creation, rootfs, path, reterr);
        if (r < 0)
                return r;
        return template_run(
                &(TemplateRun){
                        .program = creation->program,
                        .directory = creation->site->directory,
                        .name = creation->site->name,
                        .rootfs = path,
                        .arguments = creation->arguments,
                        .report = creation->report,
                },
                reterr);
}

static int run_template(const Creation *creation, Error *reterr)
{
        _cleanup_(fd_close_p) int host_fd = -EBADF;
        Rootfs rootfs = ROOTFS_NULL;
        int r, left;

        if (!creation->program)
                return 0;
        r = rootfs_parse(creation->rootfs_path, &rootfs, reterr);
        if (r == 0)
                r = view_enter(creation->site, &creation->draft, &host_fd, reterr);
        if (r == 0) {
                r = run_template_on(creation, &rootfs, reterr);
                left = view_leave(host_fd, r < 0 ? NULL : reterr);
                r = r < 0 ? r : left;
        }
        rootfs_done(&rootfs);
        return r;
}

/* The template's header on top, what the caller asked for at the end, where it wins. */
static int complete_document(const Creation *creation, const char *text, Document **ret)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(free_p) char *header = NULL, *whole = NULL;
        json_t *pair;
        size_t i;
        int r;

        header = creation->program ? template_header(creation->program, creation->arguments)
                                   : strdup("");
        whole = header ? string_format("%s%s", header, text) : NULL;
        if (!whole)
                return -ENOMEM;
        r = document_new(whole, &document);
        if (r == 0 && !creation->program)
                r = document_set(document, "lxc.uts.name", creation->site->name);
        json_array_foreach(creation->config, i, pair)
                if (r == 0)
                        r = document_add(document, json_string_value(json_object_get(pair, "key")),
                                         json_string_value(json_object_get(pair, "value")));
        if (r == 0)
                r = document_fill_hwaddr(document);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(document);
        return 0;
}

/* A template writes the files as host root, and they stay root's on the disk: the container sees
 * them through the map of its ids, which costs no chown and no second copy. */
static int map_rootfs(const Creation *creation, Document *document)
{
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(free_p) char *text = document_text(document), *options = NULL;
        const char *present;

        if (!text)
                return -ENOMEM;
        /* What is wrong with it is told at the end. */
        if (!creation->program || config_parse_text(text, "config", &config, NULL, NULL) < 0 ||
            config->namespace.n_idmaps == 0)
                return 0;
        present = config->rootfs.options;
        if (present && strstr(present, "idmap="))
                return 0;
        options = string_format("%s%sidmap=container", present ? present : "", present ? "," : "");
        if (!options)
                return -ENOMEM;
        return document_set(document, "lxc.rootfs.options", options);
}

/* Whoever has written it, the template or the caller. */
static int check_place(const Creation *creation, const Document *document, Error *reterr)
{
        const char *path = document_get(document, "lxc.rootfs.path");

        if (!path || !*path)
                return 0;
        return rootfs_check_place(path, creation->site->path, creation->site->directory, reterr);
}

static int write_last_config(const Creation *creation, Error *reterr)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(free_p) char *text = NULL, *last = NULL;
        int r;

        r = file_read(creation->draft.dir_fd, "config", CONFIG_FILE_MAX, &text, NULL);
        if (r < 0) {
                r = error_errno(reterr, -r, "Cannot read the config that the template left");
                return error_set_code(reterr, r, ERROR_TEMPLATE_FAILED);
        }
        r = complete_document(creation, text, &document);
        if (r == 0)
                r = map_rootfs(creation, document);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot complete the config of '%s'",
                                   creation->request->container);
        r = check_place(creation, document, reterr);
        if (r < 0)
                return r;
        last = document_text(document);
        return last ? write_config(creation, last, reterr) : error_oom(reterr);
}

/* A container that cannot be started as it is may still be what was wanted: its config can be edited.
 * It is said, at least. */
static void tell_problems(const Creation *creation)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(free_p) char *path = NULL;

        path = string_format("%s/config", creation->site->directory);
        if (!path)
                return;
        if (config_load(path, &config, NULL, &error) < 0)
                report_message(creation->report, "The new container cannot be started yet: %s",
                               error_message(&error));
}

/* Another one of the list would have made something of it. */
static void tell_unused_options(const Creation *creation, const Backend *backend)
{
        const char *key;
        json_t *value;

        json_object_foreach(creation->backend_options, key, value)
                if (!backend_takes_option(backend, key))
                        report_message(creation->report,
                                       "Storage option '%s' means nothing to backend '%s', which "
                                       "was chosen",
                                       key, backend->name);
}

/* On the first that takes it; the reason of the last is told. */
static int create_storage(Creation *creation, Error *reterr)
{
        Volume volume = {
                .dir_fd = creation->draft.dir_fd,
                .directory = creation->site->directory,
                .name = creation->site->name,
                .options = &creation->options,
        };
        int r = -ENOTSUP;

        for (size_t i = 0; i < creation->backends.n && r < 0; i++) {
                _cleanup_(error_done) Error error = ERROR_NULL;

                r = creation->backends.items[i]->create(&volume, &creation->rootfs_path, &error);
                if (r == 0)
                        tell_unused_options(creation, creation->backends.items[i]);
                else if (i + 1 == creation->backends.n)
                        error_move(reterr, &error);
        }
        return r;
}

static int creation_fill(Creation *creation, Error *reterr)
{
        int r;

        if (creation->owner != 0) {
                r = owner_write(creation->draft.dir_fd, creation->owner, reterr);
                if (r < 0)
                        return r;
        }
        r = create_storage(creation, reterr);
        if (r == 0)
                r = write_first_config(creation, reterr);
        if (r == 0)
                r = run_template(creation, reterr);
        return r < 0 ? r : write_last_config(creation, reterr);
}

int create_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr)
{
        _cleanup_(creation_done) Creation creation = {
                .request = request,
                .report = report,
                .site = request->site,
                .lock = CONTAINER_LOCK_NULL,
                .draft = DRAFT_NULL,
        };
        int r;

        r = creation_read(&creation, reterr);
        if (r == 0)
                r = creation_begin(&creation, reterr);
        if (r == 0)
                r = creation_fill(&creation, reterr);
        if (r == 0)
                r = draft_publish(&creation.draft, creation.site->name, reterr);
        if (r < 0)
                return r;
        tell_problems(&creation);
        *ret_result = json_pack("{s:s}", "name", request->container);
        return 0;
}
