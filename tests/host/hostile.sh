# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Root file systems of a bad neighbour: in place of what a start expects there, links that lead to
# the host, FIFOs that nobody writes to, devices. And a record of the host, to see whether any of it
# was touched.

# Something of the host at a path that a root file system can name.
watched=/srv/watched

make_watched() {
    mkdir -p "$watched/dir/below"
    echo untouched >"$watched/file"
    echo untouched >"$watched/dir/file"
    chmod 0700 "$watched/dir"
}

# What of the host could be hit, one thing a line. Modification times are part of it: a file made
# and removed leaves a trace in its directory.
host_record() {
    awk '{ print $4, $5, $6 }' /proc/1/mountinfo | sort
    # A terminal changes with what is written to it.
    find "$watched" /etc /dev -xdev -printf '%p %y %m %U:%G %s %T@ %l\n' |
        grep -v -E '^/dev/(pts|console|ptmx)' | sort
    sha256sum "$watched/file" "$watched/dir/file" /usr/libexec/nagaya/nagaya-run
    cat /proc/sys/kernel/{core_pattern,hostname} /proc/sys/vm/overcommit_memory
    dmesg 2>/dev/null | grep -c hostile || true
}

# The ways to lie about a path; the first word of each makes it.
hostile_kinds=(absolute upwards magic process descriptor fifo character block file socket)

# put_hostile KIND PATH: instead of what is there.
put_hostile() {
    local kind=$1 path=$2
    rm -rf "$path"
    mkdir -p "$(dirname "$path")"
    case $kind in
    absolute) ln -s "$watched/dir" "$path" ;;
    upwards) ln -s "../../../../../../../../../../$watched/dir" "$path" ;;
    magic) ln -s "/proc/1/root$watched/dir" "$path" ;;
    process) ln -s /proc/self/cwd "$path" ;;
    descriptor) ln -s /proc/self/fd/3 "$path" ;;
    fifo) mkfifo "$path" ;;
    character) mknod -m 0666 "$path" c 1 11 ;; # the kernel's log
    block) mknod -m 0666 "$path" b 7 0 ;;      # the first loop device
    file) echo hostile >"$path" ;;
    socket) python3 -c 'import socket, sys, os
os.chdir(os.path.dirname(sys.argv[1]))
socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))' "$path" ;;
    esac
}

# What a start, an attach or an entry of the configuration looks at.
hostile_places=(dev proc sys run etc tmp var mnt mnt/dir mnt/file srv/relative etc/passwd etc/group
    etc/hostname dev/console dev/null dev/tty1 dev/tty dev/pts dev/ptmx dev/shm dev/mqueue dev/lxc
    dev/fd dev/.lxc-boot-id sys/fs)

# The settings under which all of these are used.
hostile_settings=(lxc.init.cmd='/bin/busybox sleep 1000' lxc.tty.dir=lxc lxc.tty.max=2
    'lxc.mount.entry=tmpfs mnt/dir tmpfs size=64k,create=dir 0 0'
    "lxc.mount.entry=$watched/file mnt/file none bind,ro,create=file 0 0"
    'lxc.mount.entry=srv/relative srv/copy none bind,relative,create=dir,optional 0 0'
    'lxc.mount.entry=mqueue dev/mqueue mqueue create=dir,optional 0 0'
    'lxc.mount.entry=tmpfs run tmpfs size=64k,create=dir,optional 0 0')
