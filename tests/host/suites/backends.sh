#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root file systems on storage of each kind that a disposable host can have: made, started, written to,
# stopped, destroyed, with nothing left on the host.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
idmapped=(lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536'
    lxc.rootfs.options=idmap=container)

# a_container ID ROOTFS-PATH [KEY=VALUE]...: a config made by hand, for storage made by hand.
a_container() {
    local id=$1 path=$2
    shift 2
    a_busybox "$id" "$@"
    rm -rf "$(rootfs "$id")"
    set_path "$id" "$path"
}

set_path() {
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = $2|" "/var/lib/lxc/$1/config"
    wait_until 10 has_path "$1" "${2#*:}"
}

has_path() {
    [ "$(nagaya list --json | jq -r ".containers[] | select(.container == \"$1\") | .rootfs")" = "$2" ]
}

inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

up() {
    expect_ok nagaya start "$1"
    wait_until 10 is_up "$1"
    is_up "$1" || flunk "the init of '$1' was not ready within 10 s"
}

is_up() {
    inside "$1" test -e /ready 2>/dev/null
}

down() {
    expect_ok nagaya stop --timeout 10 "$1"
    expect_eq "$(state "$1")" stopped
    expect_nothing_remains "$1"
}

# a_base NAME: a root file system to be laid over.
a_base() {
    uses "$1"
    install -d -m 0770 "/var/lib/lxc/$1"
    busybox_root "/var/lib/lxc/$1/rootfs"
    rm -f "/var/lib/lxc/$1/rootfs/ready"
    echo base >"/var/lib/lxc/$1/rootfs/etc/from"
}

tree_hash() {
    tar -C "$1" --sort=name --numeric-owner -c . | sha256sum
}

# What must be as it was before: mounts, and loop devices of ours.
host_mounts() {
    awk '{ $1 = $2 = ""; print }' /proc/self/mountinfo
}

loops() {
    cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$1"
}

no_loops() {
    [ -z "$(loops "$1")" ]
}

expect_no_loops() {
    wait_until 10 no_loops "$1"
    expect_eq "$(loops "$1")" "" "loop devices"
}

overlay_of_several_layers() {
    a_base base
    mkdir -p "/var/lib/lxc/base/more/etc"
    echo more >/var/lib/lxc/base/more/etc/from
    local mounts before dir=/var/lib/lxc/ct01
    a_container ct01 "overlay:/var/lib/lxc/base/more:/var/lib/lxc/base/rootfs:$dir/overlay/delta"
    before=$(tree_hash /var/lib/lxc/base/rootfs)
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_eq "$(inside ct01 cat /etc/from)" more
    expect_match "$(inside ct01 grep ' / ' /proc/mounts)" \
        "^/var/lib/lxc/base/more / overlay .*lowerdir=/var/lib/lxc/base/more:/var/lib/lxc/base/rootfs"
    expect_ok inside ct01 sh -c 'echo new >/root/new; rm /etc/group; rm -rf /srv; mkdir /srv; echo x >/etc/from'
    expect_eq "$(cat $dir/overlay/delta/root/new)" new
    expect_eq "$(stat -c '%F %t:%T' $dir/overlay/delta/etc/group)" 'character special file 0:0'
    expect_eq "$(getfattr --absolute-names -n trusted.overlay.opaque --only-values $dir/overlay/delta/srv 2>&1)" y
    down ct01
    expect_eq "$(tree_hash /var/lib/lxc/base/rootfs)" "$before" "the layer below"
    expect_eq "$(cat /var/lib/lxc/base/more/etc/from)" more
    up ct01
    expect_eq "$(inside ct01 cat /root/new /etc/from | xargs)" 'new x'
    expect_fails_with 1 '' inside ct01 test -e /etc/group
    down ct01
    expect_ok nagaya destroy ct01
    [ ! -e $dir ] || flunk "the container's directory is still there"
    [ -e /var/lib/lxc/base/more/etc/from ] || flunk "the layer below was removed"
    expect_eq "$(tree_hash /var/lib/lxc/base/rootfs)" "$before" "the layer below"
}

overlay_in_the_spelling_of_lxc_1() {
    a_base base
    a_container ct01 overlayfs:/var/lib/lxc/base/rootfs:/var/lib/lxc/ct01/delta0
    sed -i 's|^lxc.rootfs.path|lxc.rootfs|' /var/lib/lxc/ct01/config
    up ct01
    expect_ok inside ct01 touch /root/new
    [ -e /var/lib/lxc/ct01/delta0/root/new ] && [ -d /var/lib/lxc/ct01/olwork ] ||
        flunk "no delta: $(find /var/lib/lxc/ct01)"
    expect_eq "$(varlink Container.GetConfig '{"container":"ct01","key":"lxc.rootfs.path"}' | jq -r .value)" \
        /var/lib/lxc/base/rootfs:/var/lib/lxc/ct01/delta0
    down ct01
}

overlay_in_a_user_namespace() {
    a_base base
    local mounts before dir=/var/lib/lxc/ct01
    a_container ct01 "overlay:/var/lib/lxc/base/rootfs:$dir/overlay/delta" "${idmapped[@]}"
    before=$(tree_hash /var/lib/lxc/base/rootfs)
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_eq "$(inside ct01 id -u) $(inside ct01 awk 'NR == 1 { print $2 }' /proc/self/uid_map)" '0 100000'
    expect_ok inside ct01 sh -c 'echo new >/root/new; rm /etc/group; rm -rf /srv; mkdir /srv; chown 7:8 /root/new'
    expect_eq "$(stat -c %u:%g $dir/overlay/delta/root/new)" 7:8
    expect_eq "$(stat -c '%F %u:%g' $dir/overlay/delta/etc)" 'directory 0:0'
    expect_eq "$(stat -c '%F %t:%T' $dir/overlay/delta/etc/group)" 'character special file 0:0'
    expect_eq "$(getfattr --absolute-names -n user.overlay.opaque --only-values $dir/overlay/delta/srv 2>&1)" y
    expect_eq "$(inside ct01 stat -c %u:%g / /bin/busybox | xargs)" '0:0 0:0'
    down ct01
    expect_eq "$(tree_hash /var/lib/lxc/base/rootfs)" "$before" "the layer below"
}

overlay_of_shifted_files() {
    a_base base
    chown -R -h 100000:100000 /var/lib/lxc/base/rootfs
    a_container ct01 overlay:/var/lib/lxc/base/rootfs:/var/lib/lxc/ct01/overlay/delta \
        "${idmapped[@]:0:2}"
    up ct01
    expect_ok inside ct01 touch /root/new
    expect_eq "$(stat -c %u:%g /var/lib/lxc/ct01/overlay/delta /var/lib/lxc/ct01/overlay/delta/root/new | xargs)" \
        '100000:100000 100000:100000'
    down ct01
}

overlay_without_its_lower() {
    a_container ct01 overlay:/var/lib/lxc/gone/rootfs:/var/lib/lxc/ct01/overlay/delta
    expect_fails_with 1 "Stage 'rootfs'.*Cannot use the layer '/var/lib/lxc/gone/rootfs': No such file" \
        nagaya start ct01
    expect_eq "$(state ct01)" stopped
    set_path ct01 "overlay:/var/lib/lxc:/../etc"
    expect_fails_with 1 "is not LOWER:UPPER" nagaya start ct01
}

# an_image FILE: an ext4 file system with a root in it.
an_image() {
    [ -d "$work/busybox" ] || make_busybox_root "$work/busybox"
    truncate -s 64M "$1"
    chmod 0600 "$1"
    mkfs.ext4 -q -F -d "$work/busybox" "$1"
}

loop_image() {
    local mounts image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image" lxc.rootfs.options=noatime,data=ordered
    an_image $image
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_match "$(inside ct01 grep ' / ' /proc/mounts)" '^/dev/loop[0-9]+ / ext4 rw,noatime'
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    down ct01
    expect_no_loops $image
    expect_eq "$(debugfs -R 'cat /root/file' $image 2>/dev/null)" written
    # As LXC 1.x wrote it: without a type.
    set_path ct01 $image
    up ct01
    expect_eq "$(inside ct01 cat /root/file)" written
    down ct01
    expect_ok nagaya destroy ct01
    [ ! -e /var/lib/lxc/ct01 ] || flunk "the container's directory is still there"
}

loop_image_read_only() {
    local image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image" lxc.rootfs.options=ro lxc.init.cmd='/bin/sleep 1000'
    an_image $image
    local before
    before=$(sha256sum $image)
    expect_ok nagaya start ct01
    expect_fails_with 1 'Read-only' inside ct01 touch /root/no
    expect_ok nagaya stop --kill ct01
    expect_no_loops $image
    expect_eq "$(sha256sum $image)" "$before" "the image"
}

loop_image_in_a_user_namespace() {
    local mounts image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image" "${idmapped[@]}"
    an_image $image
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    expect_eq "$(inside ct01 stat -c %u:%g / /root/file | xargs)" '0:0 0:0'
    down ct01
    expect_no_loops $image
    expect_match "$(debugfs -R 'stat /root/file' $image 2>/dev/null)" 'User: +0 +Group: +0'
}

kill_9_leaves_no_device() {
    local mounts image=/var/lib/lxc/ct01/rootdev i
    a_container ct01 "loop:$image"
    an_image $image
    mounts=$(host_mounts)
    for i in 1 2 3; do
        nagaya start ct01
        kill -KILL "$(supervisor_pid ct01)"
        wait_for_state ct01 stopped
        expect_nothing_remains ct01
        expect_no_loops $image
    done
    # In the midst of the start, wherever that is.
    for i in 1 2 3 5 8 13; do
        systemctl start --no-block nagaya@ct01
        sleep "0.0$(printf %02d $i)"
        systemctl kill --signal=KILL nagaya@ct01
        wait_until 20 unit_has_ended ct01
        expect_no_loops $image
    done
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    systemctl reset-failed nagaya@ct01
    up ct01
    down ct01
}

unit_has_ended() {
    [[ $(unit_state "$1") = @(failed|inactive) ]]
}

not_an_image() {
    local image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image"
    expect_fails_with 1 "Stage 'rootfs'.*Cannot open the image '$image': No such file" nagaya start ct01
    truncate -s 1M $image
    expect_fails_with 1 "There is no file system on '$image' that can be a root" nagaya start ct01
    mv $image $image.away
    ln -s $image.away $image
    expect_fails_with 1 "The image '$image' is a symbolic link, which is not followed" nagaya start ct01
    rm $image
    mkdir $image
    expect_fails_with 1 "Stage 'rootfs'" nagaya start ct01
    expect_no_loops /var/lib/lxc/ct01
    expect_nothing_remains ct01
}

# --- made by the service

# what_is_there: in the container path, but for containers of other cases.
what_is_there() {
    find /var/lib/lxc -mindepth 1 -maxdepth 1 | sort
}

created_on_loop() {
    uses ct01
    local mounts image=/var/lib/lxc/ct01/rootdev
    mounts=$(host_mounts)
    expect_ok nagaya create ct01 -t busybox -B loop --fssize 48M --fstype ext4
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_no_loops $image
    expect_eq "$(stat -c '%a %s' $image)" "600 $((48 * 1024 * 1024))"
    expect_match "$(cat /var/lib/lxc/ct01/config)" "lxc.rootfs.path = loop:$image"
    expect_match "$(debugfs -R 'ls -p /' $image 2>/dev/null)" '/sbin/'
    expect_ok nagaya start ct01
    wait_until 10 inside ct01 test -e /proc/mounts
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    expect_ok nagaya stop --kill ct01
    expect_no_loops $image
    expect_ok nagaya destroy ct01
    [ ! -e /var/lib/lxc/ct01 ] || flunk "the container's directory is still there"
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
}

created_on_loop_for_a_user_namespace() {
    uses ct01
    expect_ok nagaya create ct01 -t busybox -B loop --fssize 48 --set lxc.idmap='u 0 100000 65536' \
        --set lxc.idmap='g 0 100000 65536'
    expect_ok nagaya start ct01
    expect_eq "$(inside ct01 sh -c 'id -u; stat -c %u /bin/sh' | xargs)" '0 0'
    expect_ok nagaya stop --kill ct01
}

created_on_overlay() {
    uses ct01
    local mounts dir=/var/lib/lxc/ct01
    mounts=$(host_mounts)
    expect_ok nagaya create ct01 -t busybox -B overlay
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_match "$(cat $dir/config)" "lxc.rootfs.path = overlay:$dir/rootfs:$dir/overlay/delta"
    expect_eq "$(find $dir/rootfs -mindepth 1)" "" "the layer below"
    [ -x $dir/overlay/delta/bin/busybox ] || flunk "the template's files are not in the delta"
    expect_ok nagaya start ct01
    expect_ok inside ct01 touch /root/new
    expect_ok nagaya stop --kill ct01
    [ -e $dir/overlay/delta/root/new ] || flunk "a change is not in the delta"
    expect_ok nagaya destroy ct01
    [ ! -e $dir ] || flunk "the container's directory is still there"
}

created_elsewhere() {
    uses ct01
    rm -rf /srv/elsewhere
    expect_ok nagaya create ct01 -t busybox -B dir --dir /srv/elsewhere
    expect_match "$(cat /var/lib/lxc/ct01/config)" 'lxc.rootfs.path = dir:/srv/elsewhere'
    [ -x /srv/elsewhere/bin/busybox ] || flunk "the files are not there"
    expect_fails_with 1 "There is already a '/srv/elsewhere'" nagaya create ct02 --dir /srv/elsewhere
    [ ! -e /var/lib/lxc/ct02 ] || flunk "ct02 was made"
    expect_ok nagaya destroy ct01
    [ -x /srv/elsewhere/bin/busybox ] || flunk "what lies outside was removed"
    # What a create has made, a create that fails takes away.
    printf '#!/bin/sh\nexit 3\n' >/usr/share/nagaya/templates/lxc-failing
    chmod 0755 /usr/share/nagaya/templates/lxc-failing
    expect_fails_with 1 "failed with exit status 3" nagaya create ct02 -t failing --dir /srv/failed
    [ ! -e /srv/failed ] && [ ! -e /var/lib/lxc/ct02 ] || flunk "something is left"
}

failed_template_leaves_no_storage() {
    uses ct01
    local mounts before
    mounts=$(host_mounts)
    before=$(what_is_there)
    printf '#!/bin/sh\nexit 3\n' >/usr/share/nagaya/templates/lxc-failing
    chmod 0755 /usr/share/nagaya/templates/lxc-failing
    expect_fails_with 1 "failed with exit status 3" nagaya create ct01 -t failing -B loop --fssize 16
    # Killed in the midst of it.
    printf '#!/bin/sh\necho ready; sleep 100\n' >/usr/share/nagaya/templates/lxc-slow
    chmod 0755 /usr/share/nagaya/templates/lxc-slow
    nagaya create ct01 -t slow -B loop --fssize 16 >"$case_dir/slow" 2>&1 &
    wait_for_line "$case_dir/slow" ready 20
    systemctl kill --signal=KILL nagaya-work.service
    wait_until 20 process_is_gone $!
    expect_ok nagaya create ct01
    expect_ok nagaya destroy ct01
    wait_until 10 path_has "$before"
    expect_eq "$(what_is_there)" "$before" "the container path"
    expect_no_loops /var/lib/lxc
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
}

path_has() {
    [ "$(what_is_there)" = "$1" ]
}

refused() {
    expect_fails_with 1 "$1" nagaya create new "${@:2}"
}

# What nobody can do anywhere is a wrong usage of the command.
is_wrong() {
    expect_fails_with 2 "$1" nagaya create new "${@:2}"
}

bad_options_have_no_effect() {
    local before size
    before=$(what_is_there)
    for size in -1 10X 0 '' 1.5G 99999999999999999999 8388608T 5KB ' 5' 0x10 1b; do
        is_wrong "Storage option 'fssize' cannot be '.*': expected a number" -B loop --fssize="$size"
    done
    for type in --foo '; rm' 'ext4 -F' ../ext4 '$(id)' ''; do
        is_wrong "Storage option 'fstype' cannot be" -B loop --fstype="$type"
    done
    refused "the program 'mkfs.nothing' is not installed" -B loop --fstype=nothing
    for name in lvname vgname thinpool zfsroot rbdname rbdpool rbduser; do
        is_wrong "Storage option '$name' cannot be '-x'" -B dir --$name=-x
        is_wrong "Storage option '$name' cannot be 'a;b'" -B dir --$name='a;b'
    done
    is_wrong "Storage option 'fssize' is not for backend 'dir', but for 'lvm', 'loop', 'rbd'" --fssize 16
    is_wrong "Storage option 'vgname' is not for backends 'dir', 'loop', but for 'lvm'" -B dir,loop --vgname vg0
    is_wrong "Storage option 'dir' is not for backend 'loop'" -B loop --dir /srv/x
    is_wrong "Storage option 'dir' cannot be 'relative'" --dir relative
    is_wrong "Storage option 'dir' cannot be '/srv/../etc/x'" --dir /srv/../etc/x
    refused "would lie in the directory of another container" --dir /var/lib/lxc/other/rootfs
    is_wrong "There is no storage backend 'floppy'" -B floppy
    is_wrong "'overlayfs' is not for new containers" -B overlayfs
    is_wrong "'aufs' is not for new containers" -B aufs
    local job
    job=$(varlink Manager.CreateContainer '{"name":"new","backendOptions":{"colour":"red"}}' | jq .job)
    expect_varlink_error org.varlink.service.InvalidParameter "There is no storage option 'colour'" \
        Job.Wait "{\"job\":$job}"
    job=$(manager CreateContainer 'sa{sv}' new 1 backend_options 'a{ss}' 1 fssize 10X | cut -d'"' -f2)
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs "option 'fssize' cannot be '10X'" "$job" \
        org.nagaya1.Job.Wait "{}"
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs "'zfsroot' is not for backend 'dir'" \
        "$(manager CreateContainer 'sa{sv}' new 1 backend_options 'a{ss}' 1 zfsroot tank | cut -d'"' -f2)" \
        org.nagaya1.Job.Wait "{}"
    expect_eq "$(what_is_there)" "$before" "the container path"
}

place_of_another_is_refused() {
    a_busybox other
    local before
    before=$(what_is_there)
    refused "'/var/lib/lxc/other/rootfs' would lie in the directory of another container" \
        --set lxc.rootfs.path=dir:/var/lib/lxc/other/rootfs
    refused "would lie in the directory of another" \
        --set lxc.rootfs.path=overlay:/srv/x:/var/lib/lxc/other/delta
    ln -s /var/lib/lxc/other/rootfs /srv/link
    refused "would lie in the directory of another" --set lxc.rootfs.path=dir:/srv/link
    rm /srv/link
    expect_eq "$(what_is_there)" "$before" "the container path"
    uses ct01
    expect_ok nagaya create ct01 \
        --set lxc.rootfs.path=overlay:/var/lib/lxc/other/rootfs:/var/lib/lxc/ct01/overlay/delta
    [ -d "$(rootfs other)/bin" ] || flunk "the other's files are gone"
}

unusable_ones_say_why() {
    local rows name
    rows=$(varlink Manager.ListBackends | jq -c '.backends[]')
    for name in zfs aufs; do
        [ -d /sys/module/$name ] && continue
        expect_match "$(grep "\"$name\"" <<<"$rows")" \
            "\"usable\":false,\"reason\":\"This kernel has no file system '$name', and no module"
    done
    command -v rbd >/dev/null ||
        expect_match "$(grep '"rbd"' <<<"$rows")" "The program 'rbd' is not installed \(Debian package ceph-common\)"
    for name in dir none overlay overlayfs loop; do
        expect_match "$(grep "\"$name\"" <<<"$rows")" '"usable":true'
    done
    [ -d /sys/module/zfs ] && return
    refused "Storage backend 'zfs' cannot be used: This kernel has no file system 'zfs'" -B zfs
    refused "Storage backend 'zfs' cannot be used" -B zfs,zfs
    expect_varlink_error NotSupported "cannot be used: This kernel has no file system" \
        Job.Wait "{\"job\":$(varlink Manager.CreateContainer '{"name":"ct01","backend":"zfs"}' | jq .job)}"
    a_container ct02 zfs:tank/ct02
    expect_fails_with 1 "Storage of type 'zfs' cannot be used: This kernel has no" nagaya start ct02
    expect_bus_error NotSupported "Storage of type 'zfs' cannot be used" "$(object_path ct02)" \
        org.nagaya1.Container.Start '{}'
    expect_eq "$(state ct02)" stopped
}

best_is_the_first_that_takes_it() {
    uses ct01 ct02
    expect_ok nagaya create ct01 -B best --fssize 16
    expect_match "$(cat "$case_dir/stderr")" \
        "'fssize' means nothing to backend 'dir', which was chosen"
    expect_match "$(cat /var/lib/lxc/ct01/config)" 'lxc.rootfs.path = dir:'
    expect_ok nagaya create ct02 -B btrfs,loop,dir --fssize 16
    expect_match "$(cat /var/lib/lxc/ct02/config)" 'lxc.rootfs.path = loop:'
    refused "is not on a btrfs file system" -B btrfs
}

places_of_the_host_need_more() {
    rule "if (action.id == 'org.nagaya1.create' && subject.user == 'nagaya-alice') return polkit.Result.YES;"
    uses ct01 ct02
    as_user=(as-user nagaya-alice)
    expect_ok "${as_user[@]}" nagaya create ct01 -B loop --fssize 16
    local option
    for option in --dir=/srv/x --vgname=vg0 --thinpool=p --zfsroot=tank --rbdpool=p --rbduser=u; do
        expect_fails_with 1 'org.nagaya1.host|not authori|authori' "${as_user[@]}" nagaya \
            --no-ask-password create ct02 $option
    done
    [ ! -e /srv/x ] && [ ! -e /var/lib/lxc/ct02 ] || flunk "something was made"
}

# A file system that lets nobody write: whoever mounts the image on it for writing waits.
hanging_disk_does_not_hold_the_supervisor() {
    local begin=${EPOCHREALTIME/[.,]/}
    truncate -s 96M "$work/frozen"
    mkfs.ext4 -q -F "$work/frozen"
    mkdir -p /srv/frozen
    mount -o loop "$work/frozen" /srv/frozen
    a_container ct01 loop:/srv/frozen/rootdev
    an_image /srv/frozen/rootdev
    sync -f /srv/frozen
    fsfreeze -f /srv/frozen
    trap 'fsfreeze -u /srv/frozen; umount /srv/frozen' EXIT
    nagaya start ct01 >"$case_dir/start" 2>&1 &
    wait_for_state ct01 starting
    wait_until 10 opener_waits
    # The unit is only gone when the process is that nobody can kill; the container is stopped before.
    nagaya stop --kill ct01 >"$case_dir/stop" 2>&1 &
    wait_for_state ct01 stopped
    [ $((${EPOCHREALTIME/[.,]/} - begin)) -lt 10000000 ] || flunk "the stop took too long"
    opener_waits || flunk "the opener did not wait for the disk"
    fsfreeze -u /srv/frozen
    wait
    expect_match "$(cat "$case_dir/start")" 'was told to stop'
    wait_until 20 unit_has_ended ct01
    up ct01
    down ct01
    expect_no_loops /srv/frozen/rootdev
    umount /srv/frozen
    trap - EXIT
}

opener_waits() {
    local pid
    for pid in $(pgrep nagaya-run); do
        grep -q '^State:.*D' "/proc/$pid/status" && return
    done
    return 1
}

test_case "An overlay of several layers keeps changes apart" overlay_of_several_layers
test_case "An overlay in the spelling of LXC 1.x is the same" overlay_in_the_spelling_of_lxc_1
test_case "An overlay is mounted inside of a user namespace, writable, files root's on the disk" \
    overlay_in_a_user_namespace
test_case "An overlay over files of the mapped ids needs no map of ids" overlay_of_shifted_files
test_case "An overlay without its lower says so" overlay_without_its_lower
test_case "An image is mounted by a loop device that goes with the container" loop_image
test_case "An image that may only be read is not written to" loop_image_read_only
test_case "An image in a user namespace" loop_image_in_a_user_namespace
test_case "SIGKILL leaves neither a loop device nor a mount" kill_9_leaves_no_device
test_case "What is no image is told, and no link is followed" not_an_image
test_case "A container is made on an image by a template, which is never mounted on the host" created_on_loop
test_case "A container for a user namespace is made on an image" created_on_loop_for_a_user_namespace
test_case "A container is made on an overlay" created_on_overlay
test_case "A container is made in a directory elsewhere, which its end spares" created_elsewhere
test_case "A template that fails or is killed leaves no storage" failed_template_leaves_no_storage
test_case "A bad size, type, name or path is refused before any effect" bad_options_have_no_effect
test_case "A root file system in another container's directory is refused" place_of_another_is_refused
test_case "A backend that cannot be used says why" unusable_ones_say_why
test_case "A list of backends is tried in turn" best_is_the_first_that_takes_it
test_case "Naming a place of the host needs more than making a container" places_of_the_host_need_more
test_case "A disk that hangs does not keep a start from being killed" hanging_disk_does_not_hold_the_supervisor
test_end
