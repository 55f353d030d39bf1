#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A job is killed at each of its system calls, or its runner is, or the service: afterwards every
# container is absent or complete, no other one was touched, and nothing is left over.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/host/sweep.sh
. "$(dirname "$0")/../sweep.sh"
# shellcheck source=tests/host/sweep-jobs.sh
. "$(dirname "$0")/../sweep-jobs.sh"

# ---- cases

all="worker runner service"
sweep_cases create "$all" "leaves no half-made container"
sweep_cases clone "$all" "leaves a source as it was and no half-made clone"
sweep_cases share "$all" "leaves no base that cannot be destroyed"
sweep_cases keep "$all" "leaves a snapshot that is whole or none"
sweep_cases restore "$all" "leaves a container as it was or as it was once"
sweep_cases forget "$all" "leaves a container with or without a snapshot"
sweep_cases rename "$all" "leaves one name of a container"
sweep_cases destroy "$all" "leaves a container destroyed or whole"
sweep_cases set "$all" "leaves a config as it was or as it shall be"
test_end
