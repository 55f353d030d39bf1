#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two jobs meet that are not at work on the same container, but on some that share files: the worker of
# one waits at each of its system calls while the other one is done, or waits for it. Whatever comes
# first, everybody who is there has the files that it needs, and who has them knows of it. Only at some of
# the calls; NAGAYA_SWEEP=full: at all of them; or a number.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/host/sweep.sh
. "$(dirname "$0")/../sweep.sh"

# A base, an overlay on it, and a snapshot of that.
a_family() {
    uses base base2 over over2 new
    remove new over over2 base base2
    an_origin base
    base_hash=$(tree_hash $lxc/base/rootfs)
    expect_ok nagaya clone --snapshot --backend overlay base over >/dev/null
    echo own >$lxc/over/overlay/delta/own
    expect_ok nagaya snapshot create over >/dev/null
}

# Who is there: what its layers are.
layers_of() {
    sed -n 's/^lxc.rootfs.path = overlay://p' "$lxc/$1/config" | tr : '\n'
}

expect_family() {
    local base=base id layer
    exists base || base=base2
    exists "$base" || flunk "there is no base any more"
    expect_sound "$base"
    expect_eq "$(tree_hash "$lxc/$base/rootfs")" "$base_hash" "the hash of the base"
    for id in over over2 new over/snaps/snap0 over2/snaps/snap0; do
        exists "$id" || continue
        [ -n "$(layers_of "$id")" ] || flunk "$id is no overlay"
        for layer in $(layers_of "$id"); do
            [ -d "$layer" ] || flunk "$id needs $layer, which is not there"
        done
        [ "$id" = new ] || expect_eq "$(cat "$lxc/$id/overlay/delta/own")" own
        paste -d / - - <"$lxc/$base/lxc_snapshots" | grep -q -F -x "$lxc/$id" ||
            flunk "the base does not know $id:" "$(cat "$lxc/$base/lxc_snapshots")"
    done
    # It counts whom it knows and who is there, until the last one goes.
    for id in new over over2; do
        exists "$id" || continue
        expect_fails_with 1 "$id" nagaya destroy "$base"
        remove "$id"
    done
    expect_ok nagaya destroy "$base"
    expect_no_leftovers
}

# meets "JOB" "OTHER JOB": nagaya's words.
meets() {
    local count n meets=0 failures=0
    local -a job
    read -ra job <<<"$1"
    a_family
    count=$(attempt worker 0 nagaya "${job[@]}")
    expect_match "$count" '^whole [0-9]+$'
    count=${count#whole }
    expect_family
    for n in $(chosen "$count" "${points[worker]}"); do
        a_family
        if [[ $(MEANWHILE="timeout 60 nagaya $2" attempt worker "$n" nagaya "${job[@]}") = paused* ]]; then
            meets=$((meets + 1))
        fi
        wait_until 30 no_job_runs
        (expect_no_leftovers && expect_family) || {
            echo "at call $n of $count of '$1': $2" "$(cat "$case_dir/stderr")"
            failures=$((failures + 1))
            [ "$failures" -lt "$failures_max" ] || break
        }
    done
    remove new over over2 base base2
    tell "$1 and $2: they met at $meets of $count calls, $failures failures"
    [ "$meets" -gt 0 ] || flunk "they did not meet"
    [ "$failures" = 0 ] || flunk "$failures failures"
}

meets_case() {
    local words=("$@")
    a_case() { meets "${words[@]}"; }
    : >"$told"
    test_case "'$1' meets '$2'" a_case
    cat "$told"
}

points[worker]=${sweep_points:-8}

meets_case "rename over over2" "rename base base2"
meets_case "rename base base2" "rename over over2"
meets_case "clone --snapshot over new" "rename base base2"
meets_case "rename base base2" "clone --snapshot over new"
meets_case "snapshot restore over snap0 --new-name=new" "rename base base2"
meets_case "snapshot restore over snap0" "rename base base2"
meets_case "rename base base2" "snapshot restore over snap0"
meets_case "rename over over2" "destroy base"
meets_case "clone --snapshot base new" "destroy base"
meets_case "clone --snapshot over new" "destroy base"
test_end
