#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The console by the configuration: where its output goes, and where its input comes from.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

# An init that can be typed to.
a_shell() {
    a_busybox "$1" lxc.init.cmd='/bin/busybox sh' "${@:2}"
}

# The host's end of a terminal, as a login of the host has it: prints the name of the terminal, writes
# what comes out of it to OUTPUT and passes on what is written to INPUT, a FIFO.
terminal_of_the_host() {
    local output=$1 input=$2
    mkfifo "$input"
    python3 - "$output" "$input" <<-'PYTHON' &
		import os, pty, select, sys, termios
		master, slave = pty.openpty()
		open(sys.argv[1] + ".name", "w").write(os.ttyname(slave))
		os.rename(sys.argv[1] + ".name", sys.argv[1] + ".tty")
		out = open(sys.argv[1], "wb", buffering=0)
		fifo = os.open(sys.argv[2], os.O_RDWR)
		while True:
		    for fd in select.select([master, fifo], [], [])[0]:
		        data = os.read(fd, 4096)
		        if fd == fifo:
		            os.write(master, data)
		        else:
		            out.write(data)
	PYTHON
    wait_until 10 test -e "$output.tty"
    terminal=$(<"$output.tty")
}

output_goes_to_a_file() {
    a_busybox ct01 lxc.console.path=/var/log/ct01.console
    started ct01
    wait_for_line /var/log/ct01.console 'container is up' 10
    expect_eq "$(stat -c %a /var/log/ct01.console)" 600
    expect_ok nagaya stop ct01
    # Appended, not begun anew; a client sees the same.
    started ct01
    nagaya exec ct01 -- sh -c 'echo second >/dev/console'
    wait_for_line /var/log/ct01.console 'second' 10
    expect_match "$(expect_ok nagaya console --log ct01)" second
    expect_eq "$(grep -c 'container is up' /var/log/ct01.console)" 2
    rm /var/log/ct01.console
}

it_is_typed_to_on_a_terminal() {
    local terminal before
    terminal_of_the_host "$case_dir/output" "$case_dir/input"
    before=$(stty -a -F "$terminal" | tr -d '\n')
    a_shell ct01 lxc.console.path="$terminal"
    expect_ok nagaya start ct01
    echo 'echo typed >/result; echo an"swer"' >"$case_dir/input"
    wait_until 10 test -s "$(rootfs ct01)/result"
    expect_eq "$(cat "$(rootfs ct01)/result")" typed
    wait_for_line "$case_dir/output" '^answer' 10
    expect_match "$(expect_ok nagaya console --log ct01)" answer
    # It is a terminal of its own that the container has, and never the host's.
    expect_eq "$(nagaya exec ct01 -- sh -c 'ls /dev/pts')" "$(printf '0\n1\nptmx')"
    expect_ok nagaya stop --kill ct01
    expect_eq "$(stty -a -F "$terminal" | tr -d '\n')" "$before" 'the settings of the terminal'
}

a_reboot_keeps_it() {
    a_busybox ct01 lxc.console.path=/var/log/ct01.console
    started ct01
    rm "$(rootfs ct01)/ready"
    nagaya exec ct01 -- kill -TERM 1 || true
    ready ct01
    wait_until 10 bash -c '[ "$(grep -c "container is up" /var/log/ct01.console)" = 2 ]'
    expect_eq "$(grep -c 'container is up' /var/log/ct01.console)" 2
    rm /var/log/ct01.console
}

none_is_none() {
    a_busybox ct01 lxc.console.path=none
    started ct01
    expect_eq "$(readlink "/proc/$(property ct01 InitPID)/fd/1")" /dev/null
    expect_bus_error NoSuchConsole . "$(object_path ct01)" org.nagaya1.Container.OpenConsole 0 '{}'
}

what_others_could_change_is_refused() {
    a_busybox ct01 lxc.console.path=/srv/others/console
    mkdir -p /srv/others
    chown nagaya-alice /srv/others
    touch /srv/others/console
    expect_fails_with 1 '/srv/others/console.*others' nagaya start ct01
    rm -r /srv/others
    ln -s /srv/absent /srv/others
    expect_fails_with 1 '/srv/others/console' nagaya start ct01
    rm /srv/others
    sed -i 's,^lxc.console.path.*,lxc.console.path = /srv/link,' /var/lib/lxc/ct01/config
    ln -s /srv/made /srv/link
    expect_fails_with 1 '/srv/link' nagaya start ct01
    [ ! -e /srv/made ] || flunk "a file was made through a link"
    rm /srv/link
    expect_eq "$(state ct01)" stopped
}

# The files of the log, of 4 KiB each at most: lines of a known length fill them.
a_log_is_rotated() {
    a_busybox ct01 lxc.console.logfile=/var/log/ct01.log lxc.console.size=4KB \
        lxc.console.rotate=1
    started ct01
    nagaya exec ct01 -- sh -c 'i=0; while [ $i -lt 100 ]; do
        echo "line $i of output that fills the log, padded to some sixty bytes" >/dev/console
        i=$((i + 1)); done'
    wait_for_line /var/log/ct01.log 'line 99 ' 10
    [ -s /var/log/ct01.log.1 ] || flunk "there is no ct01.log.1"
    [ "$(stat -c %s /var/log/ct01.log)" -le 4096 ] || flunk "ct01.log has more than 4096 bytes"
    [ "$(stat -c %s /var/log/ct01.log.1)" -le 4096 ] || flunk "ct01.log.1 has more than 4096 bytes"
    rm /var/log/ct01.log*
}

a_log_has_an_end() {
    a_busybox ct01 lxc.console.logfile=/var/log/ct01.log lxc.console.size=4KB
    started ct01
    nagaya exec ct01 -- sh -c 'i=0; while [ $i -lt 100 ]; do
        echo "line $i of output that fills the log, padded to some sixty bytes" >/dev/console
        i=$((i + 1)); done'
    wait_until 10 bash -c 'nagaya console --log ct01 | grep -q "line 99 "'
    expect_eq "$(stat -c %s /var/log/ct01.log)" 4096
    [ ! -e /var/log/ct01.log.1 ] || flunk "it was rotated"
    rm /var/log/ct01.log
}

# "auto" are 128 KiB; without the key less is kept.
memory_is_as_large_as_asked_for() {
    a_busybox ct01 lxc.console.buffer.size=auto
    started ct01
    nagaya exec ct01 -- sh -c 'i=0; while [ $i -lt 1000 ]; do
        echo "line $i of output that fills the memory, padded to seventy" >/dev/console
        i=$((i + 1)); done'
    wait_until 10 bash -c 'nagaya console --log ct01 | grep -q "line 999 "'
    expect_match "$(expect_ok nagaya console --log ct01)" 'line 0 of'
    expect_ok nagaya stop ct01
    sed -i '/buffer.size/d' /var/lib/lxc/ct01/config
    started ct01
    nagaya exec ct01 -- sh -c 'i=0; while [ $i -lt 1000 ]; do
        echo "line $i of output that fills the memory, padded to seventy" >/dev/console
        i=$((i + 1)); done'
    wait_until 10 bash -c 'nagaya console --log ct01 | grep -q "line 999 "'
    expect_no_match "$(expect_ok nagaya console --log ct01)" 'line 0 of'
}

test_case "Output goes to a file" output_goes_to_a_file
test_case "It is typed to on a terminal of the host" it_is_typed_to_on_a_terminal
test_case "A reboot keeps it" a_reboot_keeps_it
test_case "None is none" none_is_none
test_case "What others could change is refused" what_others_could_change_is_refused
test_case "A log is rotated" a_log_is_rotated
test_case "A log has an end" a_log_has_an_end
test_case "The memory is as large as asked for" memory_is_as_large_as_asked_for
test_end
