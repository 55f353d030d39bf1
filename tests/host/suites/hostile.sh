#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root file systems that lie about what is where. Whether such a container starts does not matter;
# the host is as it was, and nobody hangs.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/host/hostile.sh
. "$(dirname "$0")/../hostile.sh"

printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
idmapped=(lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536'
    lxc.rootfs.options=idmap=container)
make_watched
case_deadline=300

expect_host_untouched() {
    host_record >"$case_dir/after"
    cmp -s "$case_dir/before" "$case_dir/after" ||
        flunk "the host was changed ($1):" "$(diff "$case_dir/before" "$case_dir/after")"
}

# bounded SECONDS COMMAND...: it may fail, but not take for ever.
bounded() {
    local status=0
    timeout "$@" >"$case_dir/out" 2>&1 </dev/null || status=$?
    [ "$status" != 124 ] || flunk "it hangs: ${*:2}"
    return "$status"
}

# try_start ID WHAT: counts in `started_n` and `refused_n`.
try_start() {
    if bounded 20 nagaya start "$1"; then
        started_n=$((started_n + 1))
        bounded 20 nagaya exec "$1" -- /bin/busybox true || true
        bounded 20 nagaya stop --kill "$1" || flunk "$2: cannot be stopped: $(<"$case_dir/out")"
    else
        refused_n=$((refused_n + 1))
        # It says what it was about, not only that it failed.
        expect_match "$(<"$case_dir/out")" "Cannot .*'[^']+'.*: "
        bounded 20 systemctl reset-failed "nagaya@$1.service" || true
    fi
}

# every_lie [KEY=VALUE]...: each place, each kind.
every_lie() {
    local place kind root started_n=0 refused_n=0
    a_busybox hx "${hostile_settings[@]}" "$@"
    root=$(rootfs hx)
    host_record >"$case_dir/before"
    for place in "${hostile_places[@]}"; do
        for kind in "${hostile_kinds[@]}"; do
            put_hostile "$kind" "$root/$place"
            try_start hx "$place is $kind"
        done
        rm -rf "$root/${place%%/*}"
        mkdir -p "$root/${place%%/*}"
        expect_host_untouched "$place"
    done
    echo "# $started_n started, $refused_n were refused"
    [ "$started_n" -gt 0 ] && [ "$refused_n" -gt 0 ] ||
        flunk "$started_n started, $refused_n were refused: the lies were not tried"
    expect_nothing_remains hx
}

with_a_fresh_dev() {
    every_lie
}

with_the_dev_of_its_own() {
    every_lie lxc.autodev=0
}

with_an_idmap() {
    hostile_kinds=(absolute upwards magic descriptor fifo)
    every_lie "${idmapped[@]}"
}

# race PATH KEY=VALUE...: while starts go on, PATH is by turns a directory and a link to the host.
race() {
    local place=$1 root exchanger i started_n=0 refused_n=0
    shift
    a_busybox hx "${hostile_settings[@]}" "$@"
    root=$(rootfs hx)
    mkdir -p "$root/$place"
    ln -s "$watched/dir" "$root/$place.link"
    host_record >"$case_dir/before"
    "$tools/exchange" "$(dirname "$root/$place")" "$(basename "$place")" \
        "$(basename "$place").link" >"$case_dir/exchanged" &
    exchanger=$!
    for ((i = 0; i < 80; i++)); do
        try_start hx "race for $place"
    done
    kill "$exchanger"
    wait "$exchanger" || flunk "nothing was exchanged"
    echo "# $started_n started, $refused_n were refused, exchanged $(<"$case_dir/exchanged") times"
    expect_host_untouched "race for $place"
    expect_nothing_remains hx
}

a_race_for_a_mount_target() {
    race mnt/dir
}

a_race_for_dev() {
    race dev
}

a_race_for_dev_of_its_own() {
    race dev lxc.autodev=0
}

a_race_for_proc() {
    race proc "${idmapped[@]}"
}

# The program that runs in the container before its init and before an attached command is a file of
# the host: to execute it again, and to write to it while nobody does, was CVE-2019-5736.
its_own_program_is_out_of_reach() {
    local root i
    a_busybox hx lxc.init.cmd=/sbin/again
    root=$(rootfs hx)
    host_record >"$case_dir/before"
    ln -s /proc/self/exe "$root/sbin/again"
    expect_fails_with 1 "/sbin/again" nagaya start hx
    rm "$root/sbin/again"
    sed -i 's,/sbin/again,/sbin/quick-init,' /var/lib/lxc/hx/config
    started hx
    cat >"$root/overwrite" <<-'SCRIPT'
		#!/bin/sh
		while :; do
		    for p in /proc/[0-9]*; do
		        { echo hostile >>$p/exe; } 2>/dev/null
		    done
		done
	SCRIPT
    printf '#!/proc/self/exe\n' >"$root/script"
    chmod 0755 "$root/overwrite" "$root/script"
    ln -s /proc/self/exe "$root/link"
    nagaya exec hx -- /overwrite &
    for ((i = 0; i < 30; i++)); do
        bounded 20 nagaya exec hx -- /script || true
        bounded 20 nagaya exec hx -- /link || true
    done
    expect_ok nagaya stop --kill hx
    expect_host_untouched 'executing itself'
}

# Nothing of ours holds a path in the container when its program runs.
it_has_no_descriptor_of_the_host() {
    a_busybox hx
    started hx
    local pid fds
    pid=$(property hx InitPID)
    fds=$(find "/proc/$pid/fd" -type l -printf '%f %l\n' | sort)
    expect_no_match "$(awk '$1 > 2 && $1 != 10' <<<"$fds")" '/srv|/var/lib|/proc|/sys|/run'
    expect_eq "$(nagaya exec hx -- ls /proc/self/fd | xargs)" '0 1 2 3' 'of an attached program'
    expect_fails_with 1 . nagaya exec hx --workdir /proc/self/fd/0 -- true
    expect_eq "$(awk '/^Cap(Inh|Amb):/ { print $2 }' "/proc/$pid/status" | sort -u)" \
        0000000000000000 'inheritable and ambient capabilities'
    expect_eq "$(nagaya exec hx -- awk '/^Cap(Inh|Amb):/ { print $2 }' /proc/self/status | sort -u)" \
        0000000000000000 'inheritable and ambient capabilities of an attached program'
}

# Files of a container that the supervisor writes on the host.
a_console_log_that_is_a_link() {
    a_busybox hx lxc.console.logfile=/var/lib/lxc/hx/console.log
    ln -s "$watched/file" /var/lib/lxc/hx/console.log
    host_record >"$case_dir/before"
    expect_fails_with 1 'console\.log' nagaya start hx
    expect_host_untouched 'console log'
}

test_case "Every lie, with a fresh /dev" with_a_fresh_dev
test_case "Every lie, with the /dev of its own" with_the_dev_of_its_own
test_case "Every lie, with an idmap" with_an_idmap
test_case "A race for a mount target" a_race_for_a_mount_target
test_case "A race for /dev" a_race_for_dev
test_case "A race for a /dev of its own" a_race_for_dev_of_its_own
test_case "A race for /proc, with an idmap" a_race_for_proc
test_case "The supervisor's own program is out of reach" its_own_program_is_out_of_reach
test_case "No file descriptor or capability of the host" it_has_no_descriptor_of_the_host
test_case "A console log that is a link" a_console_log_that_is_a_link
test_end
