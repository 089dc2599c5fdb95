#!/bin/bash
# The first process of an instance, in its root and namespaces: makes certificates, starts the
# server, says when it answers, and ends with it. /run/target is the instance's, the only place on
# disk that can be written; /run/scripts are these scripts.
# shellcheck disable=SC2317 # server.sh calls some of these
set -euo pipefail
cd /run/target

name=$1
domain=mailassay.test
host=mail.$domain
pids=()

port_of() { sed -n "s/^$1=//p" /run/target/ports; }

# Runs a server in the foreground as a child of ours.
run() {
    "$@" </dev/null >>"log/${1##*/}.out" 2>&1 &
    pids+=($!)
}

# Copies a configuration with @service@ replaced by its port, 0 when the service is not wanted.
fill() {
    local service script=''
    for service in smtp smtp-alt submission submissions lmtp pop3 pop3s imap imaps next-hop; do
        script+="s/@$service@/$(port_of "$service" | grep . || echo 0)/g;"
    done
    sed "$script" "/run/scripts/$1" >"$2"
}

make_certificates() {
    local days=30 new=(openssl req -new -nodes) usage=digitalSignature
    case ${certificate:-ec} in
    ec) new+=(-newkey ec -pkeyopt ec_paramgen_curve:P-256) ;;
    rsa) new+=(-newkey rsa:2048) usage+=,keyEncipherment ;;
    esac
    mkdir -p -m 755 tls
    openssl x509 -checkend 86400 -noout -in tls/cert.pem >/dev/null 2>&1 && return
    (umask 077
        "${new[@]}" -x509 -days "$days" -subj '/CN=mailassay private CA' -keyout tls/ca.key \
            -out tls/ca.pem -addext keyUsage=critical,keyCertSign,cRLSign
        "${new[@]}" -subj "/CN=$host" -keyout tls/key.pem -out tls/request.pem
        openssl x509 -req -days "$days" -in tls/request.pem -CA tls/ca.pem -CAkey tls/ca.key \
            -CAcreateserial -out tls/cert.pem -extfile <(printf '%s\n' "subjectAltName=DNS:$host" \
            basicConstraints=critical,CA:FALSE "keyUsage=critical,$usage" \
            extendedKeyUsage=serverAuth)
        cat tls/key.pem tls/cert.pem >tls/chain.pem) 2>log/openssl.out
}

# ---- does it answer? ----

# Some SMTP servers refuse whoever does not wait for the greeting and for the replies, and some others
# lose what comes right behind a login.
speak() {
    local line pause=0
    [[ $1 != smtp* && $1 != submission* ]] || pause=0.1
    while IFS= read -r line; do
        sleep "$pause"
        printf '%s\n' "$line"
        pause=0.1
    done < <(printf '%b' "$2")
}

# Sends INPUT, which ends in a command that makes the server close, and prints what comes back.
# A bound source address, because a server takes its own for a local, trusted client.
converse() {
    local service=$1 input=$2 port fd
    port=$(port_of "$service")
    case $service in
    imaps | pop3s | submissions)
        speak "$service" "$input" | timeout 5 openssl s_client -quiet -ign_eof -bind 127.0.0.5:0 \
            -connect "127.0.0.1:$port" -CAfile tls/ca.pem -verify_return_error \
            -verify_hostname "$host" 2>/dev/null ;;
    *)
        exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return
        speak "$service" "$input" >&"$fd"
        timeout 5 cat <&"$fd"
        exec {fd}>&- ;;
    esac
}

# "Accepts connections" is not enough: a server may accept before it can speak.
greets() {
    case $1 in
    imap*) [[ $(converse "$1" 'a LOGOUT\r\n') == '* OK'* ]] ;;
    pop3*) [[ $(converse "$1" 'QUIT\r\n') == '+OK'* ]] ;;
    *) [[ $(converse "$1" 'QUIT\r\n') == '220 '* ]] ;;
    esac
} 2>/dev/null

# Nor is a greeting: a server may greet before it can check a password. All accounts, because some
# servers make mailboxes at the first login.
logs_in() {
    local user password
    while read -r user password; do
        log_in "$1" "$user" "$password" || return
        case $1 in submissions) break ;; esac
    done <accounts
}

log_in() {
    local user=$2 password=$3 token
    case $1 in
    imaps) [[ $(converse imaps "a LOGIN $user $password\r\nb LOGOUT\r\n") == *$'\na OK'* ]] ;;
    submissions)
        token=$(printf '\0%s\0%s' "$user" "$password" | base64 -w0)
        [[ $(converse submissions "EHLO $host\r\nAUTH PLAIN $token\r\nQUIT\r\n") == *$'\n235 '* ]] ;;
    esac
} 2>/dev/null

all_answer() {
    local service
    for service in $services; do
        until greets "$service"; do sleep 0.05; done
    done
    for service in $services; do
        case $service in imaps | submissions) until logs_in "$service"; do sleep 0.05; done ;; esac
    done
    touch ready
}

# ---- from beginning to end ----

end() {
    trap '' TERM
    kill -TERM "${pids[@]}" 2>/dev/null || :
    wait "${pids[@]}" || :
    exit "$1"
}

raise_file_limit() {
    ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
}

# shellcheck source-path=SCRIPTDIR source=../dovecot/server.sh
. "/run/scripts/$name/server.sh"
trap 'end 0' TERM
mkdir -p log
raise_file_limit
make_certificates
server_start
all_answer &
# The first server that ends by itself ends the instance.
wait -n "${pids[@]}" || :
end 1
