#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The disk fails a job, at each of the calls that take room or wait for the disk: the job says so, every
# container is as it was, or as it was to be, and nothing is left over. Other than a small file system it
# fails what has succeeded so far, such as a sync after a rename. Only at some of the calls, other ones in
# each run; NAGAYA_SWEEP=full: at all of them; or a number.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/host/sweep.sh
. "$(dirname "$0")/../sweep.sh"
# shellcheck source=tests/host/sweep-jobs.sh
. "$(dirname "$0")/../sweep-jobs.sh"

[ "$(uname -m)" = x86_64 ] || {
    echo "1..0 # SKIP system calls are only made to fail on x86_64"
    exit 0
}

# faults JOB ERRNO SENTENCE
faults() {
    local job=$1 count n result status failed=0 failures=0
    local -a command
    mapfile -t command < <("${job}_command")
    "${job}_prepare"
    count=$(FAIL=$2 attempt worker 0 "${command[@]}")
    expect_match "$count" '^whole [0-9]+$'
    "${job}_done"
    count=${count#whole }
    for n in $(chosen "$count" "${points[worker]}"); do
        "${job}_prepare"
        result=$(FAIL=$2 attempt worker "$n" "${command[@]}")
        status=$(cat "$case_dir/status")
        cp "$case_dir/stderr" "$case_dir/told"
        wait_until 30 no_job_runs
        (
            # What it does after its end, or best of all, may fail unheard.
            [ "$status" = 0 ] || grep -q "$3" "$case_dir/told" || flunk "exit status $status:"
            [ "$status" != 0 ] || "${job}_done"
            # What cannot be taken back is brought to its end when there may be room again.
            ! grep -q 'not all that names it has followed' "$case_dir/told" ||
                systemctl restart nagaya-work.service
            expect_no_leftovers
            "${job}_check" fault
            again "${command[@]}"
            "${job}_done"
            expect_no_leftovers
        ) || {
            printf '%s\n' "at call $n of $count ($result), exit status $status: ${command[*]}" \
                "$(cat "$case_dir/told")"
            failures=$((failures + 1))
            [ "$failures" -lt "$failures_max" ] || break
        }
        [[ $result != failed* ]] || failed=$((failed + 1))
    done
    "${job}_clean"
    tell "$job: $failed of $count calls failed with errno $2, $failures failures"
    [ "$failed" -gt 0 ] || flunk "nothing failed"
    [ "$failures" = 0 ] || flunk "$failures failures"
    expect_eq "$(tree_hash $lxc/bystander)" "$bystander" "the hash of an uninvolved container"
}

points[worker]=${sweep_points:-6}

declare -A sentences=([create]="Create" [clone]="Clone" [share]="A clone by overlay" [keep]="A snapshot"
    [restore]="Restore" [forget]="The end of a snapshot" [rename]="Rename" [destroy]="Destroy"
    [set]="A change of the config")
for job in create clone share keep restore forget rename destroy set; do
    for fault in "28 No space left on device" "5 Input/output error"; do
        a_case() { with_bystander faults "$job" "${fault%% *}" "${fault#* }"; }
        : >"$told"
        test_case "${sentences[$job]} that the disk fails: ${fault#* }" a_case
        cat "$told"
    done
done
test_end
