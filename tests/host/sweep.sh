# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# Sweeps: a job is killed at each of its system calls, or its runner is, or the service; then what must
# hold after any kill is looked at. Sourced by the suites crash*.sh, after lib.sh. Only some of the calls,
# other ones in each run; NAGAYA_SWEEP=full: all of them, which takes long; or a number.

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
    nothing_is_half_made || flunk "left over:" "$(half_made)" \
        "$(find $lxc -maxdepth 4 -path "$lxc/.#*" -printf '%P ')"
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

# A sweep goes on after a failure: of which kind it is, several of them tell better than one.
failures_max=10

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

# expect_told WHO STATUS: as it ended, so it was told, also when its worker was killed.
expect_told() {
    [ "$1" != worker ] || expect_eq "$(cat "$case_dir/status")" "$2" "the exit status that was told"
}

# chosen COUNT MOST: the calls to kill at, spread over all of them, other ones each time.
chosen() {
    local count=$1 most=$2 i
    if [ "$most" = 0 ] || [ "$count" -le "$most" ]; then
        seq "$count"
        return
    fi
    for ((i = 0; i < most; i++)); do
        echo $((1 + (i * count + RANDOM % count) / most))
    done
}

# What a case found out, printed after it: how far a sweep went is of interest when it found nothing, too.
told=$work/told

tell() {
    printf '# %s\n' "$*" >>"$told"
}

# What else must hold after each kill of a suite's.
sweep_check=true

# sweep WHO JOB: JOB_prepare makes what it needs and cleans up what the last one made; JOB_command
# prints the command's words, JOB_check looks at what was left; then the job is asked for again, and
# JOB_done looks at the whole.
sweep() {
    local who=$1 job=$2 command result count n kills=0 failures=0
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
            "$sweep_check"
            "${job}_check" "$who"
            again "${command[@]}"
            "${job}_done"
            expect_no_leftovers
            "$sweep_check"
        ) || {
            printf '%s\n' "the $who at call $n of $count ($result): ${command[*]}" \
                "$(cat "$case_dir/stderr")"
            failures=$((failures + 1))
            [ "$failures" -lt "$failures_max" ] || break
        }
        [[ $result != killed* ]] || kills=$((kills + 1))
    done
    "${job}_clean"
    tell "$job: the $who was killed at $kills of $count calls, $failures failures"
    [ "$kills" -gt 0 ] || flunk "nothing was killed"
    [ "$failures" = 0 ] || flunk "$failures failures"
    expect_eq "$(tree_hash $lxc/bystander)" "$bystander" "the hash of an uninvolved container"
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

# What a clone is made of: everything that a copy could get wrong, but each of it once: a hundred links
# more are a hundred calls more of the same.
an_origin() {
    a_busybox "$1"
    find "$(rootfs "$1")/bin" -type l ! -name 'sh' ! -name 'poweroff' ! -name 'reboot' \
        ! -name 'sleep' ! -name 'rm' -delete
    ln "$(rootfs "$1")/bin/busybox" "$(rootfs "$1")/sbin/linked"
    mkdir "$(rootfs "$1")/srv/closed"
    echo secret >"$(rootfs "$1")/srv/closed/file"
    chmod 0 "$(rootfs "$1")/srv/closed"
    truncate -s 1M "$(rootfs "$1")/var/hole"
    chown 1000:1001 "$(rootfs "$1")/var/hole"
}

snapshots() { nagaya snapshot list "$1" --json | jq -r '.snapshots[].name'; }

remove() {
    local id
    for id in "$@"; do
        ! exists "$id" || expect_ok nagaya destroy --force --snapshots "$id" >/dev/null
    done
}

# ---- cases

# sweep_cases JOB "worker runner service" SENTENCE
sweep_cases() {
    local job=$1 who
    for who in $2; do
        eval "${job}_$who() { with_bystander sweep $who $job; }"
        : >"$told"
        test_case "A killed $who $3" "${job}_$who"
        cat "$told"
    done
}
