#!/bin/bash
# Installs, starts, talks to, restarts and removes each real server (or those that are named), and
# shows that the machine is afterwards as it was. Options (--root=WAY, --cache=DIR) go to target.
# Exit 77: not possible here, with target's sentence why.
#   test_targets.sh [OPTION]... [NAME]...
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
work=$(mktemp -d)
options=() names=()
for argument; do
    case $argument in
    -*) options+=("$argument") ;;
    *) names+=("$argument") ;;
    esac
done
((${#names[@]})) || mapfile -t names < <("$here/target" list)

target() { "$here/target" "$@" "${options[@]}"; }

clean_up() {
    local name
    for name in "${names[@]}"; do target remove "$name" --state "$work/$name" || :; done
    rm -rf "$work"
}
trap clean_up EXIT

fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }

# What private servers must leave alone: packages, users, units, configuration, mail, queues.
machine() {
    {
        dpkg-query -W
        find /etc /lib/systemd/system /usr/sbin /var/mail /var/spool /var/lib/dpkg \
            /var/lib/dovecot /var/lib/postfix /var/lib/exim4 /var/lib/courier /var/lib/cyrus /run -xdev -printf '%p %y %m %U %s %T@\n' \
            2>/dev/null || :
        cat /proc/self/mountinfo
    } | LC_ALL=C sort
}

# Server processes in the machine's own PID namespace, and those of our instances in theirs (which
# have our directory mounted; somebody else's instances are none of our business).
processes() {
    local directory own_namespace name
    own_namespace=$(readlink /proc/self/ns/pid)
    for directory in /proc/[0-9]*; do
        name=$(cat "$directory/comm") || continue
        if [[ $(readlink "$directory/ns/pid") == "$own_namespace" ]]; then
            [[ $name =~ ^(dovecot|master|smtpd|anvil|qmgr|imap.*|pop3.*|lmtp.*|exim4|cyrmaster|courier.*|authdaemond|nginx)$ ]] || continue
        else
            grep -q "/${work##*/}/" "$directory/mountinfo" || continue
        fi
        printf '%s %s\n' "${directory##*/}" "$name"
    done
} 2>/dev/null

main_process() {
    case $1 in
    cyrus) echo cyrmaster ;;
    courier) echo couriertcpd ;;
    exim) echo exim4 ;;
    nginx) echo nginx ;;
    *) echo dovecot ;;
    esac
}

ports_of() { sed -n 's/^  [a-z-]*: \([0-9]*\)$/\1/p' "$1"; }

nothing_listens() {
    local port
    for port in "$@"; do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || fail "port $port still answers"
    done
}

# Nothing survives the end of the supervising process.
crash() {
    local parent i left
    read -r _ parent _ <"$1/supervisor"
    kill -KILL "$parent"
    for ((i = 0; i < 100; i++)); do
        left=$(processes | grep -v -F -x -f "$work/processes.before" || :)
        [[ -n $left ]] || break
        sleep 0.05
    done
    [[ $(target status "$name" --state "$1") == stopped ]] || fail "status after a crash"
    # shellcheck disable=SC2046
    nothing_listens $(ports_of "$2")
}

test_server() {
    local name=$1 file again state=$work/$1
    printf '%s\n' "$name"
    target install "$name"
    file=$(target start "$name" --state "$state")
    [[ $file == "$state/target.yaml" ]] || fail "start printed \"$file\""
    [[ $(stat -c %a "$state"/passwords/*) == $'600\n600\n600' ]] || fail "passwords can be read"
    [[ $(target status "$name" --state "$state") == running ]] || fail "status of a running server"
    [[ $(processes) == *"$(main_process "$name")"* ]] || fail "the search for processes does not see a running server"
    python3 "$here/talk.py" "$file"
    cp "$file" "$work/before.yaml"
    target stop "$name" --state "$state"
    # shellcheck disable=SC2046
    nothing_listens $(ports_of "$file")
    again=$(target start "$name" --state "$state" | cat)
    cmp "$work/before.yaml" "$again" || fail "a restart changed the target file"
    target reset "$name" --state "$state" >"$work/reset"
    python3 "$here/talk.py" "$file" >/dev/null
    crash "$state" "$file"
    target start "$name" --state "$state" >/dev/null
    printf '  stopped, restarted on the same ports, reset, killed and restarted\n'
    target remove "$name" --state "$state"
    # shellcheck disable=SC2046
    nothing_listens $(ports_of "$work/before.yaml")
    [[ ! -e $state ]] || fail "$state is still there"
}

main() {
    local name r=0
    machine >"$work/machine.before"
    processes >"$work/processes.before"
    for name in "${names[@]}"; do
        target install "$name" || r=$?
        ((r != 77)) || exit 77
        ((r == 0)) || fail "$name was not installed"
        test_server "$name"
    done
    machine >"$work/machine.after"
    processes >"$work/processes.after"
    diff "$work/machine.before" "$work/machine.after" || fail "the machine has changed"
    diff "$work/processes.before" "$work/processes.after" || fail "processes are left"
    printf 'nothing is left running, and the machine is as it was\n'
}

main
