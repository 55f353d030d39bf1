/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The names others rely on: the only place where they stand. Directories that an installation may
 * move (LIBEXEC_DIR, DATA_DIR, SYSCONF_DIR) come from meson. */

#define BUS_NAME "org.nagaya1"
#define BUS_PATH "/org/nagaya1"
#define BUS_CONTAINER_PREFIX "/org/nagaya1/container"
#define BUS_JOB_PREFIX "/org/nagaya1/job"

#define INTERFACE_MANAGER "org.nagaya1.Manager"
#define INTERFACE_CONTAINER "org.nagaya1.Container"
#define INTERFACE_JOB "org.nagaya1.Job"
#define INTERFACE_VARLINK_SERVICE "org.varlink.service"
#define INTERFACE_SUPERVISOR "org.nagaya1.Supervisor"
#define INTERFACE_WORKER "org.nagaya1.Worker"

#define ERROR_NAMESPACE "org.nagaya1.Error."
#define ACTION_NAMESPACE "org.nagaya1."

#define VENDOR "nagaya"
#define PRODUCT "nagaya"
#define PROJECT_URL "https://nagaya.invalid/"

#define RUN_DIR "/run/nagaya"
#define VARLINK_SOCKET RUN_DIR "/org.nagaya1"
#define CONTROL_DIR RUN_DIR "/control"   /* ID: the supervisor's socket */
#define RECORD_DIR RUN_DIR "/containers" /* ID/: record of the run, undo */
#define TICKET_DIR RUN_DIR "/start"      /* ID: start ticket */
#define LOCK_DIR RUN_DIR "/lock"         /* ID: who may change the container */
#define WORK_SOCKET RUN_DIR "/work"
/* There while nagaya-work runs: whoever asks for running jobs need not start it for that. */
#define WORK_ACTIVE RUN_DIR "/work.active"
#define CACHE_DIR "/var/cache/nagaya"

#define SUPERVISOR_PROTOCOL 1
#define WORKER_PROTOCOL 1

#define UNIT_PREFIX "nagaya@"
#define UNIT_SUFFIX ".service"

/* An exit status of nagaya-run: the container ended as it was wanted, do not restart it. */
#define EXIT_WANTED_END 100
