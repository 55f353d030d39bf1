/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* apparmor.d(5). Denials come before all permissions. Since they go by path, nothing may be mounted so
 * that what lies in /proc and /sys has another path, but in a container that may nest others.
 * apparmor_parser before 3.0.9 takes a rule for a change of propagation, which systemd cannot do
 * without, as one for every bind mount (CVE-2016-1585): there the profile is weaker than it reads. */

#include "runtime/plan/apparmor-profile.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

static const char allowed[] = "  capability,\n"
                              "  dbus,\n"
                              "  file,\n"
                              "  network,\n"
                              "  pivot_root,\n"
                              "  umount,\n"
                              "  unix,\n"
                              "  ptrace (read, readby, trace, tracedby) peer=@{profile_name},\n"
                              "  ptrace (readby, tracedby) peer=unconfined,\n"
                              "  signal (send, receive) peer=@{profile_name},\n"
                              "  signal (receive) peer=unconfined,\n";

/* What is not of a namespace of the container's. */
static const char denied[] =
        "  deny /proc/{kcore,kmem,mem,sysrq-trigger} rwklx,\n"
        "  deny /proc/{acpi,irq,bus,mtrr}{,/**} wklx,\n"
        "  deny /proc/sys/{abi,debug,dev,sunrpc,vm}/** wklx,\n"
        "  deny /proc/sys/fs/{aio-max-nr,file-max,nr_open,pipe*,protected_*,suid_dumpable} wklx,\n"
        "  deny /proc/sys/kernel/{core_*,dmesg_restrict,ftrace*,hotplug,kexec*,kptr_restrict} "
        "wklx,\n"
        "  deny /proc/sys/kernel/{modprobe,modules_disabled,panic*,perf_*,pid_max,poweroff_cmd} "
        "wklx,\n"
        "  deny /proc/sys/kernel/{printk*,sysrq,threads-max,unprivileged_*,watchdog*} wklx,\n"
        "  deny /proc/sys/kernel/{keys,usermodehelper,yama}/** wklx,\n"
        "  deny /sys/{block,bus,dev,firmware,hypervisor,module,power}/** wklx,\n"
        "  deny /sys/firmware/{efi/efivars,dmi}/** r,\n"
        "  deny /sys/kernel/{debug,kexec*,mm,slab,tracing,uevent_helper}{,/**} wklx,\n"
        "  deny /sys/kernel/{debug,tracing}/** r,\n"
        "  deny /sys/fs/{bpf,pstore,selinux}/** wklx,\n";

static const char denied_unnested[] = "  deny /sys/kernel/security/** rwklx,\n";

static const char mounts[] =
        "  mount fstype=(autofs, devpts, fuse, fuse.*, hugetlbfs, mqueue, overlay, ramfs, tmpfs),\n"
        "  mount fstype=binfmt_misc -> /proc/sys/fs/binfmt_misc/,\n"
        "  mount fstype=proc -> /proc/,\n"
        "  mount fstype=sysfs -> /sys/,\n"
        "  mount fstype=cgroup2 -> /sys/fs/cgroup/{,**},\n";

static const char mounts_nested[] = "  mount,\n";

static const char *const propagation[] = {
        "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable",
};

/* All paths but those in /proc and /sys. */
static const char *const elsewhere[] = {
        "/[^ps]**",    "/p[^r]**", "/pr[^o]**", "/pro[^c]**",
        "/proc[^/]**", "/s[^y]**", "/sy[^s]**", "/sys[^/]**",
};

static void print_mounts(FILE *out)
{
        static const char *const flags[] = { "nosuid", "nodev", "noexec", "relatime" };

        (void) fputs(mounts, out);
        for (size_t i = 0; i < ELEMENTS(propagation); i++)
                (void) fprintf(out, "  mount options=(rw, make-%s) -> /{,**},\n", propagation[i]);
        for (size_t i = 0; i < ELEMENTS(elsewhere); i++)
                (void) fprintf(out,
                               "  mount options in (rw, ro, bind, rbind, remount, nosuid, nodev, "
                               "noexec, relatime, noatime) %s -> /**,\n",
                               elsewhere[i]);
        /* Anything may become read-only. */
        for (unsigned set = 0; set < 1U << ELEMENTS(flags); set++) {
                (void) fprintf(out, "  mount options=(ro, remount, bind");
                for (size_t i = 0; i < ELEMENTS(flags); i++)
                        if (set & 1U << i)
                                (void) fprintf(out, ", %s", flags[i]);
                (void) fprintf(out, ") -> /**,\n");
        }
}

char *apparmor_profile_text(const char *name, bool nesting, char *const *raw)
{
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        (void) fprintf(out, "profile \"%s\" flags=(attach_disconnected, mediate_deleted) {\n%s%s%s",
                       name, allowed, denied, nesting ? "" : denied_unnested);
        if (nesting)
                (void) fputs(mounts_nested, out);
        else
                print_mounts(out);
        for (; raw && *raw; raw++)
                (void) fprintf(out, "  %s\n", *raw);
        (void) fputs("}\n", out);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

/* An id may have "\x2d" in it, which means something in a quoted name. */
char *apparmor_profile_name(const char *id)
{
        char *name;

        name = string_format("nagaya-%s", id);
        if (!name)
                return NULL;
        for (char *p = name; (p = strchr(p, '\\'));)
                *p = '_';
        return name;
}
