# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2030,SC2031,SC2034,SC2086
#
# What the suites are written with. A suite runs as root inside of a disposable host or of a virtual
# machine, sources this file, calls test_case for each case and test_end at the end; it prints TAP. A
# case runs in a process group of its own, with `set -e`, and is killed at its deadline. No case sleeps
# for a time and hopes: what happens later is waited for, with a deadline.

set -u -o pipefail

tests=/opt/nagaya-tests/host
tools=/opt/nagaya-test-tools
debian_root=/opt/nagaya-test-debian
socket=/run/nagaya/org.nagaya1
# How many times longer than on a machine things may take here.
slowness=${NAGAYA_SLOWNESS:-1}
case_deadline=$((${NAGAYA_CASE_DEADLINE:-90} * slowness))
command_deadline=$((60 * slowness))
PATH=$PATH:$tests
work=$(mktemp -d /tmp/suite.XXXXXX)
# An ordinary user writes there, too, when a case says so.
chmod 0711 "$work"
case_number=0
case_failures=0
# Which part of a suite this is that goes on after a reboot: see test_reboot.
part=1
part_file=/var/lib/nagaya-test-part
if [ -e "$part_file" ]; then
    read -r part case_number case_failures <"$part_file"
    rm "$part_file"
fi

# ---- cases

# test_case SENTENCE FUNCTION: exit status 77 of the function is a skip; its last line says why.
test_case() {
    local sentence=$1 function=$2 status=0 pid watchdog begin=${EPOCHREALTIME/[.,]/}
    case_number=$((case_number + 1))
    if [ -n "${NAGAYA_CASE-}" ] && [[ ! $sentence =~ $NAGAYA_CASE ]]; then
        printf 'ok %d - %s # SKIP not asked for\n' "$case_number" "$sentence"
        return 0
    fi
    mkdir "$work/$case_number"
    set -m
    (
        set -e
        case_dir=$work/$case_number
        "$function"
    ) </dev/null >"$work/output" 2>&1 &
    pid=$!
    (
        sleep "$case_deadline"
        echo "The case took more than $case_deadline s" >>"$work/output"
        kill -KILL -- -"$pid"
    ) </dev/null >/dev/null 2>&1 &
    watchdog=$!
    set +m
    wait "$pid" || status=$?
    kill -KILL -- -"$watchdog" 2>/dev/null
    wait "$watchdog" 2>/dev/null
    kill -KILL -- -"$pid" 2>/dev/null
    case_cleanup
    case_report "$status" "$sentence"
    printf '# %d ms\n' $(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
}

case_report() {
    case $1 in
    0) printf 'ok %d - %s\n' "$case_number" "$2" ;;
    77) printf 'ok %d - %s # SKIP %s\n' "$case_number" "$2" "$(tail -n 1 "$work/output")" ;;
    *)
        printf 'not ok %d - %s\n' "$case_number" "$2"
        printf '# exit status %s\n' "$1"
        sed 's/^/# /' "$work/output"
        case_failures=$((case_failures + 1))
        ;;
    esac
}

# What a case left behind must not fail the next one. A case that wants to prove that nothing is
# left asks before its end.
case_cleanup() {
    local id
    pkill -CONT polkitd
    if compgen -G '/run/systemd/system/*' >/dev/null; then
        rm -rf /run/systemd/system/*
        systemctl daemon-reload
    fi
    if [ -L /etc/systemd/system/polkit.service ]; then
        systemctl unmask polkit.service
    fi
    for id in $(sort -u "$work/containers" 2>/dev/null); do
        systemctl kill --signal=KILL "nagaya@$id.service"
        systemctl stop "nagaya@$id.service"
        systemctl reset-failed "nagaya@$id.service"
        timeout 20 nagaya destroy --force "$id"
        rm -rf "/var/lib/lxc/${id:?}"
    done
    rm -f "$work/containers" /etc/polkit-1/rules.d/*-test.rules
} >/dev/null 2>&1

skip() {
    printf '%s\n' "$*"
    exit 77
}

test_end() {
    printf '1..%d\n' "$case_number"
    if [ "$case_failures" -gt 0 ]; then
        echo "# the journal of this host, its last lines:"
        journalctl --no-pager --quiet -o short-monotonic -n "${NAGAYA_JOURNAL_LINES:-120}" |
            sed 's/^/# /'
        exit 1
    fi
    exit 0
}

# test_reboot: the end of a part. `vm run` reboots its machine and calls the suite again, with $part
# one higher.
test_reboot() {
    echo "$((part + 1)) $case_number $case_failures" >"$part_file"
    exit 100
}

# ---- expectations

flunk() {
    printf '%s\n' "$@"
    printf 'at: %s\n' "$(caller_line)"
    exit 1
}

caller_line() {
    local frame=0 line
    while line=$(caller "$frame"); do
        if [[ $line != *"/lib.sh" ]]; then
            printf '%s\n' "$line"
            return
        fi
        frame=$((frame + 1))
    done
}

# expect_eq ACTUAL EXPECTED [WHAT]
expect_eq() {
    [ "$1" = "$2" ] || flunk "${3:-value}: expected '$2'" "${3:-value}: got      '$1'"
}

# expect_match TEXT REGULAR-EXPRESSION
expect_match() {
    [[ $1 =~ $2 ]] || flunk "expected a match of: $2" "got: $1"
}

expect_no_match() {
    [[ ! $1 =~ $2 ]] || flunk "expected no match of: $2" "got: $1"
}

# Functions have deadlines inside.
with_deadline() {
    if [ "$(type -t "$1")" = function ]; then
        "$@"
    else
        timeout "$command_deadline" "$@"
    fi
}

# expect_ok COMMAND...: its standard output is passed on.
expect_ok() {
    local status=0
    with_deadline "$@" 2>"$case_dir/stderr" || status=$?
    [ "$status" = 0 ] || flunk "exit status $status of: $*" "$(cat "$case_dir/stderr")" >&2
}

# expect_fails_with STATUS REGULAR-EXPRESSION COMMAND...: matched against standard error.
expect_fails_with() {
    local expected=$1 pattern=$2 status=0 text
    shift 2
    with_deadline "$@" >"$case_dir/stdout" 2>"$case_dir/stderr" </dev/null || status=$?
    text=$(<"$case_dir/stderr")
    [ "$status" = "$expected" ] ||
        flunk "exit status $status instead of $expected of: $*" "$text" "$(cat "$case_dir/stdout")"
    [[ $text =~ $pattern ]] || flunk "expected a match of: $pattern" "got: $text" "of: $*"
}

# ---- the bus

object_path() {
    # As sd_bus_path_encode(3): all but letters and digits (not first) are escaped.
    local id=$1 out='' i c
    for ((i = 0; i < ${#id}; i++)); do
        c=${id:i:1}
        if [[ $c = [A-Za-z] || ($i -gt 0 && $c = [0-9]) ]]; then
            out+=$c
        else
            out+=_$(printf '%02x' "'$c")
        fi
    done
    printf '/org/nagaya1/container/%s\n' "$out"
}

# manager MEMBER SIGNATURE ARGUMENT...; container ID MEMBER SIGNATURE ARGUMENT...
manager() {
    timeout "$command_deadline" \
        busctl --timeout="$command_deadline" call org.nagaya1 /org/nagaya1 org.nagaya1.Manager "$@"
}

container() {
    local path
    path=$(object_path "$1")
    shift
    timeout "$command_deadline" \
        busctl --timeout="$command_deadline" call org.nagaya1 "$path" org.nagaya1.Container "$@"
}

# property ID NAME: its value, without the signature and quotes.
property() {
    busctl --json=short get-property org.nagaya1 "$(object_path "$1")" org.nagaya1.Container "$2" |
        jq -r .data
}

state() {
    property "$1" State
}

# expect_bus_error NAME REGULAR-EXPRESSION PATH INTERFACE.MEMBER ARGUMENT... (GVariant text): the
# error's name without org.nagaya1.Error. or whole, and the sentence.
expect_bus_error() {
    local name=$1 pattern=$2 path=$3 member=$4 text status=0
    shift 4
    [[ $name = *.* ]] || name=org.nagaya1.Error.$name
    text=$("${as_user[@]}" timeout "$command_deadline" gdbus call --system --timeout "$command_deadline" \
        --dest org.nagaya1 --object-path "$path" --method "$member" "$@" 2>&1) || status=$?
    [ "$status" != 0 ] || flunk "$member did not fail" "got: $text"
    [[ $text =~ GDBus\.Error:([A-Za-z0-9_.]+):\ (.*) ]] || flunk "no D-Bus error: $text"
    expect_eq "${BASH_REMATCH[1]}" "$name" "error name of $member (${BASH_REMATCH[2]})"
    expect_match "${BASH_REMATCH[2]}" "$pattern"
}

# Prefix of commands that shall run as another user: as_user=(as-user nagaya-alice).
as_user=()

# ---- polkit

# rule BODY: polkit takes it at once, but says so only in its journal.
rule() {
    local before
    systemctl start polkit.service
    before=$(rules_loaded)
    cat >/etc/polkit-1/rules.d/10-test.rules <<-RULE
		polkit.addRule(function(action, subject) {
		    $1
		    return polkit.Result.NOT_HANDLED;
		});
	RULE
    chmod 0644 /etc/polkit-1/rules.d/10-test.rules
    wait_until 10 rules_were_loaded_since "$before"
}

rules_loaded() {
    journalctl --no-pager -o cat -u polkit.service | grep -c 'Finished loading' || true
}

rules_were_loaded_since() {
    [ "$(rules_loaded)" -gt "$1" ]
}

# ---- varlink

# varlink METHOD [PARAMETERS]: the parameters of the reply. The method without org.nagaya1.
varlink() {
    local method=$1 reply status=0
    [[ $method = org.* ]] || method=org.nagaya1.$method
    reply=$("$tools/varlink" --deadline "$command_deadline" "$socket" "$method" "${2-"{}"}") ||
        status=$?
    [ "$status" = 0 ] || flunk "varlink $method ${2-}: status $status, reply: $reply" >&2
    jq -c '.parameters // {}' <<<"$reply"
}

# expect_varlink_error NAME REGULAR-EXPRESSION METHOD [PARAMETERS]: the name without the interface,
# or whole; the expression is matched against the whole parameters.
expect_varlink_error() {
    local name=$1 pattern=$2 method=$3 reply status=0
    [[ $method = org.* ]] || method=org.nagaya1.$method
    [[ $name = *.* ]] || name=${method%.*}.$name
    reply=$("${as_user[@]}" "$tools/varlink" --deadline "$command_deadline" "$socket" "$method" \
        "${4-"{}"}") || status=$?
    [ "$status" = 1 ] || flunk "varlink $method: status $status, reply: $reply"
    expect_eq "$(jq -r .error <<<"$reply")" "$name" "error of $method ($reply)"
    expect_match "$(jq -c .parameters <<<"$reply")" "$pattern"
}

# ---- events

# events_begin: from now on all four channels are recorded: the signals on the manager and on the
# containers, PropertiesChanged, and the varlink stream.
events_begin() {
    : >"$case_dir/bus.json" && : >"$case_dir/varlink.json"
    busctl --json=short --match="type='signal',path_namespace='/org/nagaya1'" monitor \
        >"$case_dir/bus.json" 2>"$case_dir/bus.stderr" &
    events_pids=$!
    "$tools/varlink" --more --deadline 0 "$socket" org.nagaya1.Manager.Monitor \
        >"$case_dir/varlink.json" 2>&1 &
    events_pids+=" $!"
    wait_for_line "$case_dir/varlink.json" '"event":"ready"' 10
    wait_for_line "$case_dir/bus.stderr" Monitoring 10
}

# following PID: until that client of the varlink socket, a `nagaya monitor` say, is connected.
following() {
    wait_until 10 is_connected "$1"
    is_connected "$1" || flunk "process $1 is not connected to the service"
}

is_connected() {
    ss -xHp state established | grep -q "pid=$1,"
}

events_end() {
    [ -z "${events_pids-}" ] || kill $events_pids 2>/dev/null
    events_pids=
}

# wait_for_line FILE REGULAR-EXPRESSION SECONDS: until the file, which grows, has such a line.
wait_for_line() {
    wait_until "$3" grep -E -q -s -- "$2" "$1"
    grep -E -q -- "$2" "$1" || flunk "no line like '$2' within $3 s in $(basename "$1"):" \
        "$(tail -n 30 "$1")"
}

# The states that each channel told of a container, in order, on one line.
trace_manager() {
    jq -r --arg id "$1" 'select(.interface == "org.nagaya1.Manager" and .member == "StateChanged"
        and .payload.data[0] == $id) | .payload.data[3]' "$case_dir/bus.json" | paste -s -d ' '
}

trace_container() {
    jq -r --arg path "$(object_path "$1")" 'select(.interface == "org.nagaya1.Container" and
        .member == "StateChanged" and .path == $path) | .payload.data[1]' "$case_dir/bus.json" |
        paste -s -d ' '
}

trace_properties() {
    jq -r --arg path "$(object_path "$1")" 'select(.member == "PropertiesChanged" and .path == $path
        and .payload.data[0] == "org.nagaya1.Container") | .payload.data[1].State.data // empty' \
        "$case_dir/bus.json" | paste -s -d ' '
}

trace_varlink() {
    jq -r --arg id "$1" 'select(.parameters.event == "state" and .parameters.container == $id) |
        .parameters.state' "$case_dir/varlink.json" | paste -s -d ' '
}

# expect_trace ID "STATE STATE ...": since events_begin, exactly these, on each of the channels.
# The end is waited for: a state may only be told after the call that caused it has been answered.
expect_trace() {
    local id=$1 expected=$2 channel
    for channel in manager container properties varlink; do
        wait_until 10 trace_is_long_enough "$channel" "$id" "$expected"
        expect_eq "$("trace_$channel" "$id")" "$expected" "trace of '$id' on $channel"
    done
}

trace_is_long_enough() {
    [ "$("trace_$1" "$2" | wc -w)" -ge "$(wc -w <<<"$3")" ]
}

# wait_until SECONDS COMMAND...: for what no stream tells of (a process that ends, a file that
# vanishes). Does not fail: the expectation after it does, and says more.
wait_until() {
    local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * slowness * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/[.,]/}" -lt "$deadline" ] || return 0
        sleep 0.02
    done
}

# ---- containers

# uses ID...: destroyed at the end of the case, whatever happened.
uses() {
    printf '%s\n' "$@" >>"$work/containers"
}

# a_busybox ID [KEY=VALUE]...: a container made by hand, in milliseconds, in LXC's format. Its init
# is a shell script that says in /ready when it listens to signals, writes a line to /boots at each
# boot, and obeys the signals at once: SIGUSR1 ends it, SIGTERM reboots.
a_busybox() {
    local id=$1 dir=/var/lib/lxc/$1 line
    shift
    uses "$id"
    install -d -m 0770 "$dir"
    busybox_root "$dir/rootfs"
    {
        printf 'lxc.rootfs.path = dir:%s/rootfs\n' "$dir"
        printf 'lxc.uts.name = %s\n' "$id"
        printf '%s\n' 'lxc.signal.halt = SIGUSR1' 'lxc.signal.reboot = SIGTERM' \
            'lxc.init.cmd = /sbin/quick-init' 'lxc.tty.max = 1' 'lxc.pty.max = 1024' \
            'lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed' 'lxc.net.0.type = empty'
        for line in "$@"; do
            printf '%s = %s\n' "${line%%=*}" "${line#*=}"
        done
    } >"$dir/config.new"
    mv "$dir/config.new" "$dir/config"
    wait_until 5 container_is_known "$id"
}

# rootfs ID: where the root file system of such a container lies on the host.
rootfs() {
    printf '/var/lib/lxc/%s/rootfs\n' "$1"
}

# ready ID: until its init listens to signals. Before that the kernel drops what is sent to it.
ready() {
    wait_until 10 test -e "$(rootfs "$1")/ready"
    [ -e "$(rootfs "$1")/ready" ] || flunk "the init of '$1' was not ready within 10 s"
}

# started ID: started, and ready.
started() {
    rm -f "$(rootfs "$1")/ready"
    expect_ok nagaya start "$1"
    ready "$1"
}

container_is_known() {
    busctl --quiet call org.nagaya1 /org/nagaya1 org.nagaya1.Manager GetContainer s "$1" 2>/dev/null
}

# Made once, copied for each container.
busybox_root() {
    [ -d "$work/busybox" ] || make_busybox_root "$work/busybox"
    mkdir -p "$(dirname "$1")"
    cp -a "$work/busybox" "$1"
}

make_busybox_root() {
    local root=$1
    mkdir -p "$root"/{bin,sbin,dev,proc,sys,etc,tmp,run,root,mnt,srv,usr/bin,usr/sbin,var}
    cp /bin/busybox "$root/bin/busybox"
    # One process, not four hundred.
    (cd "$root/bin" && ./busybox --list | perl -ne 'chomp; symlink "busybox", $_')
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    cat >"$root/sbin/quick-init" <<-'INIT'
		#!/bin/sh
		trap 'poweroff -f' USR1
		trap 'rm -f /ready; reboot -f' TERM
		echo "container is up"
		echo boot >>/boots
		: >/ready
		while :; do
		    sleep 1000000 &
		    wait $!
		done
	INIT
    chmod 0755 "$root/sbin/quick-init"
}

# ---- what must not be left

# remains ID: everything of a container that a host could still hold, one a line.
remains() {
    local id=$1
    grep -F "/$id/" /proc/self/mountinfo | sed 's/^/mount: /'
    find /sys/fs/cgroup -type d -name "nagaya@$id.service" -printf 'cgroup: %p\n'
    grep -s -F "@/var/lib/lxc/$id/command" /proc/net/unix | sed 's/^/abstract socket: /'
    find /run/nagaya/control /run/nagaya/start /run/nagaya/volatile -name "$id" -printf 'file: %p\n' \
        2>/dev/null
    pgrep -a -f "nagaya-run .*\b$id\b" | sed 's/^/process: /'
    true
}

nothing_remains() {
    [ -z "$(remains "$1")" ]
}

expect_nothing_remains() {
    wait_until 10 nothing_remains "$1"
    expect_eq "$(remains "$1")" "" "what remains of '$1'"
}

unit_state() {
    systemctl show --value -p ActiveState "nagaya@$1.service"
}

supervisor_pid() {
    systemctl show --value -p MainPID "nagaya@$1.service"
}

# unit_is ID STATE
unit_is() {
    [ "$(unit_state "$1")" = "$2" ]
}

state_is() {
    [ "$(state "$1" 2>/dev/null)" = "$2" ]
}

# wait_for_state ID STATE: through `nagaya wait`, which watches the service's own stream.
wait_for_state() {
    timeout $((30 * slowness)) nagaya wait "$1" "$2" ||
        flunk "'$1' is $(state "$1"), not $2, after $((30 * slowness)) s"
}

process_is_gone() {
    ! kill -0 "$1" 2>/dev/null
}
