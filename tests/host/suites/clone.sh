#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers made out of others, and renamed: what they share, what is rewritten, who may, what is refused.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container
challenged=org.freedesktop.DBus.Error.InteractiveAuthorizationRequired
lxc=/var/lib/lxc

# a_legacy_container ID [KEY=VALUE]...: as LXC 1.x would have made it.
a_legacy_container() {
    local id=$1 line
    shift
    a_busybox "$id"
    printf 'localhost\n' >"$lxc/$id/rootfs/etc/hostname"
    {
        printf '%s\n' "lxc.utsname = $id" "lxc.rootfs = $lxc/$id/rootfs" 'lxc.haltsignal = SIGUSR1' \
            'lxc.init_cmd = /sbin/quick-init' 'lxc.tty = 1' 'lxc.pts = 1024' \
            'lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed' 'lxc.network.type = empty'
        for line in "$@"; do
            printf '%s = %s\n' "${line%%=*}" "${line#*=}"
        done
    } >"$lxc/$id/config"
}

# tree DIRECTORY: everything in it, one a line, with type, mode, owner, size and target, and the hash of
# what is in it.
tree() {
    (cd "$1" && find . -printf '%y %m %U:%G %p %l\n' | sort &&
        find . -type f -print0 | sort -z | xargs -0r sha256sum)
}

layers() {
    (cd "$1" && find . -mindepth 1 -printf '%P\n' | sort | paste -s -d ' ')
}

settled_files() {
    find "$lxc" -mindepth 1 -maxdepth 1 -name '.#*' -printf '%f\n'
}

nothing_is_left_over() {
    [ -z "$(settled_files)" ]
}

expect_nothing_left_over() {
    wait_until 10 nothing_is_left_over
    expect_eq "$(settled_files)" "" "temporary files in $lxc"
}

the_session_on_overlayfs() {
    uses overlayfs01 overlayfs02 clone01
    a_legacy_container ct01
    local before
    before=$(tree $lxc/ct01/rootfs)
    expect_ok nagaya clone ct01 clone01
    expect_eq "$(grep lxc.rootfs $lxc/clone01/config)" "lxc.rootfs = $lxc/clone01/rootfs"
    expect_eq "$(cat $lxc/clone01/rootfs/etc/hostname)" clone01
    expect_ok nagaya clone ct01 overlayfs01 --snapshot --backend overlayfs
    expect_eq "$(ls -F $lxc/overlayfs01 | paste -s -d ' ')" 'config delta0/ lxc_rdepends olwork/ rootfs/'
    expect_eq "$(grep lxc.rootfs $lxc/overlayfs01/config)" \
        "lxc.rootfs = overlayfs:$lxc/ct01/rootfs:$lxc/overlayfs01/delta0"
    expect_eq "$(grep lxc.utsname $lxc/overlayfs01/config)" 'lxc.utsname = overlayfs01'
    # The delta: a directory and a file.
    expect_eq "$(layers $lxc/overlayfs01/delta0)" 'etc etc/hostname'
    expect_eq "$(od -An -c $lxc/overlayfs01/delta0/etc/hostname | tr -d ' \n')" overlayfs01
    expect_eq "$(cat $lxc/overlayfs01/lxc_rdepends)" $'/var/lib/lxc\nct01'
    # Changes, among them a whiteout and a directory that hides the one below.
    started_overlay overlayfs01
    expect_eq "$(nagaya exec overlayfs01 -- cat /etc/hostname)" overlayfs01
    expect_ok nagaya exec overlayfs01 -- touch /root/testfile
    expect_ok nagaya exec overlayfs01 -- rm /etc/group
    expect_ok nagaya exec overlayfs01 -- sh -c 'rm -r /var; mkdir /var; touch /var/new'
    expect_ok nagaya stop overlayfs01
    expect_eq "$(stat -c '%F %t:%T' $lxc/overlayfs01/delta0/etc/group)" 'character special file 0:0'
    expect_fails_with 1 'overlayfs01' nagaya destroy ct01
    # The clone of the clone has the same base and a copy of the delta.
    expect_ok nagaya clone overlayfs01 overlayfs02 --snapshot --backend overlayfs
    expect_eq "$(grep lxc.rootfs $lxc/overlayfs02/config)" \
        "lxc.rootfs = overlayfs:$lxc/ct01/rootfs:$lxc/overlayfs02/delta0"
    expect_eq "$(layers $lxc/overlayfs02/delta0)" "$(layers $lxc/overlayfs01/delta0)"
    expect_eq "$(stat -c '%F %t:%T' $lxc/overlayfs02/delta0/etc/group)" 'character special file 0:0'
    expect_eq "$(getfattr -h --only-values -n trusted.overlay.opaque $lxc/overlayfs02/delta0/var)" y
    expect_eq "$(cat $lxc/overlayfs02/delta0/etc/hostname)" overlayfs02
    expect_eq "$(cat $lxc/overlayfs02/lxc_rdepends)" $'/var/lib/lxc\nct01'
    started_overlay overlayfs02
    expect_fails_with 1 . nagaya exec overlayfs02 -- ls /etc/group
    expect_eq "$(nagaya exec overlayfs02 -- ls /var)" new
    expect_ok nagaya stop overlayfs02
    expect_eq "$(tree $lxc/ct01/rootfs)" "$before" "the base"
    expect_eq "$(nagaya show ct01 --json | jq -r '.dependents[]' | paste -s -d ' ')" 'overlayfs01 overlayfs02'
    expect_eq "$(varlink Container.Describe '{"container":"overlayfs02","fields":["dependsOn"]}' |
        jq -c .description.dependsOn)" '["ct01"]'
    # Bases go last; the clone of a clone is nobody's.
    expect_ok nagaya destroy overlayfs01
    expect_fails_with 1 'overlayfs02' nagaya destroy ct01
    expect_ok nagaya destroy overlayfs02
    expect_ok nagaya destroy ct01
    expect_nothing_left_over
}

started_overlay() {
    expect_ok nagaya start "$1"
    wait_until 10 nagaya exec "$1" -- test -e /ready
}

the_clone_hook_of_the_session() {
    uses clone01
    a_legacy_container ct01 lxc.hook.clone=$lxc/ct01/hook
    rm -f /var/log/ct.log
    cat >$lxc/ct01/hook <<-'HOOK'
		#!/bin/bash
		cat << EOF > /var/log/ct.log
		The number of args: $#
		Container name: $1
		Section: $2
		Hook type: $3
		Additional arg: $4

		LXC_CONFIG_FILE: $LXC_CONFIG_FILE
		LXC_SRC_NAME: $LXC_SRC_NAME
		LXC_NAME: $LXC_NAME
		LXC_ROOTFS_PATH: $LXC_ROOTFS_PATH
		hostname there: $(cat "$LXC_ROOTFS_MOUNT/etc/hostname")
		config there: $(grep -c "lxc.rootfs = overlayfs" "$LXC_CONFIG_FILE")
		EOF
	HOOK
    chmod 0755 $lxc/ct01/hook
    expect_ok nagaya clone ct01 clone01 --snapshot --backend overlayfs -- test
    expect_eq "$(cat /var/log/ct.log)" "The number of args: 4
Container name: clone01
Section: lxc
Hook type: clone
Additional arg: test

LXC_CONFIG_FILE: /var/lib/lxc/clone01/config
LXC_SRC_NAME: ct01
LXC_NAME: clone01
LXC_ROOTFS_PATH: overlayfs:/var/lib/lxc/ct01/rootfs:/var/lib/lxc/clone01/delta0
hostname there: clone01
config there: 1"
    # The hook itself went along.
    expect_eq "$(grep lxc.hook.clone $lxc/clone01/config)" "lxc.hook.clone = $lxc/clone01/hook"
    expect_eq "$(sha256sum <$lxc/clone01/hook)" "$(sha256sum <$lxc/ct01/hook)"
    expect_eq "$(stat -c %a $lxc/clone01/hook)" 755
    # One that fails leaves nothing.
    printf '#!/bin/sh\necho "no such thing" >&2\nexit 3\n' >$lxc/ct01/hook
    expect_fails_with 1 'no such thing' nagaya clone ct01 clone02 --snapshot
    [ ! -e $lxc/clone02 ] || flunk "a failed clone is there"
    expect_eq "$(cat $lxc/ct01/lxc_snapshots)" $'/var/lib/lxc\nclone01'
    expect_nothing_left_over
}

a_count_of_lxc_1() {
    uses a01 a02
    a_legacy_container ct01
    echo 0 >$lxc/ct01/lxc_snapshots
    expect_ok nagaya clone ct01 a01 --snapshot
    expect_eq "$(cat $lxc/ct01/lxc_snapshots)" 1
    expect_ok nagaya clone a01 a02 --snapshot
    expect_eq "$(cat $lxc/ct01/lxc_snapshots)" 2
    expect_fails_with 1 'a01|a02' nagaya destroy ct01
    expect_ok nagaya destroy a01 a02
    expect_eq "$(cat $lxc/ct01/lxc_snapshots)" 0
    expect_ok nagaya destroy ct01
}

a_copy_in_current_names() {
    uses copy01 shared01
    a_busybox ct01 lxc.net.1.type=veth lxc.net.1.hwaddr=00:16:3e:11:22:33 \
        lxc.mount.entry="$lxc/ct01/data srv none bind 0 0" lxc.hook.pre-start=$lxc/ct01/hooks/one
    mkdir -p $lxc/ct01/data $lxc/ct01/hooks
    echo kept >$lxc/ct01/data/file
    printf '#!/bin/sh\n' >$lxc/ct01/hooks/one
    sed -i '1i# by hand' $lxc/ct01/config
    ln $lxc/ct01/rootfs/bin/busybox $lxc/ct01/rootfs/bin/again
    setfattr -n user.mark -v there $lxc/ct01/rootfs/etc/passwd
    mknod $lxc/ct01/rootfs/dev/null c 1 3
    chown 1234:5678 $lxc/ct01/rootfs/srv
    local before text
    before=$(tree $lxc/ct01)
    text=$(expect_ok nagaya clone ct01 copy01 --json)
    expect_match "$(jq -r '.container, .name, .method' <<<"$text" | paste -s -d ' ')" '^copy01 copy01 (copy|reflink)$'
    expect_eq "$(tree $lxc/copy01/rootfs | sed "s/ct01/copy01/")" "$(tree $lxc/ct01/rootfs)"
    expect_eq "$(getfattr --only-values -n user.mark $lxc/copy01/rootfs/etc/passwd)" there
    expect_eq "$(stat -c %h $lxc/copy01/rootfs/bin/again)" 2
    expect_eq "$(cat $lxc/copy01/data/file)" kept
    expect_eq "$(stat -c %a $lxc/copy01 $lxc/copy01/config | paste -s -d ' ')" '770 640'
    expect_match "$(head -n 1 $lxc/copy01/config)" '^# by hand$'
    expect_eq "$(tail -n 2 $lxc/copy01/config | paste -s -d ' ')" \
        "lxc.rootfs.path = dir:$lxc/copy01/rootfs lxc.uts.name = copy01"
    expect_match "$(grep hwaddr $lxc/copy01/config)" '^lxc.net.1.hwaddr = 00:16:3e:'
    expect_no_match "$(cat $lxc/copy01/config)" '11:22:33|ct01'
    [ ! -e $lxc/copy01/lxc_rdepends ] || flunk "a copy depends on its source"
    expect_ok nagaya clone ct01 shared01 --snapshot --keep-name --keep-mac
    expect_match "$(cat $lxc/shared01/config)" "lxc.rootfs.path = overlay:$lxc/ct01/rootfs:$lxc/shared01/overlay/delta"
    expect_match "$(cat $lxc/shared01/config)" 'lxc.uts.name = ct01'
    expect_match "$(cat $lxc/shared01/config)" '00:16:3e:11:22:33'
    expect_eq "$(layers $lxc/shared01/overlay/delta)" ""
    rm $lxc/ct01/lxc_snapshots
    expect_eq "$(tree $lxc/ct01)" "$before" "the source"
}

by_the_other_door() {
    uses bus01 varlink01
    a_busybox ct01
    local job result
    job=$(container ct01 Clone 'sa{sv}' bus01 2 snapshot b true ephemeral b true)
    expect_match "$job" '^o "/org/nagaya1/job/[0-9]+"$'
    job=${job#o \"} && job=${job%\"}
    result=$(busctl --timeout=60 --json=short call org.nagaya1 "$job" org.nagaya1.Job Wait 'a{sv}' 0)
    expect_eq "$(jq -r '.data[0].container.data, .data[0].name.data, .data[0].method.data' <<<"$result" |
        paste -s -d ' ')" "$(object_path bus01) bus01 overlay"
    expect_match "$(cat $lxc/bus01/config)" 'lxc.ephemeral = 1'
    job=$(varlink Container.Clone '{"container":"ct01","newName":"varlink01"}' | jq .job)
    expect_match "$(varlink Job.Wait "{\"job\":$job}" | jq -r .result.container)" '^varlink01$'
    expect_eq "$(state varlink01)" stopped
}

refusals() {
    uses there other over
    a_busybox ct01
    a_busybox there
    a_busybox other
    expect_ok nagaya clone ct01 over --snapshot
    local before path
    path=$(object_path ct01)
    before=$(tree $lxc)
    expect_fails_with 1 'already' nagaya clone ct01 there
    expect_fails_with 1 'is not a container name' nagaya clone ct01 a/b
    expect_fails_with 1 'is not a container name' nagaya clone ct01 ..
    expect_fails_with 1 'There is no container' nagaya clone absent new
    expect_fails_with 2 'size' nagaya clone ct01 new --size=-1
    expect_fails_with 2 'size' nagaya clone ct01 new --size 10X
    expect_fails_with 2 'size' nagaya clone ct01 new --size 0
    expect_fails_with 2 "'fssize' is not for backend 'dir', but for" nagaya clone ct01 new --size 16M
    expect_fails_with 2 "'fssize' is not for backend 'overlay'" nagaya clone ct01 new --snapshot --size 16M
    expect_fails_with 2 "'fssize' is not for backends 'btrfs', 'dir'" nagaya clone ct01 new \
        --backend btrfs,dir --size 16M
    expect_fails_with 2 'no storage backend' nagaya clone ct01 new --backend --foo
    expect_fails_with 2 'no storage backend' nagaya clone ct01 new --backend '; rm -rf /'
    expect_fails_with 1 'directory cannot be a snapshot' nagaya clone ct01 new --snapshot --backend dir
    expect_fails_with 1 'for snapshots only' nagaya clone ct01 new --backend overlay
    expect_fails_with 1 'only be cloned as a snapshot' nagaya clone over new
    expect_fails_with 1 'does not support snapshots' nagaya clone ct01 new --snapshot --backend loop
    expect_fails_with 2 'no mount for a clone' nagaya clone ct01 new --mount 'bind=/srv /x'
    expect_fails_with 2 'no mount for a clone' nagaya clone ct01 new --mount bind=../x
    expect_fails_with 2 'not the absolute path' nagaya clone ct01 new --path srv
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs . "$path" $container_name.Clone new \
        "{'size': <int64 -1>}"
    expect_varlink_error org.varlink.service.InvalidParameter . Container.Clone \
        '{"container":"ct01","newName":"new","size":-1}'
    expect_bus_error InvalidName . "$path" $container_name.Clone 'a/b' '{}'
    # What is not the container's own is not copied for who may copy the container.
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = dir:$lxc/other/rootfs|" $lxc/there/config
    expect_fails_with 1 'not its own' nagaya clone there new
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = dir:$lxc/there/../other/rootfs|" $lxc/there/config
    expect_fails_with 1 'not its own' nagaya clone there new
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = dir:$lxc/there/rootfs|" $lxc/there/config
    mv $lxc/there/rootfs $lxc/there/real && ln -s ../other/rootfs $lxc/there/rootfs
    expect_fails_with 1 'symbolic link' nagaya clone there new
    rm $lxc/there/rootfs && mv $lxc/there/real $lxc/there/rootfs
    wait_until 10 nothing_is_left_over
    expect_eq "$(tree $lxc | sed 's/[0-9a-f]\{64\}  .\/there\/config//')" \
        "$(sed 's/[0-9a-f]\{64\}  .\/there\/config//' <<<"$before")" "everything"
}

# Whoever may write into the container's directory swaps its root file system for a link, again and again.
# A root file system that is another container's: nothing takes it, changes it or removes it.
not_its_own() {
    local before snapshot
    uses other copied
    a_busybox other
    echo ct01 >$lxc/other/rootfs/etc/hostname
    a_busybox ct01 lxc.rootfs.managed=1
    expect_ok nagaya snapshot create ct01 >/dev/null
    rm -r $lxc/ct01/rootfs
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = dir:$lxc/other/rootfs|" $lxc/ct01/config
    before=$(tree $lxc/other)
    expect_fails_with 1 'not its own' nagaya clone ct01 copied
    expect_fails_with 1 'not its own' nagaya clone --snapshot ct01 copied
    expect_fails_with 1 'not its own' nagaya clone --snapshot --backend overlay ct01 copied
    expect_fails_with 1 'not its own' nagaya snapshot create ct01
    # A snapshot's config, written by hand.
    snapshot=$lxc/ct01/snaps/snap0
    cp $snapshot/config "$case_dir/config"
    cp $lxc/ct01/config $snapshot/config
    expect_fails_with 1 'not its own' nagaya snapshot restore ct01 snap0
    expect_fails_with 1 'not its own' nagaya snapshot restore ct01 snap0 --new-name=copied
    cp "$case_dir/config" $snapshot/config
    uses ct02
    expect_ok nagaya rename ct01 ct02
    expect_match "$(cat "$case_dir/stderr")" "'/etc/hostname' in 'ct02' stays as it is"
    expect_eq "$(tree $lxc/other)" "$before" "the other container"
    # To go back is a way out.
    expect_ok nagaya snapshot restore ct02 snap0
    [ -x $lxc/ct02/rootfs/bin/busybox ] || flunk "it was not restored"
    expect_eq "$(tree $lxc/other)" "$before" "the other container"
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = overlay:$lxc/ct02/rootfs:$lxc/other/rootfs|" \
        $lxc/ct02/config
    expect_fails_with 1 'not its own' nagaya clone --snapshot ct02 copied
    expect_fails_with 1 'not its own' nagaya snapshot create ct02
    expect_ok nagaya destroy --snapshots ct02
    wait_until 10 nothing_is_left_over
    expect_eq "$(tree $lxc/other)" "$before" "the other container"
}

# A directory somewhere in the source, by turns with a link to another container's files.
a_directory_that_becomes_a_link() {
    local exchanger round whole=0 refused=0
    uses other made
    a_busybox ct01
    a_busybox other
    mkdir -p $lxc/other/rootfs/srv/deep
    echo secret >$lxc/other/rootfs/srv/secret
    echo secret >$lxc/other/rootfs/srv/deep/secret
    mkdir $lxc/ct01/rootfs/srv/deep
    touch $lxc/ct01/rootfs/srv/deep/{1..50}
    ln -s $lxc/other/rootfs/srv $lxc/ct01/rootfs/srv.link
    "$tools/exchange" $lxc/ct01/rootfs srv srv.link >"$case_dir/exchanged" &
    exchanger=$!
    for round in $(seq 25); do
        if timeout 60 nagaya -q clone ct01 made 2>"$case_dir/why"; then
            whole=$((whole + 1))
        else
            refused=$((refused + 1))
            expect_match "$(cat "$case_dir/why")" 'replaced meanwhile|No such file|Cannot'
        fi
        [ -z "$(find $lxc/made -type f -name secret 2>/dev/null)" ] ||
            flunk "another container's files were copied"
        [ ! -e $lxc/made ] || expect_ok nagaya destroy made
    done
    kill $exchanger
    wait $exchanger || flunk "nothing was exchanged"
    echo "$whole whole, $refused refused, exchanged $(<"$case_dir/exchanged") times"
    # How many met the link is chance. At rest, whichever of the two it is by then, it is copied.
    expect_ok nagaya clone ct01 made
    [ -z "$(find $lxc/made -type f -name secret)" ] || flunk "another container's files were copied"
    wait_until 10 nothing_is_left_over
    [ -e $lxc/other/rootfs/srv/deep/secret ] || flunk "the other one lost its files"
}

a_source_that_becomes_a_link() {
    uses other made
    a_busybox ct01
    a_busybox other
    echo secret >$lxc/other/rootfs/secret
    (
        cd $lxc/ct01
        ln -s ../other/rootfs link
        while :; do
            mv -T --exchange rootfs link 2>/dev/null || { mv rootfs real && mv link rootfs &&
                mv rootfs link && mv real rootfs; }
        done
    ) &
    local swapper=$! round whole=0 refused=0
    for round in $(seq 12); do
        if timeout 60 nagaya -q clone ct01 made 2>"$case_dir/why"; then
            whole=$((whole + 1))
            [ -e $lxc/made/rootfs/bin/busybox ] || flunk "files are missing"
        else
            refused=$((refused + 1))
            expect_match "$(cat "$case_dir/why")" 'symbolic link|No such file|not its own|Cannot'
        fi
        [ ! -e $lxc/made/rootfs/secret ] || flunk "another container's files were copied"
        [ ! -e $lxc/made ] || expect_ok nagaya destroy made
    done
    kill $swapper
    echo "$whole whole, $refused refused"
    wait_until 10 nothing_is_left_over
    [ -e $lxc/other/rootfs/secret ] || flunk "the other one lost its files"
    rm -f $lxc/ct01/link
}

a_running_source() {
    uses hot
    a_busybox ct01
    started ct01
    expect_fails_with 1 'running' nagaya clone ct01 hot
    expect_bus_error ContainerRunning 'running' "$(object_path ct01)" $container_name.Clone hot '{}'
    nagaya exec ct01 -- sh -c 'i=0; while :; do i=$((i+1)); echo $i >/root/a; echo $i >/root/b; done' &
    wait_until 10 test -s $lxc/ct01/rootfs/root/b
    events_begin
    expect_ok nagaya clone ct01 hot --allow-running
    expect_eq "$(state ct01)" running
    # At rest while it was copied: at most one of the two writes is ahead.
    local a b
    a=$(cat $lxc/hot/rootfs/root/a) b=$(cat $lxc/hot/rootfs/root/b)
    [ -z "$a" ] || [ -z "$b" ] || [ $((a - b)) -le 1 ] || flunk "a is $a, b is $b"
    expect_trace ct01 'freezing frozen thawed running'
    expect_nothing_left_over
}

a_killed_clone_thaws() {
    uses hot
    a_busybox ct01
    # Something that takes its time.
    mkfifo $lxc/ct01/go
    printf '#!/bin/sh\necho waiting; cat %s/ct01/go\n' $lxc >$lxc/ct01/hook
    chmod 0755 $lxc/ct01/hook
    echo "lxc.hook.clone = $lxc/ct01/hook" >>$lxc/ct01/config
    started ct01
    local job worker
    job=$(varlink Container.Clone '{"container":"ct01","newName":"hot","allowRunning":true}' | jq .job)
    wait_for_state ct01 frozen
    expect_fails_with 1 'job under way|at work' nagaya clone ct01 hot2 --allow-running
    expect_fails_with 1 'job under way|at work' nagaya destroy --force ct01
    worker=$(cat "/sys/fs/cgroup/system.slice/nagaya-work.service/job-$job/cgroup.procs" | head -n 1)
    kill -KILL "$worker"
    wait_for_state ct01 running
    expect_varlink_error Failed 'killed by signal 9' Job.Wait "{\"job\":$job}"
    [ ! -e $lxc/hot ] || flunk "a killed clone is there"
    expect_nothing_left_over
    # The whole runner, too.
    varlink Container.Clone '{"container":"ct01","newName":"hot","allowRunning":true}' >/dev/null
    wait_for_state ct01 frozen
    systemctl kill --signal=KILL nagaya-work.service
    wait_for_state ct01 running
    [ ! -e $lxc/hot ] || flunk "a killed clone is there"
    wait_until 10 nagaya list
    expect_nothing_left_over
}

two_at_once() {
    uses x1 x2 x3
    a_busybox ct01
    a_busybox ct02
    printf '#!/bin/sh\ncat %s/ct01/go\n' $lxc >$lxc/ct01/hook
    chmod 0755 $lxc/ct01/hook
    mkfifo $lxc/ct01/go
    echo "lxc.hook.clone = $lxc/ct01/hook" >>$lxc/ct01/config
    local job
    job=$(varlink Container.Clone '{"container":"ct01","newName":"x1","hookArguments":[]}' | jq .job)
    wait_until 10 pgrep -f "cat $lxc/ct01/go"
    # Both the source and the new name are taken; others are not.
    expect_fails_with 1 'job under way' nagaya clone ct01 x2
    expect_fails_with 1 'job under way' nagaya clone ct02 x1
    expect_fails_with 1 'job under way' nagaya destroy ct01
    expect_fails_with 1 'job under way' nagaya rename ct01 x3
    expect_fails_with 1 'job|Busy|locked|is changed' nagaya start ct01
    expect_ok nagaya clone ct02 x2
    echo >$lxc/ct01/go
    expect_match "$(varlink Job.Wait "{\"job\":$job}" | jq -r .result.name)" '^x1$'
}

cancelling_leaves_nothing() {
    a_busybox ct01
    printf '#!/bin/sh\ncat %s/ct01/go\n' $lxc >$lxc/ct01/hook
    chmod 0755 $lxc/ct01/hook
    mkfifo $lxc/ct01/go
    echo "lxc.hook.clone = $lxc/ct01/hook" >>$lxc/ct01/config
    local job before
    before=$(tree $lxc)
    job=$(varlink Container.Clone '{"container":"ct01","newName":"new","snapshot":true}' | jq .job)
    wait_until 10 pgrep -f "cat $lxc/ct01/go"
    varlink Job.Cancel "{\"job\":$job}" >/dev/null
    expect_varlink_error Cancelled . Job.Wait "{\"job\":$job}"
    wait_until 10 nothing_is_left_over
    expect_eq "$(tree $lxc)" "$before"
    expect_ok nagaya destroy ct01
}

who_may_clone() {
    uses new
    a_busybox ct01
    local path
    path=$(object_path ct01)
    as_user=(as-user nagaya-alice)
    expect_bus_error "$challenged" 'org\.nagaya1\.(storage|create)' "$path" $container_name.Clone new '{}'
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired . Container.Clone \
        '{"container":"ct01","newName":"new"}'
    # The source is not enough, nor is the target.
    rule 'if (action.id == "org.nagaya1.storage" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    expect_bus_error "$challenged" 'org\.nagaya1\.create' "$path" $container_name.Clone new '{}'
    rule 'if (action.id == "org.nagaya1.create" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired 'storage' Container.Clone \
        '{"container":"ct01","newName":"new"}'
    # Each is asked for its own container.
    rule 'if (subject.user == "nagaya-alice" &&
        (action.id == "org.nagaya1.storage" && action.lookup("container") == "ct01" ||
         action.id == "org.nagaya1.create" && action.lookup("container") == "new"))
        return polkit.Result.YES;'
    expect_bus_error "$challenged" 'org\.nagaya1\.create' "$path" $container_name.Clone other '{}'
    expect_bus_error "$challenged" 'org\.nagaya1\.host' "$path" $container_name.Clone new \
        "{'path': <'/srv'>}"
    expect_bus_error "$challenged" 'org\.nagaya1\.host' "$path" $container_name.Clone new \
        "{'mounts': <['bind=/etc']>}"
    expect_bus_error "$challenged" 'org\.nagaya1\.host' "$path" $container_name.Clone new \
        "{'hook_arguments': <['x']>}"
    expect_bus_error "$challenged" 'org\.nagaya1\.control' "$path" $container_name.Clone new \
        "{'allow_running': <true>}"
    expect_bus_error "$challenged" 'org\.nagaya1\.configure' "$path" $container_name.Rename new '{}'
    [ ! -e $lxc/new ] || flunk "a refused clone is there"
    expect_ok as-user nagaya-alice nagaya clone ct01 new
    # It belongs to whom its source belongs to.
    expect_eq "$(property new Owner)" 0
}

changes_in_memory() {
    uses vol vol2
    a_busybox ct01
    echo ct01 >$lxc/ct01/rootfs/etc/hostname
    expect_fails_with 1 'Only the changes of an overlay' nagaya clone ct01 vol --tmpfs
    expect_ok nagaya clone ct01 vol --snapshot --tmpfs
    local round name=vol
    for round in 1 2 3; do
        started_overlay $name
        expect_eq "$(nagaya exec $name -- cat /etc/hostname)" $name
        expect_fails_with 1 . nagaya exec $name -- ls /root/new
        expect_ok nagaya exec $name -- touch /root/new
        expect_ok nagaya stop $name
        expect_eq "$(layers $lxc/$name/overlay/delta)" 'etc etc/hostname'
        expect_nothing_remains $name
        if [ $name = vol ]; then
            expect_ok nagaya rename vol vol2
            name=vol2
        fi
    done
}

progress_is_told() {
    uses big
    a_busybox ct01
    local job
    mkdir $lxc/ct01/rootfs/many
    (cd $lxc/ct01/rootfs/many && seq 20000 | xargs touch)
    job=$(varlink Container.Clone '{"container":"ct01","newName":"big"}' | jq .job)
    "$tools/varlink" --more --deadline 60 "$socket" org.nagaya1.Job.Wait "{\"job\":$job}" >"$case_dir/stream"
    expect_match "$(cat "$case_dir/stream")" '"event":"progress"[^}]*"files":[0-9]+[^}]*"bytes":[0-9]+|"bytes":[0-9]+'
    expect_match "$(tail -n 1 "$case_dir/stream")" '"method":"(copy|reflink)"'
    expect_eq "$(find $lxc/big/rootfs/many | wc -l)" 20001
    # At the end: all of it.
    local all
    all=$(find $lxc/ct01/rootfs | wc -l)
    expect_eq "$(jq -r 'select(.parameters.event == "progress") | .parameters |
        "\(.progress == 1) \(.files) \(.totalFiles) \(.bytes == .totalBytes)"' "$case_dir/stream" | tail -n 1)" \
        "true $all $all true"
    expect_eq "$(busctl get-property org.nagaya1 /org/nagaya1/job/"$job" org.nagaya1.Job Progress Files TotalFiles)" \
        $'d 1\n'"t $all"$'\n'"t $all"
}

a_loop_device_and_back() {
    uses img back twin
    a_busybox ct01
    modprobe loop 2>/dev/null || true
    expect_ok nagaya clone ct01 img --backend loop --size 64M
    expect_match "$(cat $lxc/img/config)" "lxc.rootfs.path = loop:$lxc/img/rootdev"
    expect_eq "$(stat -c '%a' $lxc/img/rootdev)" 600
    expect_ok nagaya clone img back --backend dir
    expect_eq "$(tree $lxc/back/rootfs | grep -v lost+found)" "$(tree $lxc/ct01/rootfs)"
    expect_eq "$(losetup -a | grep -c "$lxc/img/" || true)" 0
    expect_ok nagaya destroy back
    # What the file system alone understands stays with it.
    echo 'lxc.rootfs.options = nosuid,commit=7,noatime' >>$lxc/img/config
    expect_ok nagaya clone img twin
    expect_match "$(cat $lxc/twin/config)" 'lxc.rootfs.options = nosuid,commit=7,noatime'
    expect_ok nagaya start twin
    expect_match "$(nagaya exec twin -- cat /proc/mounts)" ' / ext4 rw,nosuid,noatime,.*commit=7'
    expect_ok nagaya stop twin
    expect_ok nagaya clone img back --backend dir
    expect_match "$(cat "$case_dir/stderr")" "goes along without 'commit=7'"
    expect_match "$(cat $lxc/back/config)" $'lxc.rootfs.options = nosuid,noatime\n'
    expect_ok nagaya start back
    expect_ok nagaya stop back
}

another_path() {
    a_busybox ct01
    mkdir -p /srv/more
    expect_ok nagaya clone ct01 far --path /srv/more
    expect_match "$(cat /srv/more/far/config)" 'lxc.rootfs.path = dir:/srv/more/far/rootfs'
    [ ! -e $lxc/far ] || flunk "it is in $lxc"
    chmod 0777 /srv/more
    expect_fails_with 1 'changed by others' nagaya clone ct01 far2 --path /srv/more
    rm -rf /srv/more
}

# Nobody but the note knows where the runner was at work.
a_killed_runner_elsewhere() {
    a_busybox ct01
    mkdir -p /srv/more/kept
    mkfifo $lxc/ct01/go
    printf '#!/bin/sh\ncat %s/ct01/go\n' $lxc >$lxc/ct01/hook
    chmod 0755 $lxc/ct01/hook
    echo "lxc.hook.clone = $lxc/ct01/hook" >>$lxc/ct01/config
    printf '#!/bin/sh\nexec cat %s/ct01/go\n' $lxc >/usr/share/nagaya/templates/lxc-waiting
    chmod 0755 /usr/share/nagaya/templates/lxc-waiting
    varlink Container.Clone '{"container":"ct01","newName":"far","path":"/srv/more"}' >/dev/null
    varlink Manager.CreateContainer '{"name":"made","template":"waiting","backendOptions":{"dir":"/srv/outside"}}' \
        >/dev/null
    wait_until 10 pgrep -f -x "cat $lxc/ct01/go"
    wait_until 10 test -d /srv/outside
    wait_until 10 path_has_draft /srv/more
    expect_eq "$(find $lxc/.#elsewhere -type f -printf '%f')" '-srv-more-far'
    systemctl kill --signal=KILL nagaya-work.service
    wait_until 20 nothing_is_left_elsewhere
    expect_eq "$(find /srv/more /srv/outside $lxc/.#* 2>/dev/null || true)" $'/srv/more\n/srv/more/kept'
    rm -r /srv/more
    # A job that comes to its end leaves no note.
    sed -i '/hook.clone/d' $lxc/ct01/config
    mkdir /srv/more
    expect_ok nagaya clone ct01 far --path /srv/more
    wait_until 10 nothing_is_left_elsewhere
    rm -r /srv/more /usr/share/nagaya/templates/lxc-waiting
}

path_has_draft() {
    [ -n "$(find "$1" -maxdepth 1 -name '.#*.new')" ]
}

nothing_is_left_elsewhere() {
    [ ! -e "$lxc/.#elsewhere" ] && [ ! -e /srv/outside ] && [ -z "$(find /srv/more $lxc -maxdepth 1 -name '.#*')" ]
}

renaming() {
    uses ct02 over01
    a_legacy_container ct01 "lxc.mount=$lxc/ct01/fstab" "lxc.hook.pre-start=$lxc/ct01/rootfs/sbin/hook"
    printf 'ct01\n' >$lxc/ct01/rootfs/etc/hostname
    printf '%s/ct01/data srv none bind,optional 0 0\n' $lxc >$lxc/ct01/fstab
    printf '#!/bin/sh\n' >$lxc/ct01/rootfs/sbin/hook
    chmod 0755 $lxc/ct01/rootfs/sbin/hook
    expect_ok nagaya clone ct01 over01 --snapshot
    expect_eq "$(expect_ok nagaya snapshot create over01)" snap0
    systemctl enable nagaya@ct01 2>/dev/null
    systemctl set-property nagaya@ct01 MemoryMax=123M
    events_begin
    expect_ok nagaya rename ct01 ct02
    expect_eq "$(nagaya list -1 | paste -s -d ' ')" 'ct02 over01'
    wait_for_line "$case_dir/varlink.json" '"event":"removed".*"ct01"|"ct01".*"event":"removed"' 10
    expect_no_match "$(cat $lxc/ct02/config $lxc/ct02/fstab)" 'ct01'
    expect_match "$(cat $lxc/ct02/config)" "lxc.rootfs = $lxc/ct02/rootfs"
    expect_match "$(cat $lxc/ct02/config)" 'lxc.utsname = ct02'
    expect_match "$(cat $lxc/ct02/config)" "lxc.hook.pre-start = $lxc/ct02/rootfs/sbin/hook"
    expect_eq "$(cat $lxc/ct02/rootfs/etc/hostname)" ct02
    # Who is made of it follows, its snapshots as well.
    expect_match "$(cat $lxc/over01/config)" "overlayfs:$lxc/ct02/rootfs:$lxc/over01/delta0"
    expect_match "$(cat $lxc/over01/snaps/snap0/config)" "overlayfs:$lxc/ct02/rootfs:"
    expect_eq "$(cat $lxc/over01/lxc_rdepends)" $'/var/lib/lxc\nct02'
    expect_fails_with 1 'over01' nagaya destroy ct02
    started_overlay over01
    expect_ok nagaya stop over01
    # The unit.
    expect_eq "$(systemctl is-enabled nagaya@ct02)" enabled
    expect_eq "$(systemctl is-enabled nagaya@ct01 || true)" disabled
    expect_eq "$(systemctl show --value -p MemoryMax nagaya@ct02)" $((123 * 1024 * 1024))
    expect_ok nagaya start ct02
    expect_fails_with 1 'running' nagaya rename ct02 ct03
    expect_ok nagaya stop ct02
    # A clone may be renamed, too, and its base knows.
    expect_ok nagaya rename over01 over02
    uses over02
    expect_match "$(cat $lxc/over02/config)" "overlayfs:$lxc/ct02/rootfs:$lxc/over02/delta0"
    expect_eq "$(cat $lxc/ct02/lxc_snapshots)" \
        "$lxc"$'\nover02\n'"$lxc/over02/snaps"$'\nsnap0'
    expect_fails_with 1 'already' nagaya rename over02 ct02
    expect_fails_with 1 'is not a container name' nagaya rename over02 a/b
    expect_ok nagaya destroy --snapshots over02
    expect_ok nagaya destroy ct02
    expect_nothing_left_over
}

a_rename_that_was_killed() {
    uses ct02 over01
    a_busybox ct01
    expect_ok nagaya clone ct01 over01 --snapshot
    # As it is left in the midst: the directory has its new name, nothing else has followed.
    printf '%s\n' $lxc/ct01 ct01 ct02 >"$lxc/ct01/.#renamed"
    mv $lxc/ct01 $lxc/ct02
    expect_fails_with 1 'over01' nagaya destroy ct02
    # The next start of the runner does the rest.
    wait_until 30 runner_is_gone
    expect_ok nagaya clone ct02 ct03
    uses ct03
    wait_until 10 test ! -e "$lxc/ct02/.#renamed"
    expect_match "$(cat $lxc/ct02/config)" "lxc.rootfs.path = dir:$lxc/ct02/rootfs"
    expect_match "$(cat $lxc/over01/config)" "overlay:$lxc/ct02/rootfs:"
    started_overlay over01
    expect_ok nagaya stop over01
}

runner_is_gone() {
    [ "$(systemctl is-active nagaya-work.service)" = inactive ]
}

# is_listed ID CONDITION
is_listed() {
    nagaya list --json | jq -e --arg id "$1" ".containers[] | select(.container == \$id) | $2" >/dev/null
}

files_not_on_the_disk() {
    uses copy01 copy02
    a_busybox ct01
    local mark=$lxc/copy01/.nagaya-unsynced
    expect_ok nagaya clone ct01 copy01
    wait_until 10 test ! -e "$mark"
    [ ! -e "$mark" ] || flunk "the mark stays"
    # As after a power cut: the mark is of another boot.
    echo 00000000-another-boot >"$mark"
    expect_ok touch $lxc/copy01/config
    wait_until 10 is_listed copy01 '.broken | test("went down")'
    is_listed copy01 '.broken | test("went down")' || flunk "not told in the list"
    expect_fails_with 1 "may not be whole.*remove '$mark'" nagaya start copy01
    expect_fails_with 1 'may not be whole' nagaya clone copy01 copy02
    expect_fails_with 1 'may not be whole' systemctl_start copy01
    # Whoever has looked it through keeps it; else it is destroyed.
    rm "$mark"
    wait_until 10 is_listed copy01 '.broken == ""'
    started copy01
    expect_ok nagaya stop copy01
    echo 00000000-another-boot >"$mark"
    expect_ok nagaya destroy copy01
}

# As the service manager starts it at boot, without the service.
systemctl_start() {
    systemctl start "nagaya@$1.service" || {
        journalctl -q -u "nagaya@$1.service" -n 20 -o cat >&2
        return 1
    }
}

test_case "The session on ct01, overlayfs01 and overlayfs02" the_session_on_overlayfs
test_case "The clone hook of the session" the_clone_hook_of_the_session
test_case "A count of clones stays a count" a_count_of_lxc_1
test_case "A copy, in current names" a_copy_in_current_names
test_case "Clone by both doors" by_the_other_door
test_case "What is refused touches nothing" refusals
test_case "A root file system that is another container's is left alone" not_its_own
test_case "A source that becomes a link leads nowhere" a_source_that_becomes_a_link
test_case "A directory of a source that becomes a link leads nowhere" a_directory_that_becomes_a_link
test_case "A running source is frozen while it is copied" a_running_source
test_case "A killed clone thaws its source" a_killed_clone_thaws
test_case "One job at a time on a container, several on several" two_at_once
test_case "A cancelled clone leaves nothing" cancelling_leaves_nothing
test_case "Who may clone what into what" who_may_clone
test_case "Changes that are kept in memory" changes_in_memory
test_case "Progress is told in files and bytes" progress_is_told
test_case "Into an image and back" a_loop_device_and_back
test_case "Into another container path" another_path
test_case "What a killed runner left in other places is collected" a_killed_runner_elsewhere
test_case "A container is renamed with all that names it" renaming
test_case "A rename that was killed is brought to its end" a_rename_that_was_killed
test_case "A copy whose files may not be on the disk" files_not_on_the_disk
test_end
