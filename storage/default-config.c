/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/default-config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "config/document.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "storage/network.h"

static const char with_network[] = "lxc.net.0.type = veth\n"
                                   "lxc.net.0.link = " DEFAULT_BRIDGE "\n"
                                   "lxc.net.0.flags = up\n"
                                   "lxc.net.0.hwaddr = 00:16:3e:xx:xx:xx\n";
static const char without_network[] = "lxc.net.0.type = empty\n";

static int own_default(const Report *report, char **ret, Error *reterr)
{
        bool has_network = network_default_keeper() != NETWORK_NONE;

        if (!has_network)
                report_message(report, "There is no default network, the bridge '" DEFAULT_BRIDGE
                                       "': the container gets none but loopback ('nagaya check' "
                                       "tells how to have one)");
        *ret = strdup(has_network ? with_network : without_network);
        return *ret ? 0 : error_oom(reterr);
}

static bool bridge_exists(const char *name)
{
        char path[64];

        (void) snprintf(path, sizeof(path), "/sys/class/net/%s", name);
        return access(path, F_OK) == 0;
}

/* The administrator's own choice stands; that it leads to nothing is better known now than at the
 * start. */
static void look_for_bridge(const char *path, const char *text, const Report *report)
{
        _cleanup_(document_free_p) Document *document = NULL;
        const char *type, *link;

        if (document_new(text, &document) < 0)
                return;
        type = document_get(document, "lxc.net.0.type");
        link = document_get(document, "lxc.net.0.link");
        if (type && link && strcmp(type, "veth") == 0 && *link && !strchr(link, '/') &&
            !bridge_exists(link))
                report_message(report,
                               "The container's network, by '%s', is on the bridge '%s', which "
                               "does not exist: it does not start until there is one",
                               path, link);
}

int default_config_read(const char *path, const Report *report, char **ret, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *culprit = NULL;
        int r;

        *ret = NULL;
        if (!path || !*path)
                return 0;
        fd = path_open_trusted(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &culprit);
        if (fd == -ENOENT)
                return own_default(report, ret, reterr);
        if (fd == -EPERM)
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "The default configuration '%s' is not read: '%s' may be "
                                    "changed by others than root",
                                    path, culprit ? culprit : path);
        r = fd < 0 ? fd : file_read_fd(fd, CONFIG_FILE_MAX, ret, NULL);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the default configuration '%s'", path);
        look_for_bridge(path, *ret, report);
        return 0;
}
