#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hooks: when each of them runs, in which namespaces and root, what it is told, and what its failure does.
# shellcheck source=tests/host/lib.sh disable=SC2016,SC2031,SC2034,SC2086
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container
seen=$work/seen
kinds=(mnt pid uts ipc net user cgroup)
at_start=(pre-start pre-mount mount autodev start-host start)

# hook TEXT [FILE]: a script, for everybody to read: /srv/hook, or another file.
hook() {
    local file=${2-/srv/hook}
    printf '#!/bin/sh\n%s\n' "$1" >"$file"
    chmod 0755 "$file"
}

# a_watched ID TYPE...: a container with such a hook of each type, which adds what it says to /srv/told.
# In the container the same file is /srv/told, too.
a_watched() {
    local id=$1 type lines=()
    shift
    rm -f /srv/told && : >/srv/told
    for type in "$@"; do
        lines+=("lxc.hook.$type=/srv/hook")
    done
    a_busybox "$id" "${lines[@]}" 'lxc.mount.entry=/srv srv none bind 0 0'
}

told() {
    paste -s -d ' ' /srv/told
}

# The script of the article, and what it prints.
seed_hook() {
    cat >"$1" <<-'SCRIPT'
		#!/bin/bash
		cat << EOF > /var/log/ct.log
		The number of args: $#
		Container name: $1
		Section: $2
		Hook type: $3
		Additional arg: $4

		LXC_ROOTFS_MOUNT: $LXC_ROOTFS_MOUNT
		LXC_CONFIG_FILE: $LXC_CONFIG_FILE
		LXC_SRC_NAME: $LXC_SRC_NAME
		LXC_NAME: $LXC_NAME 
		LXC_ROOTFS_PATH: $LXC_ROOTFS_PATH
		EOF
	SCRIPT
    chmod 0755 "$1"
}

# seed_text TYPE
seed_text() {
    printf '%s\n' 'The number of args: 3' 'Container name: ct01' 'Section: lxc' "Hook type: $1" \
        'Additional arg: ' '' 'LXC_ROOTFS_MOUNT: /usr/lib/x86_64-linux-gnu/lxc' \
        'LXC_CONFIG_FILE: /var/lib/lxc/ct01/config' 'LXC_SRC_NAME: ' 'LXC_NAME: ct01 ' \
        'LXC_ROOTFS_PATH: /var/lib/lxc/ct01/rootfs'
}

seed_mount=lxc.rootfs.mount=/usr/lib/x86_64-linux-gnu/lxc
mkdir -p /usr/lib/x86_64-linux-gnu/lxc

the_article_s_pre_start() {
    a_busybox ct01 "$seed_mount" lxc.hook.pre-start=/var/lib/lxc/ct01/hook
    seed_hook /var/lib/lxc/ct01/hook
    rm -f /var/log/ct.log
    started ct01
    expect_eq "$(cat /var/log/ct.log)" "$(seed_text pre-start)"
}

the_article_s_start() {
    a_busybox ct01 "$seed_mount" lxc.hook.start=/hook
    local root
    root=$(rootfs ct01)
    mkdir -p "$root/var/log"
    printf '#!/bin/sh\nexec /bin/sh "$@"\n' >"$root/bin/bash"
    chmod 0755 "$root/bin/bash"
    seed_hook "$root/hook"
    rm -f /var/log/ct.log
    started ct01
    expect_eq "$(nagaya exec ct01 -- cat /var/log/ct.log)" "$(seed_text start)"
    [ ! -e /var/log/ct.log ] || flunk "the start hook wrote to the host"
}

the_article_s_post_stop() {
    a_busybox ct01 "$seed_mount" lxc.hook.post-stop=/var/lib/lxc/ct01/hook
    seed_hook /var/lib/lxc/ct01/hook
    rm -f /var/log/ct.log
    started ct01
    [ ! -e /var/log/ct.log ] || flunk "the post-stop hook ran before the end"
    expect_ok nagaya stop ct01
    expect_eq "$(cat /var/log/ct.log)" "$(seed_text post-stop)"
}

namespaces_of() {
    local kind
    for kind in "${kinds[@]}"; do
        printf ' %s' "$(readlink "/proc/$1/ns/$kind")"
    done
    echo
}

each_in_its_namespace() {
    a_watched ct01 "${at_start[@]}" stop post-stop
    hook "for kind in ${kinds[*]}; do list=\"\$list \$(readlink /proc/self/ns/\$kind)\"; done
        echo \$3\$list >>/srv/told"
    local type host inside
    started ct01
    host=$(namespaces_of self)
    inside=$(namespaces_of "$(property ct01 InitPID)")
    expect_ok nagaya stop ct01
    for type in pre-start start-host stop post-stop; do
        expect_eq "$(grep "^$type " /srv/told)" "$type$host"
    done
    for type in pre-mount mount autodev start; do
        expect_eq "$(grep "^$type " /srv/told)" "$type$inside"
    done
    [ "$host" != "$inside" ] || flunk "there is no difference"
    expect_eq "$(cut -d ' ' -f 1 /srv/told | paste -s -d ' ')" \
        'pre-start pre-mount mount autodev start start-host stop post-stop' "the order"
}

# What one of them leaves running is the unit's, and not in the way of limits.
each_in_its_group() {
    a_watched ct01 "${at_start[@]}" stop post-stop
    hook 'echo "$3 $(sed -n s/^0:://p /proc/self/cgroup)" >>/srv/told; [ $3 != pre-start ] || sleep 1001 & exit 0'
    started ct01
    expect_match "$(sed -n s/^0:://p "/proc/$(pgrep -x -f 'sleep 1001')/cgroup")" '/nagaya@ct01\.service/supervisor$'
    expect_ok nagaya stop ct01
    local type
    for type in pre-start start-host stop post-stop; do
        expect_match "$(grep "^$type " /srv/told)" '/nagaya@ct01\.service/supervisor$'
    done
    for type in pre-mount mount autodev start; do
        expect_eq "$(grep "^$type " /srv/told)" "$type /"
    done
    wait_until 5 unit_is ct01 inactive
    ! pgrep -x -f 'sleep 1001' >/dev/null || flunk "what the pre-start hook started outlives the unit"
}

each_in_its_root() {
    a_watched ct01 "${at_start[@]}" post-stop
    hook 'case $3 in
        pre-start) ls $LXC_ROOTFS_MOUNT/sbin 2>/dev/null ;;
        pre-mount) ls $LXC_ROOTFS_MOUNT/sbin 2>/dev/null; mount -t tmpfs hook /mnt; echo x >/mnt/x ;;
        mount) test -e $LXC_ROOTFS_MOUNT/sbin/quick-init && echo $3; test -e $LXC_ROOTFS_MOUNT/proc/1 && echo proc
            test -e /mnt/x && echo tmpfs; echo y >$LXC_ROOTFS_MOUNT/root/by-mount ;;
        autodev) test -e $LXC_ROOTFS_MOUNT/dev/null || echo empty; stat -f -c %T $LXC_ROOTFS_MOUNT/dev
            echo z >$LXC_ROOTFS_MOUNT/dev/by-autodev ;;
        start) test -e /sbin/quick-init && echo $3; cat /root/by-mount /dev/by-autodev
            test -e $LXC_ROOTFS_MOUNT || echo away ;;
        post-stop) test -e /mnt/x || echo gone ;;
        esac >>/srv/told
        exit 0'
    started ct01
    [ ! -e /mnt/x ] || flunk "a hook's mount is on the host"
    expect_ok nagaya stop ct01
    expect_eq "$(told)" 'mount proc tmpfs empty tmpfs start y z away gone'
}

# Every variable, and no other; N stands for a number.
variables() {
    sed -E 's/(LXC_PID=)[0-9]+/\1N/; s,/proc/[0-9]+/fd/[0-9]+,/proc/N/fd/N,g' <<<"$1" |
        paste -s -d ' '
}

all_is_in_the_environment() {
    a_watched ct01 "${at_start[@]}" stop post-stop
    printf '%s\n' 'lxc.environment = COLOUR=red blue' 'lxc.environment.hooks = ONLY=hooks' \
        'lxc.environment.runtime = NOT=hooks' 'lxc.console.logfile = /var/log/ct01.console' \
        'lxc.log.level = INFO' >>/var/lib/lxc/ct01/config
    hook 'echo $(env | grep -E "^(LXC_|COLOUR|ONLY|NOT|NOTIFY|INVOC|LISTEN|container)" | sort) >>/srv/told
        echo "$# $*" >>/srv/told'
    started ct01
    expect_ok nagaya stop ct01
    local all='LXC_CGNS_AWARE=1 LXC_CONFIG_FILE=/var/lib/lxc/ct01/config LXC_CONSOLE_LOGPATH=/var/log/ct01.console'
    all+=' LXC_HOOK_VERSION=0 LXC_LOG_LEVEL=INFO'
    local last='LXC_NAME=ct01' roots='LXC_ROOTFS_MOUNT=/run/nagaya/rootfs LXC_ROOTFS_PATH=/var/lib/lxc/ct01/rootfs'
    local space='LXC_CGROUP_NS=/proc/N/fd/N' pid='LXC_PID=N'
    local expected=(
        "$all $last $roots" '3 ct01 lxc pre-start'
        "COLOUR=red blue $all $last $roots ONLY=hooks" '3 ct01 lxc pre-mount'
        "COLOUR=red blue $all $last $roots ONLY=hooks" '3 ct01 lxc mount'
        "COLOUR=red blue $all $last $roots ONLY=hooks" '3 ct01 lxc autodev'
        "COLOUR=red blue $all $last $roots ONLY=hooks container_ttys=pts/1" '3 ct01 lxc start'
        "$all $last $pid $roots" '3 ct01 lxc start-host'
    )
    all=${all/LXC_CONFIG/"$space LXC_CONFIG"}
    all=${all/ LXC_LOG/" LXC_IPC_NS=/proc/N/fd/N LXC_LOG"}
    last="LXC_MNT_NS=/proc/N/fd/N $last LXC_NET_NS=/proc/N/fd/N LXC_PID=N LXC_PID_NS=/proc/N/fd/N"
    last+=" $roots LXC_TARGET=stop LXC_UTS_NS=/proc/N/fd/N"
    local handles='mnt:/proc/N/fd/N pid:/proc/N/fd/N uts:/proc/N/fd/N ipc:/proc/N/fd/N'
    handles+=' net:/proc/N/fd/N cgroup:/proc/N/fd/N'
    # shellcheck disable=SC2178
    expected+=("${all/CGNS_AWARE=1 LXC_CGROUP/CGNS_AWARE=1 LXC_CGROUP} $last"
        "9 ct01 lxc stop $handles"
        "${all/CGNS_AWARE=1 LXC_CGROUP/CGNS_AWARE=1 LXC_CGROUP} $last"
        '3 ct01 lxc post-stop')
    local i=0 line
    while read -r line; do
        expect_eq "$(variables "$line")" "${expected[i]}" "line $i"
        i=$((i + 1))
    done </srv/told
    expect_eq "$i" "${#expected[@]}" "lines"
}

version_1_tells_by_variables() {
    a_watched ct01 pre-start start stop post-stop
    sed -i 's,/srv/hook$,/srv/hook "a b" c,' /var/lib/lxc/ct01/config
    echo 'lxc.hook.version = 1' >>/var/lib/lxc/ct01/config
    hook 'echo "$LXC_HOOK_TYPE $LXC_HOOK_SECTION $LXC_HOOK_VERSION $# $1 $2" >>/srv/told'
    started ct01
    expect_ok nagaya stop ct01
    expect_eq "$(told)" \
        'pre-start lxc 1 2 a b c start lxc 1 2 a b c stop lxc 1 2 a b c post-stop lxc 1 2 a b c'
}

the_stop_hook_enters_what_has_ended() {
    a_watched ct01 stop
    hook 'for argument; do case $argument in net:*) net=${argument#net:} ;; uts:*) uts=${argument#uts:} ;; esac; done
        echo $(nsenter --uts=$uts hostname) $(nsenter --net=$net ls /proc/self/net/dev_mcast >/dev/null && echo in) \
            $(readlink $net) >>/srv/told'
    started ct01
    local net
    net=$(readlink "/proc/$(property ct01 InitPID)/ns/net")
    expect_ok nagaya stop ct01
    expect_eq "$(told)" "ct01 in $net"
    ! grep -q -F "$net" <(find /proc/[0-9]*/ns/net -exec readlink {} + 2>/dev/null) ||
        flunk "the namespace has a process"
}

a_reboot_begins_anew() {
    a_watched ct01 pre-start start-host start stop post-stop
    hook 'echo "$3:$(env | grep -c -E "^LXC_(TARGET|PID|.*_NS)=") ${LXC_TARGET-none}" >>/srv/told'
    started ct01
    rm -f "$(rootfs ct01)/ready"
    kill -TERM "$(property ct01 InitPID)"
    ready ct01
    expect_ok nagaya stop ct01
    expect_eq "$(told)" \
        'pre-start:0 none start:0 none start-host:1 none stop:8 reboot post-stop:8 reboot pre-start:0 none start:0 none start-host:1 none stop:8 stop post-stop:8 stop'
}

# The second hook of the type is not run, and the ends always are.
a_failure_ends_the_start() {
    local type
    for type in "${at_start[@]}"; do
        a_watched ct01 "$type" stop post-stop
        echo "lxc.hook.$type = /bin/false" >>/var/lib/lxc/ct01/config
        hook "[ \$3 != $type ] || { echo the reason of $type; exit 4; }
            echo \"\$3 \$LXC_TARGET\" >>/srv/told"
        events_begin
        expect_bus_error HookFailed "Hook $type, '/srv/hook', ended with exit status 4: the reason of $type" \
            "$(object_path ct01)" $container_name.Start '{}'
        expect_trace ct01 'starting aborting stopping stopped'
        events_end
        expect_eq "$(told)" 'stop stop post-stop stop' "after $type"
        expect_varlink_error HookFailed "Hook $type, .*the reason of $type" Container.Start '{"container":"ct01"}'
        expect_fails_with 1 "Hook $type, .*the reason of $type" nagaya start ct01
        expect_nothing_remains ct01
        expect_ok nagaya destroy ct01
    done
}

a_failed_setup_has_its_end_hooks() {
    a_watched ct01 stop post-stop
    hook 'echo "$3 $LXC_TARGET" >>/srv/told'
    echo 'lxc.mount.entry = /nowhere mnt none bind 0 0' >>/var/lib/lxc/ct01/config
    expect_fails_with 1 '/nowhere' nagaya start ct01
    expect_eq "$(told)" 'stop stop post-stop stop'
}

a_failed_end_is_only_told() {
    a_watched ct01 stop post-stop
    hook 'echo "$3" >>/srv/told; echo "$3 is unhappy"; exit 1'
    started ct01
    expect_ok nagaya stop ct01
    expect_eq "$(told)" 'stop post-stop'
    expect_eq "$(state ct01)" stopped
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" \
        "Hook post-stop, '/srv/hook', ended with exit status 1: post-stop is unhappy"
}

a_failed_post_stop_cancels_a_reboot() {
    a_watched ct01 post-stop
    hook 'echo "$3 $LXC_TARGET" >>/srv/told; exit 1'
    started ct01
    kill -TERM "$(property ct01 InitPID)"
    wait_until 10 unit_is ct01 inactive
    expect_eq "$(state ct01)" stopped
    expect_eq "$(told)" 'post-stop reboot'
    expect_eq "$(wc -l <"$(rootfs ct01)/boots")" 1
}

output_is_in_the_journal() {
    a_watched ct01 pre-start mount start
    hook 'printf "$3 one\n\n$3 two\n" >&2; printf "no newline"'
    started ct01
    local type
    for type in pre-start mount start; do
        expect_eq "$(journalctl --no-pager -o json HOOK="$type" CONTAINER=ct01 --since today |
            jq -r .MESSAGE | tail -n 3 | paste -s -d '|')" \
            "Hook $type: $type one|Hook $type: $type two|Hook $type: no newline"
    done
}

# Whatever it writes, and wherever it runs.
the_last_lines_come_back() {
    a_watched ct01 start
    hook 'printf "first\n"; printf "\377\033[31m caf\303\251\n"; seq -s " " 1 200; echo last; exit 9'
    local pattern='ended with exit status 9: first [|] [?].\[31m café [|] 1 2 3 .* 200 [|] last'
    expect_bus_error HookFailed "$pattern" "$(object_path ct01)" $container_name.Start '{}'
    expect_varlink_error HookFailed 'first [|] .*café [|] .* [|] last' Container.Start '{"container":"ct01"}'
    hook 'seq 1 100000; exit 9'
    expect_fails_with 1 '[|] 99999 [|] 100000$' nagaya start ct01
}

no_shell_sees_the_line() {
    a_watched ct01
    echo "lxc.hook.pre-start = /srv/hook ; touch /srv/pwned \$HOME 'a b'" >>/var/lib/lxc/ct01/config
    hook 'printf "[%s]" "$@" >>/srv/told'
    started ct01
    expect_eq "$(told)" '[;][touch][/srv/pwned][$HOME][a b][ct01][lxc][pre-start]'
    [ ! -e /srv/pwned ] || flunk "a shell has run"
}

a_start_hook_must_be_there() {
    a_busybox ct01 lxc.hook.start=/no/such/hook
    expect_bus_error HookFailed "Start hook '/no/such/hook' not found in container" \
        "$(object_path ct01)" $container_name.Start '{}'
    expect_fails_with 1 "'hook-start-path'.*Start hook '/no/such/hook' not found in container" \
        nagaya start ct01
    # A link out of the root leads to nothing; what is only on the host is not found.
    ln -s /../../../../etc/passwd "$(rootfs ct01)/link"
    ln -s /srv/hook "$(rootfs ct01)/hook"
    hook :
    sed -i 's,^lxc.hook.start.*,lxc.hook.start = /hook,' /var/lib/lxc/ct01/config
    expect_fails_with 1 "Start hook '/hook' not found" nagaya start ct01
    expect_nothing_remains ct01
}

a_start_hook_is_checked_when_set() {
    a_busybox ct01
    expect_bus_error InvalidConfig 'lxc\.hook\.start.*absolute path in the container' \
        "$(object_path ct01)" $container_name.SetConfig lxc.hook.start hook '{}'
    expect_varlink_error InvalidConfig 'lxc\.hook\.start.*absolute path' Container.WriteConfig \
        '{"container":"ct01","text":"lxc.hook.start = ./hook\n"}'
    expect_fails_with 1 'quote' nagaya config ct01 set lxc.hook.mount "/bin/hook 'a"
    ! grep -q hook /var/lib/lxc/ct01/config || flunk "it was set"
    expect_ok nagaya config ct01 set lxc.hook.start '/bin/true a'
    started ct01
}

a_destroy_hook_may_refuse() {
    a_watched ct01 destroy
    hook 'echo "$# $1 $2 $3 $LXC_NAME $LXC_ROOTFS_PATH $LXC_CONFIG_FILE" >>/srv/told
        readlink /proc/self/ns/mnt >>/srv/told; echo still needed; exit 3'
    expect_fails_with 1 "Hook destroy, '/srv/hook', ended with exit status 3: still needed" \
        nagaya destroy ct01
    expect_eq "$(told)" \
        "3 ct01 lxc destroy ct01 /var/lib/lxc/ct01/rootfs /var/lib/lxc/ct01/config $(readlink /proc/1/ns/mnt)"
    expect_eq "$(state ct01)" stopped
    [ -d "$(rootfs ct01)/bin" ] || flunk "something is gone"
    expect_eq "$(journalctl --no-pager -o json HOOK=destroy CONTAINER=ct01 | jq -r .MESSAGE)" \
        'Hook destroy: still needed'
    started ct01
    expect_ok nagaya stop ct01
    hook 'echo on the way'
    expect_match "$(expect_ok nagaya destroy ct01)" 'on the way|^$'
    [ ! -e /var/lib/lxc/ct01 ] || flunk "it is still there"
}

# The hook of common.conf. That of LXC, if this machine has it, is out of sight.
a_clone_is_not_called_as_its_source() {
    mv /usr/share/lxc /usr/share/lxc.away 2>/dev/null || true
    a_busybox ct1 lxc.include=/usr/share/lxc/config/common.conf
    uses clone01 clone02 clone03
    local root
    root=$(rootfs ct1)
    echo ct1 >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 ct1.example.org ct1 ct10 my-ct1\n' >"$root/etc/hosts"
    expect_ok nagaya clone ct1 clone01
    expect_eq "$(paste -s -d ' ' "$(rootfs clone01)/etc/hosts")" \
        '127.0.0.1 localhost 127.0.1.1 clone01.example.org clone01 ct10 my-ct1'
    expect_ok nagaya clone --keep-name ct1 clone02
    expect_match "$(cat "$(rootfs clone02)/etc/hosts")" '127.0.1.1 ct1.example.org ct1 ct10'
    # A root file system that would lead the hook out of it.
    mv "$root/etc" "$root/old-etc"
    mkdir /srv/outside
    echo 'ct1 is the host' >/srv/outside/hosts
    ln -s /srv/outside "$root/etc"
    expect_ok nagaya clone ct1 clone03
    expect_eq "$(cat /srv/outside/hosts)" 'ct1 is the host'
    rm -r /srv/outside
    mv /usr/share/lxc.away /usr/share/lxc 2>/dev/null || true
}

# In a user namespace it is the container's root, and so are the files that it writes.
an_unprivileged_clone_has_its_hook() {
    printf 'root:100000:65536\n' | tee /etc/subuid >/etc/subgid
    mkdir -p /srv/all && chmod 0777 /srv/all
    hook 'echo "$(id -u) $(stat -c %u $LXC_ROOTFS_MOUNT/etc) $LXC_ROOTFS_MOUNT" >/srv/all/told
        echo changed >$LXC_ROOTFS_MOUNT/etc/by-the-hook; cat /var/lib/lxc/ct01/config 2>/dev/null || exit 0'
    a_busybox ct01 lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536' \
        lxc.rootfs.options=idmap=container lxc.hook.clone=/srv/hook
    uses clone01
    expect_ok nagaya clone ct01 clone01 >"$case_dir/output"
    expect_eq "$(cat /srv/all/told)" '0 0 /run/nagaya/rootfs'
    expect_eq "$(cat "$case_dir/output")" '' "what the clone's root read"
    expect_eq "$(stat -c %u "$(rootfs clone01)/etc/by-the-hook")" 0
    [ ! -e /run/nagaya/rootfs/etc ] || flunk "it is mounted on the host"
    started clone01
    expect_eq "$(nagaya exec clone01 -- cat /etc/by-the-hook)" changed
}

# hangs TYPE: a container whose hook of that type never ends.
hangs() {
    a_watched ct01 "$1"
    hook 'echo $3 >>/srv/told; sleep 1000 & wait'
}

# kill_ends TYPE: within a few seconds, and nothing of it stays.
kill_ends() {
    local begin=$SECONDS
    expect_ok nagaya stop --kill ct01
    [ $((SECONDS - begin)) -le 5 ] || flunk "'stop --kill' took $((SECONDS - begin)) s in $1"
    wait_until 10 unit_is_down
    expect_eq "$(state ct01)" stopped
    expect_nothing_remains ct01
    ! pgrep -x -f 'sleep 1000' >/dev/null || flunk "what the $1 hook started lives on"
}

unit_is_down() {
    [[ $(unit_state ct01) = @(inactive|failed) ]]
}

kill_wins_over_a_hook_in_the_start() {
    local type
    for type in "${at_start[@]}"; do
        hangs "$type"
        nagaya start ct01 >"$case_dir/start" 2>&1 &
        local start=$! status=0
        wait_until 10 grep -q -x "$type" /srv/told
        expect_eq "$(state ct01)" starting
        kill_ends "$type"
        wait "$start" || status=$?
        expect_eq "$status" 1 "exit status of start"
        expect_match "$(cat "$case_dir/start")" 'told to stop|cancelled'
        expect_ok nagaya destroy ct01
    done
}

kill_wins_over_a_hook_at_the_end() {
    local type
    for type in stop post-stop; do
        hangs "$type"
        started ct01
        nagaya stop ct01 >"$case_dir/stop" 2>&1 &
        local stop=$!
        wait_until 10 grep -q -x "$type" /srv/told
        kill_ends "$type"
        wait "$stop" || flunk "the first stop: $(cat "$case_dir/stop")"
        expect_ok nagaya destroy ct01
    done
}

a_hook_has_its_time() {
    local type begin
    mkdir -p /etc/nagaya
    echo 'lxc.hook.timeout = 1' >/etc/nagaya/nagaya.conf
    for type in "${at_start[@]}"; do
        hangs "$type"
        begin=$SECONDS
        expect_bus_error HookFailed \
            "Hook $type, '/srv/hook', was killed: it had not ended after 1 s, the limit 'lxc.hook.timeout'" \
            "$(object_path ct01)" $container_name.Start '{}'
        [ $((SECONDS - begin)) -le 10 ] || flunk "it took $((SECONDS - begin)) s in $type"
        expect_nothing_remains ct01
        ! pgrep -x -f 'sleep 1000' >/dev/null || flunk "what the $type hook started lives on"
        expect_ok nagaya destroy ct01
    done
    for type in stop post-stop; do
        hangs "$type"
        started ct01
        expect_ok nagaya stop ct01
        expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" \
            "Hook $type, '/srv/hook', was killed: it had not ended after 1 s"
        expect_ok nagaya destroy ct01
    done
    hangs destroy
    expect_fails_with 1 "Hook destroy, .*had not ended after 1 s" nagaya destroy ct01
    [ -d "$(rootfs ct01)" ] || flunk "it is gone all the same"
    rm /etc/nagaya/nagaya.conf
    hook :
}

test_case "The article's pre-start hook prints the article's text" the_article_s_pre_start
test_case "The article's start hook prints its text inside" the_article_s_start
test_case "The article's post-stop hook prints its text after the end" the_article_s_post_stop
test_case "Each hook is in its namespaces, in the documented order" each_in_its_namespace
test_case "Each hook is in its control group" each_in_its_group
test_case "Each hook finds its root" each_in_its_root
test_case "Each hook has its arguments and variables, and no other" all_is_in_the_environment
test_case "Version 1 tells by variables" version_1_tells_by_variables
test_case "The stop hook can enter the namespaces of what has ended" the_stop_hook_enters_what_has_ended
test_case "A reboot tells its hooks nothing of the run before" a_reboot_begins_anew
test_case "A hook that fails ends the start, and the last hooks run" a_failure_ends_the_start
test_case "The last hooks run after any failed start" a_failed_setup_has_its_end_hooks
test_case "A stop hook that fails is told, and no more" a_failed_end_is_only_told
test_case "A post-stop hook that fails cancels a reboot" a_failed_post_stop_cancels_a_reboot
test_case "Output goes line by line to the journal" output_is_in_the_journal
test_case "The last lines of a hook that failed come back" the_last_lines_come_back
test_case "No shell sees the line of a hook" no_shell_sees_the_line
test_case "A start hook is looked for in the container" a_start_hook_must_be_there
test_case "A start hook's path is checked when it is set" a_start_hook_is_checked_when_set
test_case "A destroy hook that fails keeps the container" a_destroy_hook_may_refuse
test_case "A clone's files do not go on naming its source" a_clone_is_not_called_as_its_source
test_case "The clone hook of an unprivileged container is its own root" an_unprivileged_clone_has_its_hook
test_case "Stop --kill wins over a hook that hangs in the start" kill_wins_over_a_hook_in_the_start
test_case "Stop --kill wins over a hook that hangs at the end" kill_wins_over_a_hook_at_the_end
test_case "A hook that takes too long is ended by the host's limit" a_hook_has_its_time
test_end
