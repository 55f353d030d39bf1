/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/container.h"

#include "base/strv.h"
#include "container/emit.h"
#include "container/manager.h"
#include "container/operation.h"
#include "container/supervisor.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"

Container *container_new(Manager *manager, const char *id, const char *name, const char *directory)
{
        _cleanup_(container_free_p) Container *container = calloc(1, sizeof(*container));

        if (!container)
                return NULL;
        container->manager = manager;
        container->state = STATE_STOPPED;
        container->id = strdup(id);
        container->name = strdup(name);
        container->directory = strdup(directory);
        container->unit = container_id_unit(id);
        if (!container->id || !container->name || !container->directory || !container->unit)
                return NULL;
        return TAKE_PTR(container);
}

Container *container_free(Container *container)
{
        if (!container)
                return NULL;
        (void) operation_free(container->operation);
        (void) supervisor_free(container->supervisor);
        config_summary_done(&container->summary);
        error_done(&container->last_error);
        free(container->id);
        free(container->name);
        free(container->directory);
        free(container->unit);
        free(container->broken);
        free(container->control_group);
        free(container->run);
        free(container);
        return NULL;
}

void container_enter(Container *container, State state)
{
        State previous = container->state;

        if (state == previous)
                return;
        container->state = state;
        if (!state_is_active(state) || state == STATE_STOPPING)
                container_set_init(container, 0);
        emit_state_changed(container, previous, state);
        operation_notice(container);
}

void container_set_init(Container *container, pid_t pid)
{
        if (container->init_pid == pid)
                return;
        container->init_pid = pid;
        emit_container_changed(container, CONTAINER_CHANGED_INIT_PID);
}

int container_check_usable(const Container *container, Error *reterr)
{
        if (!container->broken)
                return 0;
        return error_public(reterr, ERROR_CONTAINER_BROKEN, "Container '%s' cannot be used: %s",
                            container->id, container->broken);
}

bool container_is_running(const Container *container)
{
        return container->init_pid > 0;
}
