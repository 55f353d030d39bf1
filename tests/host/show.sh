# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Steps before the user's eyes: the command, its output, how it went and how long it took. Colours
# on a terminal only. Sourced.

if [ -n "${NAGAYA_COLOUR-}" ]; then
    show_colour=$NAGAYA_COLOUR
elif [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR-}" ]; then
    show_colour=yes
else
    show_colour=no
fi
if [ "$show_colour" = yes ]; then
    show_bold=$'\e[1m' show_dim=$'\e[2m' show_good=$'\e[32m' show_bad=$'\e[1;31m'
    show_command=$'\e[1;36m' show_end=$'\e[0m' show_clear=$'\r\e[K'
else
    show_bold='' show_dim='' show_good='' show_bad='' show_command='' show_end='' show_clear=''
fi
show_failed=0

show_title() {
    printf '%s%s%s\n\n' "$show_bold" "$1" "$show_end"
}

show_now_ms() {
    printf '%s\n' $((${EPOCHREALTIME/[.,]/} / 1000))
}

show_duration() {
    local ms=$1
    if [ "$ms" -lt 10000 ]; then
        printf '%d ms\n' "$ms"
    else
        printf '%d.%d s\n' $((ms / 1000)) $((ms % 1000 / 100))
    fi
}

# show_verdict STATUS START_MS: "ok" or "failed", with the time.
show_verdict() {
    local duration
    duration=$(show_duration $(($(show_now_ms) - $2)))
    if [ "$1" = 0 ]; then
        printf '  %sok%s %s%s%s\n\n' "$show_good" "$show_end" "$show_dim" "$duration" "$show_end"
    else
        printf '  %sfailed%s (exit status %s) %s%s%s\n\n' \
            "$show_bad" "$show_end" "$1" "$show_dim" "$duration" "$show_end"
        show_failed=$((show_failed + 1))
    fi
}

# show_step EXPECTED_STATUS COMMAND...: the command line and its output, then the verdict.
show_step() {
    local expected=$1 start status=0
    shift
    printf '%s$ %s%s\n' "$show_command" "$(show_command_line "$@")" "$show_end"
    start=$(show_now_ms)
    timeout --foreground 60 "$@" 2>&1 | sed 's/^/  /' || status=$?
    if [ "$expected" != 0 ] && [ "$status" = "$expected" ]; then
        printf '  exit status %s, as it should be\n' "$status"
        status=0
    elif [ "$expected" != 0 ] && [ "$status" = 0 ]; then
        printf '  exit status 0, but %s was expected\n' "$expected"
        status=1
    fi
    show_verdict "$status" "$start"
}

# As one would type it: quoted only where the shell needs it.
show_command_line() {
    local word line=''
    for word in "$@"; do
        if [[ $word =~ ^[A-Za-z0-9_./:=@,+-]+$ ]]; then
            line+=" $word"
        else
            line+=" '${word//\'/\'\\\'\'}'"
        fi
    done
    printf '%s\n' "${line# }"
}

# show_quiet LOG WHAT COMMAND...: the last line of output while it works, all of it if it fails,
# and then the end: nothing after it could hold.
show_quiet() {
    local log=$1 what=$2 start status=0
    shift 2
    start=$(show_now_ms)
    if [ "$show_colour" = yes ]; then
        "$@" 2>&1 | tee "$log" | while IFS= read -r line; do
            printf '%s%s  %s%.90s%s' "$show_clear" "$what" "$show_dim" "$line" "$show_end"
        done || status=$?
        printf '%s' "$show_clear"
    else
        "$@" >"$log" 2>&1 || status=$?
    fi
    printf '%s\n' "$what"
    [ "$status" = 0 ] || sed 's/^/  /' "$log"
    show_verdict "$status" "$start"
    [ "$status" = 0 ] || exit 1
}
