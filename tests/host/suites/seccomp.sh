#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Profiles of system calls: every action, for init and for what is attached.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

inside() {
    nagaya exec ct01 -- "$@"
}

# profiled LINE...: ct01 with that profile, started. The directory is made by one of two calls.
profiled() {
    printf '%s\n' "$@" >"$case_dir/profile"
    a_busybox ct01 "lxc.seccomp.profile=$case_dir/profile" "${settings[@]}"
    started ct01
    expect_match "$(cat "/proc/$(property ct01 InitPID)/status")" 'Seccomp:.2'
}
settings=()

an_error_as_asked_for() {
    profiled 2 denylist 'mkdir errno 28' 'mkdirat errno 28'
    expect_fails_with 1 'No space left' inside mkdir /tmp/x
    expect_ok inside sh -c 'echo x >/tmp/y'
}

a_kill_and_a_trap() {
    profiled 2 denylist 'mkdir kill' 'mkdirat kill' 'rmdir trap'
    expect_fails_with 159 '' inside mkdir /tmp/x
    expect_ok inside true
    # The call of rmdir(1), trapped.
    expect_fails_with 159 '' inside rmdir /proc
    expect_eq "$(state ct01)" running
}

arguments_decide() {
    # socket(2): AF_INET is 2, AF_INET6 10; by the sign of a comparison or its name.
    profiled 2 denylist 'kill errno 1 [1,9,SCMP_CMP_EQ]' 'tkill errno 1'
    inside sh -c 'sleep 1000 & echo $! >/pid; wait' &
    wait_until 10 test -s "$(rootfs ct01)/pid"
    expect_fails_with 1 'not permitted' inside sh -c 'kill -9 $(cat /pid)'
    expect_ok inside sh -c 'kill -15 $(cat /pid)'
}

only_what_is_allowed() {
    # All there are but two, for version 1 knows no names: mkdir 83, mkdirat 258.
    { printf '1\nallowlist\n' && seq 0 334 | grep -v -x -e 83 -e 258 && seq 424 447; } >"$case_dir/profile"
    a_busybox ct01 "lxc.seccomp.profile=$case_dir/profile"
    started ct01
    expect_fails_with 159 '' inside mkdir /tmp/x
    expect_ok inside ls /
}

without_anybody_to_ask() {
    profiled 2 denylist 'mkdir notify' 'mkdirat notify'
    expect_fails_with 1 'Function not implemented' inside mkdir /tmp/x
}

# The proxy is asked over LXC's own protocol. This one refuses what is called "refused", lies about
# "lied", and lets the kernel do the rest; it writes down what it was told.
proxy() {
    python3 - "$1" "$2" <<-'PYTHON' &
		import array, os, socket, struct, sys
		server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		server.bind(sys.argv[1])
		server.listen()
		log = open(sys.argv[2], "a", buffering=1)
		while True:
		    client, _ = server.accept()
		    if os.fork() == 0:
		        break
		while True:
		    data, ancillary, _, _ = client.recvmsg(4096, 64)
		    if not data:
		        break
		    _, monitor, init, request, response, _, cookie = struct.unpack_from("=QiiHHH2xQ", data)
		    ident, pid, _, call = struct.unpack_from("=QIIi", data, 32)
		    arguments = struct.unpack_from("=6Q", data, 32 + 32)
		    fds = array.array("i")
		    fds.frombytes(ancillary[0][2])
		    path = os.pread(fds[1], 64, arguments[0 if call == 83 else 1]).split(b"\0")[0].decode()
		    text = data[32 + request + response:32 + request + response + cookie].decode()
		    print(path, text, init, os.readlink("exe", dir_fd=fds[0]), file=log)
		    answer = {"/tmp/refused": (0, -28, 0), "/tmp/lied": (0, 0, 0)}.get(path, (0, 0, 1))
		    client.send(data[:32 + request] + struct.pack("=QqiI", ident, *answer))
		    for fd in fds:
		        os.close(fd)
	PYTHON
    wait_until 10 test -S "$1"
}

somebody_is_asked() {
    proxy "$case_dir/socket" "$case_dir/asked"
    settings=("lxc.seccomp.notify.proxy=unix:$case_dir/socket" lxc.seccomp.notify.cookie=mine)
    profiled 2 denylist 'mkdir notify' 'mkdirat notify'
    expect_ok inside mkdir /tmp/done
    [ -d "$(rootfs ct01)/tmp/done" ] || flunk "the kernel did not do it"
    expect_fails_with 1 'No space left' inside mkdir /tmp/refused
    expect_ok inside mkdir /tmp/lied
    [ ! -e "$(rootfs ct01)/tmp/lied" ] || flunk "it was done all the same"
    expect_match "$(<"$case_dir/asked")" \
        "^/tmp/done mine $(property ct01 InitPID) /bin/busybox"$'\n'"/tmp/refused mine "
    # Init itself, and what it starts.
    printf '#!/bin/sh\nmkdir /tmp/refused 2>/init.said\n: >/init.done\nexec /sbin/quick-init\n' \
        >"$(rootfs ct01)/sbin/asks"
    chmod 0755 "$(rootfs ct01)/sbin/asks"
    expect_ok nagaya stop ct01
    sed -i 's,^lxc.init.cmd.*,lxc.init.cmd = /sbin/asks,' /var/lib/lxc/ct01/config
    started ct01
    expect_match "$(cat "$(rootfs ct01)/init.said")" 'No space left'
}

nobody_is_there_to_be_asked() {
    settings=("lxc.seccomp.notify.proxy=unix:$case_dir/absent")
    profiled 2 denylist 'mkdir notify' 'mkdirat notify'
    expect_fails_with 1 'Function not implemented' inside mkdir /tmp/x
    expect_fails_with 1 'Function not implemented' inside mkdir /tmp/x
    journalctl --sync
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" 'Cannot ask .*absent'
    # It comes later.
    proxy "$case_dir/absent" "$case_dir/asked"
    expect_ok inside mkdir /tmp/x
}

test_case "An error as asked for" an_error_as_asked_for
test_case "A kill and a trap" a_kill_and_a_trap
test_case "Arguments decide" arguments_decide
test_case "Only what is allowed" only_what_is_allowed
test_case "Without anybody to ask" without_anybody_to_ask
test_case "Somebody is asked" somebody_is_asked
test_case "Nobody is there to be asked" nobody_is_there_to_be_asked
test_end
