/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/control-methods.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "runtime/address-list.h"
#include "runtime/control-cgroup.h"
#include "runtime/supervisor.h"

static int refuse(Error *reterr, const char *parameter, const char *sentence)
{
        int r = error_public(reterr, ERROR_INVALID_ARGS, "%s", sentence);

        return error_at(reterr, r, NULL, parameter);
}

static int missing(Error *reterr, const char *parameter)
{
        int r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' is missing", parameter);

        return error_at(reterr, r, NULL, parameter);
}

/* An integer that must be there, within the bounds. */
static int need_integer(const ControlCall *call,
                        const char *name,
                        int64_t min,
                        int64_t max,
                        int64_t *ret,
                        Error *reterr)
{
        int r = json_get_integer(call->parameters, name, ret, reterr);

        if (r < 0)
                return r;
        if (r == 0)
                return missing(reterr, name);
        if (*ret < min || *ret > max)
                return refuse(reterr, name, "A number is out of range");
        return 0;
}

static int method_subscribe(ControlCall *call, void *userdata, Error *reterr)
{
        Supervisor *s = userdata;
        const char *token = NULL;
        json_t *config = NULL;
        int64_t protocol;
        int r;

        if (!call->more)
                return refuse(reterr, NULL, "Subscribe needs 'more'");
        r = need_integer(call, "protocol", 1, INT_MAX, &protocol, reterr);
        if (r < 0)
                return r;
        if (protocol > SUPERVISOR_PROTOCOL)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "This supervisor speaks protocol %d; it was started by an "
                                    "older version",
                                    SUPERVISOR_PROTOCOL);
        if (json_get_string(call->parameters, "token", &token, reterr) < 0 ||
            json_get_array(call->parameters, "config", &config, reterr) < 0)
                return -EINVAL;
        /* The snapshot first: what the token starts is news. */
        r = control_subscribe(call->connection, supervisor_snapshot(s), reterr);
        if (r == CONTROL_LATER && token)
                supervisor_take_ticket(s, token, config);
        return r;
}

static int method_stop(ControlCall *call, void *userdata, Error *reterr)
{
        StopRequest request = { .connection = call->connection };

        if (need_integer(call, "timeoutUsec", INT64_MIN, INT64_MAX / 2, &request.timeout_usec,
                         reterr) < 0 ||
            json_get_bool(call->parameters, "kill", &request.kill, reterr) < 0 ||
            json_get_bool(call->parameters, "noKill", &request.no_kill, reterr) < 0)
                return -EINVAL;
        if (request.kill && request.no_kill)
                return refuse(reterr, "noKill", "'kill' and 'noKill' contradict each other");
        return stop_request(userdata, &request, reterr);
}

static int method_reboot(ControlCall *call, void *userdata, Error *reterr)
{
        return stop_reboot(userdata, reterr);
}

static int method_kill(ControlCall *call, void *userdata, Error *reterr)
{
        int64_t signal;
        int r = need_integer(call, "signal", INT_MIN, INT_MAX, &signal, reterr);

        return r < 0 ? r : stop_signal(userdata, (int) signal, reterr);
}

static int method_freeze(ControlCall *call, void *userdata, Error *reterr)
{
        return freeze_request(userdata, call->connection, reterr);
}

static int method_thaw(ControlCall *call, void *userdata, Error *reterr)
{
        return freeze_thaw(userdata, reterr);
}

static int method_hold(ControlCall *call, void *userdata, Error *reterr)
{
        return call->more ? freeze_hold(userdata, call->connection, reterr)
                          : refuse(reterr, NULL, "Hold needs 'more'");
}

/* A terminal would be stolen by the session inside, a directory is a way out of the container. */
static int check_stdio(int fd, Error *reterr)
{
        int flags = fcntl(fd, F_GETFL);
        struct stat st;

        if (flags < 0 || (flags & O_PATH) || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
                return refuse(reterr, "stdio",
                              "A directory or a mere path cannot be standard input or output");
        if (isatty(fd))
                return refuse(reterr, "stdio",
                              "A terminal cannot be passed into a container; ask for 'tty'");
        return 0;
}

static int get_stdio(const ControlCall *call, AttachRequest *request, Error *reterr)
{
        json_t *list = NULL;
        int r = json_get_array(call->parameters, "stdio", &list, reterr);

        for (size_t i = 0; i < 3; i++)
                request->stdio[i] = -EBADF;
        if (r <= 0)
                return r;
        if (json_array_size(list) != 3)
                return refuse(reterr, "stdio", "'stdio' must be three file descriptors");
        for (size_t i = 0; i < 3; i++) {
                json_t *item = json_array_get(list, i);
                json_int_t index = json_is_integer(item) ? json_integer_value(item) : -1;

                if (index < 0 || (size_t) index >= call->fds.n)
                        return refuse(reterr, "stdio", "A file descriptor did not come along");
                r = check_stdio(call->fds.fds[index], reterr);
                if (r < 0)
                        return r;
                request->stdio[i] = call->fds.fds[index];
        }
        return 0;
}

/* uid or gid. */
static int
get_id(const ControlCall *call, const char *name, uint32_t *ret, bool *ret_set, Error *reterr)
{
        int64_t value;
        int r = json_get_integer(call->parameters, name, &value, reterr);

        if (r <= 0)
                return r;
        if (value < 0 || value >= UINT32_MAX)
                return refuse(reterr, name, "That is no user or group id");
        *ret = (uint32_t) value;
        *ret_set = true;
        return 0;
}

static int get_namespaces(const ControlCall *call, unsigned *ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **names = NULL;
        int r = json_get_strv(call->parameters, "namespaces", &names, reterr);

        if (r < 0)
                return r;
        strv_foreach(name, names) {
                NamespaceType type = 0;

                while (type < _NAMESPACE_TYPE_MAX && !streq(namespace_type_name(type), *name))
                        type++;
                if (type == _NAMESPACE_TYPE_MAX)
                        return refuse(reterr, "namespaces",
                                      "Namespaces are user, mnt, pid, uts, ipc, net, cgroup, time");
                *ret |= 1U << type;
        }
        return 0;
}

static int get_elevated(const ControlCall *call, AttachRequest *request, Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL;
        int r = json_get_strv(call->parameters, "elevated", &words, reterr);

        if (r < 0)
                return r;
        strv_foreach(word, words) {
                if (streq(*word, "cap"))
                        request->keep_capabilities = true;
                else if (streq(*word, "cgroup"))
                        request->outside_cgroup = true;
                else if (streq(*word, "lsm"))
                        request->keep_label = true;
                else
                        return refuse(reterr, "elevated",
                                      "What can be elevated is cap, cgroup, lsm");
        }
        return 0;
}

static int attach_request(const ControlCall *call, AttachRequest *request, Error *reterr)
{
        const json_t *parameters = call->parameters;

        if (json_get_strv(parameters, "command", &request->command, reterr) < 0 ||
            json_get_bool(parameters, "tty", &request->tty, reterr) < 0 ||
            get_stdio(call, request, reterr) < 0 ||
            json_get_strv(parameters, "environment", &request->environment, reterr) < 0 ||
            json_get_bool(parameters, "clearEnvironment", &request->clear_environment, reterr) <
                    0 ||
            get_id(call, "uid", &request->uid, &request->uid_set, reterr) < 0 ||
            get_id(call, "gid", &request->gid, &request->gid_set, reterr) < 0 ||
            json_get_string(parameters, "cwd", &request->cwd, reterr) < 0 ||
            get_namespaces(call, &request->namespaces, reterr) < 0 ||
            get_elevated(call, request, reterr) < 0 ||
            json_get_bool(parameters, "detach", &request->detach, reterr) < 0)
                return -EINVAL;
        if (!request->command || !request->command[0][0])
                return refuse(reterr, "command", "There is no command");
        if (request->cwd && request->cwd[0] != '/')
                return refuse(reterr, "cwd", "The working directory must be an absolute path");
        return 0;
}

static int method_attach(ControlCall *call, void *userdata, Error *reterr)
{
        AttachRequest request = { 0 };
        int r;

        r = attach_request(call, &request, reterr);
        if (r == 0)
                r = attach_start(userdata, &request, call->connection, reterr);
        request.command = strv_free(request.command);
        request.environment = strv_free(request.environment);
        return r;
}

static int need_terminals(const Supervisor *s, Error *reterr)
{
        if (s->terminals && run_has_init(s))
                return 0;
        return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING, "Container '%s' is not running",
                            s->id);
}

static int method_open_console(ControlCall *call, void *userdata, Error *reterr)
{
        Supervisor *s = userdata;
        int64_t tty;
        int fd, number, r;

        r = need_integer(call, "tty", TERMINAL_ANY, INT_MAX, &tty, reterr);
        if (r == 0)
                r = need_terminals(s, reterr);
        if (r == 0)
                r = terminals_connect(s->terminals, (int) tty, &fd, &number, reterr);
        if (r < 0)
                return r;
        call->reply_fds.fds[call->reply_fds.n++] = fd;
        call->reply = json_pack("{s:i,s:i}", "terminal", 0, "tty", number);
        return CONTROL_DONE;
}

static int method_resize_console(ControlCall *call, void *userdata, Error *reterr)
{
        Supervisor *s = userdata;
        int64_t tty, columns, rows;
        int r;

        if (need_integer(call, "tty", 0, INT_MAX, &tty, reterr) < 0 ||
            need_integer(call, "columns", 0, UINT16_MAX, &columns, reterr) < 0 ||
            need_integer(call, "rows", 0, UINT16_MAX, &rows, reterr) < 0)
                return -EINVAL;
        r = need_terminals(s, reterr);
        if (r < 0)
                return r;
        return terminals_resize(s->terminals, (int) tty, (uint16_t) columns, (uint16_t) rows,
                                reterr);
}

static int method_read_console_log(ControlCall *call, void *userdata, Error *reterr)
{
        const Supervisor *s = userdata;
        _cleanup_(free_p) char *text = console_log_text(&s->console_log);

        if (!text)
                return error_oom(reterr);
        call->reply = json_pack("{s:s}", "log", text);
        return call->reply ? CONTROL_DONE : error_oom(reterr);
}

static int method_get_addresses(ControlCall *call, void *userdata, Error *reterr)
{
        const Supervisor *s = userdata;
        json_t *list;
        int r;

        if (!run_has_init(s))
                return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' is not running", s->id);
        r = address_list(s, &list, reterr);
        if (r < 0)
                return r;
        call->reply = json_pack("{s:o}", "addresses", list);
        return call->reply ? CONTROL_DONE : error_oom(reterr);
}

const ControlMethod control_methods[] = {
        { "Subscribe", method_subscribe },
        { "Stop", method_stop },
        { "Reboot", method_reboot },
        { "Kill", method_kill },
        { "Freeze", method_freeze },
        { "Thaw", method_thaw },
        { "Hold", method_hold },
        { "Attach", method_attach },
        { "OpenConsole", method_open_console },
        { "ResizeConsole", method_resize_console },
        { "ReadConsoleLog", method_read_console_log },
        { "GetCgroup", control_get_cgroup },
        { "SetCgroup", control_set_cgroup },
        { "GetAddresses", method_get_addresses },
        { NULL, NULL },
};
