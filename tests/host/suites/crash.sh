#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A job is killed at each of its system calls, or its runner is, or the service: afterwards every
# container is absent or complete, no other one was touched, and nothing is left over. Only some of
# the calls, other ones in each run; NAGAYA_SWEEP=full: all of them, which takes long.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

lxc=/var/lib/lxc
points=${NAGAYA_SWEEP_POINTS:-6}
if [ "${NAGAYA_SWEEP-}" = full ]; then
    points=0 case_deadline=100000
fi

# ---- what must hold

# Everything of a tree but the times at which it was read.
tree_hash() {
    tar -C "$1" --sort=name --numeric-owner --xattrs --xattrs-include='*' --format=posix \
        --pax-option='exthdr.name=%f,delete=atime,delete=ctime' -cf - . | sha256sum
}

nothing_is_half_made() {
    ! compgen -G "$lxc/.#*" >/dev/null
}

# Removing is slow under load, but it must come to its end without another job.
expect_no_leftovers() {
    wait_until 20 nothing_is_half_made
    nothing_is_half_made || flunk "left over:" "$(find $lxc -maxdepth 2 -path '*/.#*')"
    ! grep -F "$lxc/" /proc/self/mountinfo || flunk "left mounted"
    wait_until 10 no_job_group
    no_job_group || flunk "control groups are left:" "$(job_groups)"
}

job_groups() {
    find /sys/fs/cgroup/system.slice/nagaya-work.service -mindepth 1 -name 'job-*' 2>/dev/null
}

no_job_group() {
    [ -z "$(job_groups)" ]
}

exists() {
    [ -e "$lxc/$1" ]
}

service_answers() {
    nagaya list >/dev/null 2>&1
}

no_job_runs() {
    local jobs
    jobs=$(nagaya jobs --json 2>/dev/null) && ! jq -e '.jobs[] | select(.state == "running")' \
        <<<"$jobs" >/dev/null
}

# is_sound ID: the service, too, finds nothing wrong with it.
expect_sound() {
    wait_until 5 container_is_known "$1"
    expect_eq "$(nagaya show "$1" --json | jq -r '.broken // "" | select(. != "")')" "" "what is broken"
    expect_ok nagaya config "$1" check >/dev/null
}

# ---- how it is killed

# who is killed: a worker is a child of the runner
pid_of() {
    case $1 in
    worker | runner)
        systemctl start nagaya-work.service
        systemctl show --value -p MainPID nagaya-work.service
        ;;
    service) systemctl show --value -p MainPID nagaya.service ;;
    esac
}

# attempt WHO N COMMAND...: "killed SYSCALL" or "whole COUNT". How the command ends is not looked
# at: who is told depends on who was killed.
attempt() {
    local who=$1 n=$2 mode=self
    shift 2
    [ "$who" != worker ] || mode=child
    "$tools/kill-at" $mode "$(pid_of "$who")" "$n" timeout 60 "$@" 2>"$case_dir/stderr" || true
}

# chosen COUNT: the calls to kill at, spread over all of them, from another first one each time.
chosen() {
    local count=$1 i
    if [ "$points" = 0 ] || [ "$count" -le "$points" ]; then
        seq "$count"
        return
    fi
    for ((i = 0; i < points; i++)); do
        echo $((1 + (i * count + RANDOM % count) / points))
    done
}

# sweep WHO JOB: JOB_prepare makes what it needs and cleans up what the last one made; JOB_command
# prints the command's words, JOB_check looks at what was left; then the job is asked for again, and
# JOB_done looks at the whole.
sweep() {
    local who=$1 job=$2 command result count n kills=0
    mapfile -t command < <("${job}_command")
    "${job}_prepare"
    result=$(attempt "$who" 0 "${command[@]}")
    expect_match "$result" '^whole [0-9]+$'
    "${job}_done"
    count=${result#whole }
    [ "$who" = worker ] || count=$((count + count / 4))
    for n in $(chosen "$count"); do
        "${job}_prepare"
        result=$(attempt "$who" "$n" "${command[@]}")
        wait_until 10 service_answers
        wait_until 30 no_job_runs
        (
            expect_no_leftovers
            "${job}_check"
            again "${command[@]}"
            "${job}_done"
            expect_no_leftovers
        ) || flunk "$who at call $n of $count ($result): ${command[*]}" "$(cat "$case_dir/stderr")"
        [[ $result != killed* ]] || kills=$((kills + 1))
    done
    "${job}_clean"
    echo "$job: the $who was killed at $kills of $count calls"
    [ "$kills" -gt 0 ] || flunk "nothing was killed"
    expect_eq "$(tree_hash $lxc/bystander)" "$bystander" "the hash of an uninvolved container"
}

# The same request once more: it succeeds, or says that it was done.
again() {
    local status=0
    timeout 60 "$@" >"$case_dir/again" 2>&1 || status=$?
    [ "$status" = 0 ] || grep -q -e 'already' -e 'There is no container' "$case_dir/again" ||
        flunk "once more: exit status $status" "$(cat "$case_dir/again")"
}

with_bystander() {
    a_busybox bystander
    bystander=$(tree_hash $lxc/bystander)
    "$@"
}

# ---- the jobs

create_command() { printf '%s\n' nagaya create made -t busybox; }
create_prepare() {
    uses made
    remove made
}
create_check() {
    ! exists made || create_done
}
create_done() {
    expect_sound made
    [ -x $lxc/made/rootfs/bin/busybox ] || flunk "a published container has no files"
}
create_clean() { remove made; }

destroy_command() { printf '%s\n' nagaya destroy gone; }
destroy_prepare() {
    exists gone || a_busybox gone
    destroy_hash=$(tree_hash $lxc/gone)
}
destroy_check() {
    ! exists gone || {
        expect_sound gone
        expect_eq "$(tree_hash $lxc/gone)" "$destroy_hash" "the hash of what was not destroyed"
    }
}
destroy_done() {
    ! exists gone || flunk "it is still there"
}
destroy_clean() { true; }

set_command() { printf '%s\n' nagaya config changed set lxc.environment "A=new"; }
set_prepare() {
    if ! exists changed; then
        a_busybox changed
        echo 'lxc.environment = A=old' >>$lxc/changed/config
    fi
    nagaya config changed unset lxc.environment >/dev/null
    set_before=$(cat $lxc/changed/config)
}
set_check() {
    expect_sound changed
    [ "$(cat $lxc/changed/config)" = "$set_before" ] || set_done
}
set_done() {
    expect_match "$(cat $lxc/changed/config)" 'lxc.environment = A=new'
}
set_clean() { remove changed; }

remove() {
    ! exists "$1" || nagaya destroy --force "$1" >/dev/null
}

# ---- cases

for job in create destroy set; do
    for who in worker runner service; do
        eval "${job}_$who() { with_bystander sweep $who $job; }"
    done
done
test_case "A killed worker leaves no half-made container" create_worker
test_case "A killed job runner leaves no half-made container" create_runner
test_case "A killed service leaves no half-made container" create_service
test_case "A killed worker leaves a container destroyed or whole" destroy_worker
test_case "A killed job runner leaves a container destroyed or whole" destroy_runner
test_case "A killed service leaves a container destroyed or whole" destroy_service
test_case "A killed worker leaves a config as it was or as it shall be" set_worker
test_case "A killed service leaves a config as it was or as it shall be" set_service
test_end
