#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a killed worker left is collected, and the collector is killed as well, at each of its system
# calls: the next one goes on, takes nothing that is not left over, and nothing stays.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/host/sweep.sh
. "$(dirname "$0")/../sweep.sh"
# shellcheck source=tests/host/sweep-jobs.sh
. "$(dirname "$0")/../sweep-jobs.sh"

# ---- a root file system that lies elsewhere

elsewhere_command() { printf '%s\n' nagaya create made -t busybox --dir=/srv/made; }
elsewhere_prepare() {
    create_prepare
    # It stays when its container is destroyed.
    rm -rf /srv/made
}
elsewhere_check() {
    exists made || [ ! -e /srv/made ] || flunk "its files are left over"
    ! exists made || elsewhere_done
}
elsewhere_done() {
    expect_sound made
    [ -x /srv/made/bin/busybox ] || flunk "a published container has no files"
}
elsewhere_clean() { elsewhere_prepare; }

# ---- the collector

restart_runner() {
    systemctl restart nagaya-work.service
}

# after_collector JOB ORDER COMMAND...: what is left after the kill, whoever comes next.
after_collector() {
    local job=$1 order=$2
    shift 2
    if [ "$order" = again ]; then
        # Whose files of the last time are just being removed must ask twice.
        timeout 60 "$@" >"$case_dir/first" 2>&1 || again "$@"
        "${job}_done"
        restart_runner
        expect_no_leftovers
    else
        restart_runner
        expect_no_leftovers
        "${job}_check" collector
        again "$@"
    fi
    "${job}_done"
    expect_no_leftovers
}

# sweep_collector JOB ORDER PERCENT...: the worker is killed after that part of its calls, then the
# collector at each of its own. ORDER: who comes next, the same request `again` or a new `runner`.
sweep_collector() {
    local job=$1 order=$2 part command result at count n kills=0 failures=0
    shift 2
    mapfile -t command < <("${job}_command")
    "${job}_prepare"
    result=$(attempt worker 0 "${command[@]}")
    "${job}_done"
    for part; do
        at=$((${result#whole } * part / 100))
        "${job}_prepare"
        count=$(attempt worker "$at,0" "${command[@]}")
        expect_match "$count" '^whole [0-9]+$'
        count=${count#whole }
        [ "$count" -gt 0 ] || flunk "there was no collector"
        restart_runner
        expect_no_leftovers
        for n in $(chosen "$count" "${points[worker]}"); do
            "${job}_prepare"
            if [[ $(attempt worker "$at,$n" "${command[@]}") = killed* ]]; then
                kills=$((kills + 1))
            fi
            wait_until 10 service_answers
            wait_until 30 no_job_runs
            (after_collector "$job" "$order" "${command[@]}") || {
                echo "the worker at call $at, the collector at call $n of $count: ${command[*]}"
                failures=$((failures + 1))
                [ "$failures" -lt "$failures_max" ] || break
            }
        done
    done
    "${job}_clean"
    tell "$job: the collector was killed at $kills calls, $failures failures"
    [ "$kills" -gt 0 ] || flunk "nothing was killed"
    [ "$failures" = 0 ] || flunk "$failures failures"
    expect_eq "$(tree_hash $lxc/bystander)" "$bystander" "the hash of an uninvolved container"
}

# collector_case SENTENCE JOB ORDER PERCENT...
collector_case() {
    local sentence=$1 arguments=("${@:2}")
    a_case() { with_bystander sweep_collector "${arguments[@]}"; }
    : >"$told"
    test_case "$sentence" a_case
    cat "$told"
}

# ---- after a power cut: left by hand, as a kill in the midst of two calls leaves it

tag=0123456789abcdef

a_runner() {
    systemctl start nagaya-work.service
    expect_no_leftovers
}

collected_at_start() {
    a_busybox ct01
    expect_ok nagaya snapshot create ct01 >/dev/null
    systemctl stop nagaya.socket nagaya.service nagaya-work.socket nagaya-work.service
    mkdir -p $lxc/.#trash/$tag/rootfs $lxc/.#gone.$tag.new $lxc/ct01/snaps/.#snap1.$tag.new \
        $lxc/ct01/snaps/.#trash/$tag ${lxc}snaps/.#trash/$tag
    touch $lxc/.#trash/$tag/rootfs/file $lxc/.#gone.$tag.new/config $lxc/ct01/.#config.$tag
    echo "lvm:/dev/lxc/ct01" >$lxc/ct01/.nagaya-storage
    systemctl start nagaya.socket nagaya.service
    # Nobody asks for a job.
    expect_no_leftovers
    wait_until 10 test ! -e $lxc/ct01/.nagaya-storage
    [ ! -e $lxc/ct01/.nagaya-storage ] || flunk "a record of what was made is left"
    rmdir ${lxc}snaps || flunk "${lxc}snaps is not empty"
    expect_sound ct01
    expect_eq "$(snapshots ct01)" snap0
}

# half_restored ID: killed right after the two changed places.
half_restored() {
    a_busybox "$1"
    expect_ok nagaya snapshot create "$1" >/dev/null
    a_runner
    cp -a "$lxc/$1" "$lxc/.#$1.$tag.new"
    rm -r "$lxc/$1/snaps"
}

snapshots_are_kept() {
    half_restored ct01
    expect_fails_with 1 '1 snapshot' nagaya destroy ct01
    half_restored ct02
    uses ct03
    expect_ok nagaya rename ct02 ct03
    expect_eq "$(snapshots ct03)" snap0
    half_restored ct04
    expect_ok nagaya snapshot create ct04 >/dev/null
    expect_eq "$(snapshots ct04 | paste -s -d ' ')" 'snap0 snap1'
    expect_no_leftovers
}

# The record was durable, the directory was not made, or not durable: what is there now is another.
another_directory() {
    a_busybox ct01
    a_runner
    mkdir -p /srv/mine /srv/empty $lxc/.#one.$tag.new $lxc/.#two.$tag.new $lxc/.#three.$tag.new
    echo precious >/srv/mine/file
    printf 'dir:/srv/mine' >$lxc/.#one.$tag.new/.nagaya-storage
    printf 'dir:/srv/empty' >$lxc/.#two.$tag.new/.nagaya-storage
    printf 'dir:/srv/mine\n4711 1.000000001' >$lxc/.#three.$tag.new/.nagaya-storage
    expect_ok nagaya snapshot create ct01 >/dev/null
    expect_no_leftovers
    expect_eq "$(cat /srv/mine/file)" precious "somebody else's file"
    [ ! -e /srv/empty ] || flunk "what was just made is left"
    rm -r /srv/mine
}

test_case "What a power cut left is collected at the start, without a job" collected_at_start
test_case "The next job finds the snapshots of a killed restore" snapshots_are_kept
test_case "A directory elsewhere that is another one by now stays" another_directory
collector_case "Files elsewhere of a killed create go once, and not those of the next one" \
    elsewhere again 50 90
collector_case "Files elsewhere of a killed create go" elsewhere runner 90
collector_case "A killed clone goes" clone runner 90
collector_case "A killed clone that shares goes" share again 70 95
collector_case "A killed snapshot goes" keep again 90
collector_case "A killed restore comes to its end, or goes" restore again 60 66 72 78
collector_case "A killed rename comes to its end" rename runner 50 65 80 90
collector_case "What a killed destroy has begun comes to its end" destroy again 50 80
sweep_cases elsewhere "worker runner service" "leaves no files elsewhere"
test_end
