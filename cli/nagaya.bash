# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of nagaya for bash: the command knows its table best.
_nagaya()
{
        local IFS=$'\n'

        COMPREPLY=($(nagaya __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _nagaya nagaya
