#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A job is killed at each of its system calls, or its runner is, or the service: afterwards every
# container is absent or complete, no other one was touched, and nothing is left over. Only some of
# the calls, other ones in each run; NAGAYA_SWEEP=full: all of them, which takes long; or a number.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

lxc=/var/lib/lxc
# At how many calls; a worker makes most of them, and it is what changes something.
declare -A points=([worker]=4 [runner]=2 [service]=1)
if [ -n "${NAGAYA_SWEEP-}" ]; then
    sweep_points=${NAGAYA_SWEEP/full/0}
    points=([worker]=$sweep_points [runner]=$sweep_points [service]=$sweep_points)
    case_deadline=100000
fi

# ---- what must hold

# Everything of a tree but the times at which it was read.
tree_hash() {
    tar -C "$1" --sort=name --numeric-owner --xattrs --xattrs-include='*' --format=posix \
        --pax-option='exthdr.name=%f,delete=atime,delete=ctime' -cf - . | sha256sum
}

half_made() {
    find $lxc -maxdepth 3 \( -name '.#*' -o -name .nagaya-unsynced \)
}

nothing_is_half_made() {
    [ -z "$(half_made)" ]
}

# Removing is slow under load, but it must come to its end without another job.
expect_no_leftovers() {
    wait_until 20 nothing_is_half_made
    nothing_is_half_made || flunk "left over:" "$(half_made)"
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

# attempt WHO N COMMAND...: "killed SYSCALL" or "whole COUNT". Who is told how it ends depends on who was
# killed: the command's exit status is kept in the file "status".
attempt() {
    local who=$1 n=$2 mode=self status=0
    shift 2
    [ "$who" != worker ] || mode=child
    "$tools/kill-at" $mode "$(pid_of "$who")" "$n" timeout 60 "$@" 2>"$case_dir/stderr" || status=$?
    echo $status >"$case_dir/status"
}

# chosen COUNT POINTS: the calls to kill at, spread over all of them, other ones each time.
chosen() {
    local count=$1 points=$2 i
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
    for n in $(chosen "$count" "${points[$who]}"); do
        "${job}_prepare"
        result=$(attempt "$who" "$n" "${command[@]}")
        # It made fewer calls this time: then at one of those.
        while [ "${points[$who]}" != 0 ] && [[ $result = "whole "* ]]; do
            n=$((1 + RANDOM % (${result#whole } * 3 / 4 + 1)))
            "${job}_prepare"
            result=$(attempt "$who" "$n" "${command[@]}")
        done
        wait_until 10 service_answers
        wait_until 30 no_job_runs
        (
            expect_no_leftovers
            "${job}_check" "$who"
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

# expect_told WHO STATUS: as it ended, so it was told, also when its worker was killed.
expect_told() {
    [ "$1" != worker ] || expect_eq "$(cat "$case_dir/status")" "$2" "the exit status that was told"
}

# The same request once more: it succeeds, or says that it was done.
again() {
    local status=0
    timeout 60 "$@" >"$case_dir/again" 2>&1 || status=$?
    [ "$status" = 0 ] || grep -q -e already -e "There is no" "$case_dir/again" ||
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
    exists gone || expect_told "$1" 0
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

# What a clone is made of: everything that a copy could get wrong.
an_origin() {
    a_busybox "$1"
    ln "$(rootfs "$1")/bin/busybox" "$(rootfs "$1")/sbin/linked"
    mkdir "$(rootfs "$1")/srv/closed"
    echo secret >"$(rootfs "$1")/srv/closed/file"
    chmod 0 "$(rootfs "$1")/srv/closed"
    truncate -s 1M "$(rootfs "$1")/var/hole"
    chown 1000:1001 "$(rootfs "$1")/var/hole"
}

clone_command() { printf '%s\n' nagaya clone origin copied; }
clone_prepare() {
    uses copied origin
    remove copied
    exists origin || an_origin origin
    clone_hash=$(tree_hash $lxc/origin)
}
clone_check() {
    expect_eq "$(tree_hash $lxc/origin)" "$clone_hash" "the hash of the source"
    ! exists copied || clone_done
}
clone_done() {
    expect_sound copied
    expect_eq "$(tree_hash $lxc/copied/rootfs)" "$(tree_hash $lxc/origin/rootfs)" "the hash of the clone"
    expect_eq "$(tree_hash $lxc/origin)" "$clone_hash" "the hash of the source"
    ! grep -F /origin/ $lxc/copied/config || flunk "its config names the source's files"
}
clone_clean() { remove copied origin; }

# A base that remembers a clone which is not there could never be destroyed.
share_command() { printf '%s\n' nagaya clone --snapshot --backend overlay base shared; }
share_prepare() {
    uses shared base
    remove shared base
    an_origin base
    share_hash=$(tree_hash $lxc/base/rootfs)
}
share_check() {
    expect_eq "$(tree_hash $lxc/base/rootfs)" "$share_hash" "the hash of the base"
    ! exists shared || share_done
}
share_done() {
    expect_sound shared
    expect_fails_with 1 shared nagaya destroy base
    expect_eq "$(tree_hash $lxc/base/rootfs)" "$share_hash" "the hash of the base"
}
share_clean() { remove shared base; }

keep_command() { printf '%s\n' nagaya snapshot create kept --comment=why; }
keep_prepare() {
    uses kept
    exists kept || an_origin kept
    expect_ok nagaya snapshot destroy --all kept
    keep_hash=$(tree_hash $lxc/kept/rootfs)
}
snapshots() { nagaya snapshot list "$1" --json | jq -r '.snapshots[].name'; }
keep_check() {
    local name
    expect_sound kept
    expect_eq "$(tree_hash $lxc/kept/rootfs)" "$keep_hash" "the hash of the container"
    for name in $(snapshots kept); do
        expect_ok nagaya snapshot restore kept "$name" --new-name=kept-again >/dev/null
        expect_eq "$(tree_hash $lxc/kept-again/rootfs)" "$keep_hash" "the hash of a snapshot"
        remove kept-again
    done
}
keep_done() {
    [ -n "$(snapshots kept)" ] || flunk "there is no snapshot"
    keep_check
}
keep_clean() { remove kept; }

restore_command() { printf '%s\n' nagaya snapshot restore back snap0; }
restore_prepare() {
    uses back
    if ! exists back; then
        an_origin back
        restore_old=$(tree_hash $lxc/back/rootfs)
        expect_ok nagaya snapshot create back >/dev/null
    fi
    echo new >"$(rootfs back)/srv/new"
    restore_new=$(tree_hash $lxc/back/rootfs)
}
restore_check() {
    expect_sound back
    [ "$(tree_hash $lxc/back/rootfs)" = "$restore_new" ] || restore_done
}
restore_done() {
    expect_sound back
    expect_eq "$(tree_hash $lxc/back/rootfs)" "$restore_old" "the hash of the restored container"
    expect_eq "$(snapshots back)" snap0 "its snapshots"
}
restore_clean() { remove back; }

forget_command() { printf '%s\n' nagaya snapshot destroy without snap0; }
forget_prepare() {
    uses without
    exists without || an_origin without
    [ -n "$(snapshots without)" ] || expect_ok nagaya snapshot create without >/dev/null
}
forget_check() {
    expect_sound without
    [ -z "$(snapshots without)" ] || {
        expect_ok nagaya snapshot restore without snap0 --new-name=again >/dev/null
        remove again
    }
}
forget_done() { expect_eq "$(snapshots without)" "" "its snapshots"; }
forget_clean() { remove without; }

# With a clone that needs its files, and must follow.
rename_command() { printf '%s\n' nagaya rename named renamed; }
rename_prepare() {
    uses follower renamed named
    remove follower renamed named
    an_origin named
    expect_ok nagaya enable named >/dev/null
    rename_hash=$(tree_hash $lxc/named/rootfs)
    expect_ok nagaya clone --snapshot --backend overlay named follower >/dev/null
}
rename_check() {
    if exists named; then
        ! exists renamed || flunk "it is there twice"
        expect_told "$1" 1
        expect_eq "$(enabled)" named "what is enabled"
        expect_sound named
        expect_eq "$(tree_hash $lxc/named/rootfs)" "$rename_hash" "the hash under the old name"
        expect_match "$(cat $lxc/follower/config)" /named/
    else
        expect_told "$1" 0
        rename_done
    fi
    expect_sound follower
}
rename_done() {
    ! exists named || flunk "the old name is still there"
    expect_sound renamed
    expect_eq "$(enabled)" renamed "what is enabled"
    expect_eq "$(tree_hash $lxc/renamed/rootfs)" "$rename_hash" "the hash under the new name"
    expect_no_match "$(cat $lxc/renamed/config $lxc/follower/config)" /named/
    expect_sound follower
}
enabled() {
    find /etc/systemd/system/*.wants -name 'nagaya@*named.service' -printf '%f\n' | sed 's/.*@//; s/\..*//'
}
rename_clean() { remove follower renamed named; }

remove() {
    local id
    for id in "$@"; do
        ! exists "$id" || expect_ok nagaya destroy --force --snapshots "$id" >/dev/null
    done
}

# ---- cases

declare -A jobs=(
    [create]="leaves no half-made container"
    [clone]="leaves a source as it was and no half-made clone"
    [share]="leaves no base that cannot be destroyed"
    [keep]="leaves a snapshot that is whole or none"
    [restore]="leaves a container as it was or as it was once"
    [forget]="leaves a container with or without a snapshot"
    [rename]="leaves one name of a container"
    [destroy]="leaves a container destroyed or whole"
    [set]="leaves a config as it was or as it shall be"
)
for job in create clone share keep restore forget rename destroy set; do
    for who in worker runner service; do
        eval "${job}_$who() { with_bystander sweep $who $job; }"
        test_case "A killed $who ${jobs[$job]}" "${job}_$who"
    done
done
test_end
