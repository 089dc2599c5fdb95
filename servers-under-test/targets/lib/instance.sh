# shellcheck shell=bash
# Sourced by target. One running server: its state directory, its supervising process, its target
# file.
#   STATE/target.yaml, ca.pem, passwords/USER   for whoever tests the server
#   STATE/supervisor, lock                      ours
#   STATE/inside/                               the server's: /run/target in its root
# Needs from the caller: state, cache, way, name, self, namespaces, services, next_hop, die.
# shellcheck disable=SC2154

domain=mailassay.test
users=(alice bob carol)

# ---- the supervising process ----

# Fields 4 and 22 of stat (parent, start time) and the pid itself, seen from the machine when
# /proc is the machine's. A zombie is no process: not every machine's first process collects them.
process_facts() {
    local stat rest
    read -r stat <"/proc/$1/stat" || return
    rest=${stat##*) }
    # shellcheck disable=SC2086
    set -- $rest
    [[ $1 != Z ]] || return
    printf '%s %s %s\n' "${stat%% *}" "$2" "${20}"
}

# Is the process that STATE/supervisor names still the one that we started?
supervisor_pid() {
    local pid began
    read -r pid _ began 2>/dev/null <"$state/supervisor" || return
    [[ $(process_facts "$pid" 2>/dev/null) == *" $began" ]] || return
    printf '%s\n' "$pid"
}

# The first process of the namespaces: everything dies with it. Becomes lib/inside.sh.
instance_supervise() {
    local fd
    process_facts self >"$state/supervisor"
    # Whoever waits for the end of a pipe that he lent to "start" must not wait for the server.
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        ((fd < 3 || fd == 255)) || eval "exec $fd>&-"
    done
    root_mount
    hostname "mail.$domain"
    cd /
    exec chroot "$cache/mnt/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
        HOME=/root bash /run/scripts/lib/inside.sh "$name"
}

# ---- ports and passwords ----

# Below the range from which clients' ports come, so that no connection sits on ours.
free_port() {
    local port used
    used=$(awk '{ print substr($2, index($2, ":") + 1) }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
    while :; do
        port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
        grep -qs "=$port\$" "$state/inside/ports" && continue
        grep -qx "$(printf '%04X' "$port")" <<<"$used" || break
    done
    printf '%s\n' "$port"
}

# Once per state directory: a restarted server is where it was.
make_ports() {
    local service
    [[ ! -s $state/inside/ports ]] || return 0
    : >"$state/inside/ports"
    for service in $services $([[ $next_hop == no ]] || echo next-hop); do
        printf '%s=%s\n' "$service" "$(free_port)" >>"$state/inside/ports"
    done
}

port_of() { sed -n "s/^$1=//p" "$state/inside/ports"; }

make_passwords() {
    local user
    mkdir -p "$state/passwords"
    chmod 700 "$state/passwords"
    : >"$state/inside/accounts"
    chmod 600 "$state/inside/accounts"
    for user in "${users[@]}"; do
        [[ -s $state/passwords/$user ]] ||
            (umask 077 && od -An -tx1 -N12 /dev/urandom | tr -d ' \n' >"$state/passwords/$user")
        printf '%s %s\n' "$user@$domain" "$(cat "$state/passwords/$user")" >>"$state/inside/accounts"
    done
}

# ---- the target file ----

yaml_text() { printf "'%s'" "${1//\'/\'\'}"; }

# What the shell runs in the target file's control.
command_line() {
    yaml_text "$(printf '%q %s --state %q --cache %q --root %s %s' \
        "$self" "$1" "$state" "$cache" "$way" "$name")"
}

target_file() {
    local service user
    printf '# Written by target start. A private server on this machine, to be tested and thrown away.\n'
    printf 'name: %s\nhost: 127.0.0.1\nservices:\n' "$name"
    for service in $services; do
        if [[ " ${without_tls:-} " == *" $service "* ]]; then
            printf '  %s: {port: %s, tls: none}\n' "$service" "$(port_of "$service")"
        else
            printf '  %s: %s\n' "$service" "$(port_of "$service")"
        fi
    done
    printf 'tls:\n  ca: %s\n  name: mail.%s\naccounts:\n' "$(yaml_text "$state/ca.pem")" "$domain"
    for user in "${users[@]}"; do
        printf '  - user: %s\n    address: %s\n' "$user" "$user@$domain"
        printf '    password: {file: %s}\n' "$(yaml_text "$state/passwords/$user")"
    done
    if [[ $next_hop != no ]]; then
        printf 'outside: someone@elsewhere.example\n'
        printf "next-hop: '127.0.0.1:%s'\n" "$(port_of next-hop)"
    fi
    printf 'disposable: true\n'
    # Not the server's own address, which servers trust.
    printf 'source: 127.0.0.5\nlimits:\n  connections: 40\n'
    printf 'control:\n  start: %s\n  stop: %s\n' \
        "$(command_line start)" "$(command_line stop)"
}

# Whoever called sudo must be able to read it.
hand_over() {
    [[ -n ${SUDO_UID:-} ]] || return 0
    chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$state" "$state/target.yaml" "$state/ca.pem"
    chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$state/passwords"
}

# ---- commands ----

lock_state() {
    mkdir -p "$state/inside/log"
    exec 9>"$state/lock"
    flock -w 120 9 || die "another command holds $state"
}

launch() {
    rm -f "$state/inside/ready" "$state/supervisor"
    setsid "${namespaces[@]}" "$self" supervise "$name" --state "$state" --cache "$cache" \
        --root "$way" </dev/null >"$state/inside/log/supervisor.log" 2>&1 9>&- &
    local launched=$! i
    for ((i = 0; i < 600; i++)); do
        [[ ! -e $state/inside/ready ]] || return 0
        kill -0 "$launched" 2>/dev/null || break
        sleep 0.05
    done
    end_supervisor
    tail -n 5 "$state"/inside/log/* >&2
    die "$name did not start; its logs are in $state/inside/log"
}

# What the server keeps on disk. A server that was installed anew may run as other users.
remove_mail() { rm -rf --one-file-system "$state"/inside/{mail,queue,dovecot,postfix-data,cyrus}; }

instance_start() {
    local stamp=$state/inside/stamp
    root_install
    lock_state
    if ! supervisor_pid >/dev/null; then
        cmp -s "$cache/$name.$way.stamp" "$stamp" || remove_mail
        cp "$cache/$name.$way.stamp" "$stamp"
        make_ports
        make_passwords
        launch
        cp "$state/inside/tls/ca.pem" "$state/ca.pem"
        target_file >"$state/target.yaml"
        hand_over
    fi
    printf '%s\n' "$state/target.yaml"
}

# TERM lets the server end its sessions; KILL of the first process takes all the others along.
end_supervisor() {
    local pid i
    pid=$(supervisor_pid) || return 0
    kill -TERM "$pid" 2>/dev/null || :
    for ((i = 0; i < 400; i++)); do
        ((i != 200)) || kill -KILL "$pid" 2>/dev/null || :
        supervisor_pid >/dev/null || { rm -f "$state/supervisor"; return 0; }
        sleep 0.05
    done
    die "process $pid of $name does not end"
}

instance_stop() {
    [[ -d $state/inside ]] || return 0
    lock_state
    end_supervisor
}

instance_reset() {
    [[ -d $state/inside ]] || die "$state holds no server"
    lock_state
    end_supervisor
    remove_mail
    exec 9>&-
    instance_start
}

instance_status() {
    if supervisor_pid >/dev/null; then echo running; else echo stopped; return 1; fi
}

instance_remove() {
    [[ -d $state/inside ]] || return 0
    instance_stop
    rm -rf --one-file-system "$state/inside" "$state/passwords"
    rm -f "$state"/{target.yaml,ca.pem,supervisor,lock}
    rmdir "$state"
}
