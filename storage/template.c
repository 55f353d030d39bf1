/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/template.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"

#define LXC_TEMPLATES "/usr/share/lxc/templates"
#define TEMPLATE_PREFIX "lxc-"
#define TEMPLATE_NAME_MAX 64
#define TEMPLATES_MAX 1024
#define SUMMARY_PREFIX "# summary:"
#define SUMMARY_WITHIN 4096 /* bytes at the beginning of a template */
#define SUMMARY_MAX 160

const char *const template_directories[] = { DATA_DIR "/templates", LXC_TEMPLATES, NULL };

static bool name_is_valid(const char *name)
{
        size_t n = 0;

        for (; name[n]; n++) {
                char c = name[n];

                if (n >= TEMPLATE_NAME_MAX)
                        return false;
                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      (n > 0 && strchr("._+-", c))))
                        return false;
        }
        return n > 0;
}

/* Return: 0, -ENOENT, -EPERM with a sentence, -EACCES (cannot be executed) with a sentence, -errno. */
static int check_program(const char *path, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *culprit = NULL;
        struct stat st;

        fd = path_open_trusted(path, O_PATH, &culprit);
        if (fd == -ENOENT || fd == -ENOTDIR)
                return -ENOENT;
        if (fd == -EPERM)
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "Template '%s' is not run: '%s' may be changed by others than "
                                    "root",
                                    path, culprit ? culprit : path);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open the template '%s'", path);
        if (fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the template '%s'", path);
        if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "Template '%s' is not an executable file", path);
        return 0;
}

static int no_such_template(const char *template, Error *reterr)
{
        return error_public(reterr, ERROR_NO_SUCH_TEMPLATE,
                            "There is no template '%s' (ListTemplates tells them)", template);
}

static int find_by_name(const char *const *directories, const char *name, char **ret, Error *reterr)
{
        for (; *directories; directories++) {
                _cleanup_(free_p) char *path = NULL;
                int r;

                path = string_format("%s/" TEMPLATE_PREFIX "%s", *directories, name);
                if (!path)
                        return error_oom(reterr);
                r = check_program(path, reterr);
                if (r == -ENOENT)
                        continue;
                if (r == 0)
                        *ret = TAKE_PTR(path);
                return r;
        }
        return no_such_template(name, reterr);
}

static int find_by_path(const char *const *directories, const char *path, char **ret, Error *reterr)
{
        const char *name;
        int r;

        r = check_program(path, reterr);
        if (r == -ENOENT) {
                name = startswith(path, LXC_TEMPLATES "/" TEMPLATE_PREFIX);
                if (name && name_is_valid(name))
                        return find_by_name(directories, name, ret, reterr);
                return no_such_template(path, reterr);
        }
        if (r < 0)
                return r;
        *ret = strdup(path);
        return *ret ? 0 : error_oom(reterr);
}

int template_find(const char *const *directories, const char *template, char **ret, Error *reterr)
{
        if (path_is_normalized(template))
                return find_by_path(directories, template, ret, reterr);
        if (!name_is_valid(template))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "A template is a name or an absolute path, not '%.80s'",
                                    template);
        return find_by_name(directories, template, ret, reterr);
}

void template_list_done(TemplateList *list)
{
        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].name);
                free(list->items[i].path);
                free(list->items[i].summary);
        }
        free(list->items);
        *list = (TemplateList){ 0 };
}

/* The rest of the first line that begins with SUMMARY_PREFIX; printable ASCII only, since a binary
 * may be a template, too. */
static char *find_summary(char *text)
{
        for (char *line = text; line; line = strchr(line, '\n')) {
                const char *value;
                char *end;

                line += *line == '\n';
                value = startswith(line, SUMMARY_PREFIX);
                if (!value)
                        continue;
                end = strndup(value, strcspn(value, "\n"));
                if (!end)
                        return NULL;
                for (char *c = end; *c; c++)
                        if (*c < ' ' || *c > '~')
                                *c = ' ';
                if (strlen(end) > SUMMARY_MAX)
                        end[SUMMARY_MAX] = '\0';
                (void) memmove(end, end + strspn(end, " "), strlen(end + strspn(end, " ")) + 1);
                return end;
        }
        return NULL;
}

static char *read_summary(int dir_fd, const char *file, const char *directory)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char text[SUMMARY_WITHIN];
        char *summary = NULL;
        ssize_t n;

        fd = openat(dir_fd, file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (n > 0) {
                text[n] = '\0';
                summary = find_summary(text);
        }
        return summary ? summary
                       : string_format("The template of %s",
                                       streq(directory, LXC_TEMPLATES) ? "LXC" : directory);
}

static bool list_has(const TemplateList *list, const char *name)
{
        for (size_t i = 0; i < list->n; i++)
                if (streq(list->items[i].name, name))
                        return true;
        return false;
}

static int list_add(TemplateList *list, int dir_fd, const char *directory, const char *file)
{
        const char *name = startswith(file, TEMPLATE_PREFIX);
        struct stat st;
        Template *grown;
        Template item;

        if (!name || !name_is_valid(name) || list->n >= TEMPLATES_MAX || list_has(list, name))
                return 0;
        if (fstatat(dir_fd, file, &st, 0) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
                return 0;
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        list->items = grown;
        item = (Template){
                .name = strdup(name),
                .summary = read_summary(dir_fd, file, directory),
        };
        item.path = string_format("%s/%s", directory, file);
        list->items[list->n++] = item;
        return item.name && item.summary && item.path ? 0 : -ENOMEM;
}

static int list_directory(TemplateList *list, const char *directory)
{
        _cleanup_(closedir_p) DIR *dir = opendir(directory);
        struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : -errno;
        while ((entry = readdir(dir))) {
                int r = list_add(list, dirfd(dir), directory, entry->d_name);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int compare_templates(const void *a, const void *b)
{
        return strcmp(((const Template *) a)->name, ((const Template *) b)->name);
}

int template_list(const char *const *directories, TemplateList *ret, Error *reterr)
{
        _cleanup_(template_list_done) TemplateList list = { 0 };

        for (; *directories; directories++) {
                int r = list_directory(&list, *directories);

                if (r < 0)
                        return error_errno(reterr, -r, "Cannot list the templates in '%s'",
                                           *directories);
        }
        if (list.n > 0)
                qsort(list.items, list.n, sizeof(*list.items), compare_templates);
        *ret = list;
        list = (TemplateList){ 0 };
        return 0;
}
