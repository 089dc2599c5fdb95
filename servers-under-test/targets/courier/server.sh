# shellcheck shell=bash
# Courier: mx, submission, submissions, IMAP and POP3, with GnuTLS as Debian builds it. Debian's
# configuration takes passwords in clear, and so does this.
# shellcheck disable=SC2034,SC2154
packages='courier-imap courier-pop courier-mta courier-authlib-userdb mount openssl'
services='smtp submission submissions pop3 pop3s imap imaps'
next_hop=yes
certificate=rsa

lib=/usr/lib/courier/courier

# One private /etc/courier.
courier_configure() {
    local file
    rm -rf courier
    cp -a /etc/courier courier
    cp /run/scripts/courier/settings.conf courier/settings
    for file in authdaemonrc imapd imapd-ssl pop3d pop3d-ssl esmtpd esmtpd-msa esmtpd-ssl; do
        sed -n "s/^$file //p" courier/settings >>"courier/$file"
    done
    cp tls/chain.pem courier/tls.pem
    chown courier: courier/tls.pem
    mount --bind courier /etc/courier
}

# Ours are the domain and its mail; all other mail goes to the next hop. Nobody is trusted for his
# address.
courier_domain() {
    printf '%s\n' "$host" >courier/me
    printf '%s\n' "$domain" >courier/defaultdomain
    printf '%s\n' "$domain" >courier/hosteddomains/ours
    printf '%s\n' "$domain" >courier/esmtpacceptmailfor.dir/ours
    printf '%s: carol@mailassay.test\n' postmaster "postmaster@$domain" "abuse@$domain" \
        >courier/aliases/system
    printf ':[127.0.0.1],%s\n' "$(port_of next-hop)" >courier/esmtproutes
    # The next hop listens only while tests run.
    echo 1 | tee courier/{esmtptimeoutkeepalive,esmtpdelay,retryalpha,retrymaxdelta} >courier/retrygamma
    : >courier/smtpaccess/default
    makealiases
    makehosteddomains
    makeacceptmailfor
}

# Each by the name with the domain and by the one without.
courier_accounts() {
    local user password name identity
    identity="uid=$(id -u mailstore)|gid=$(id -g mailstore)"
    mkdir -p mail
    (umask 077 && while read -r user password; do
        for name in "$user" "${user%@*}"; do
            printf '%s\t%s|home=/run/target/mail/%s|systempw=%s|hmac-md5pw=%s\n' "$name" "$identity" \
                "${user%@*}" "$(openssl passwd -1 "$password")" \
                "$(userdbpw -hmac-md5 <<<"$password")"
        done
    done <accounts >courier/userdb)
    while IFS=@ read -r name _; do
        mkdir -p "mail/$name"
        [[ -d mail/$name/Maildir ]] || maildirmake.courier "mail/$name/Maildir"
    done <accounts
    chown -R mailstore: mail
    makeuserdb
}

# What Debian's scripts start in the background: a listener and the program for each connection,
# with all the settings in its environment.
#   courier_listen SERVICE 'FILE...' 'ASSIGNMENT...' 'PROGRAM...'
courier_listen() {
    local port user=''
    port=$(port_of "$1")
    case $1 in smtp | submission*) user='-user=courier -group=courier' ;; esac
    # shellcheck disable=SC2016
    run bash -c 'set -a
        for file in $1; do . "/etc/courier/$file"; done
        eval "$2"
        eval "exec /usr/sbin/couriertcpd -nodnslookup -noidentlookup -address=127.0.0.1 -maxprocs=200 \
            -maxperip=200 -maxperc=200 $3"' courier "$2" "$3" "$user $port $4"
}

courier_queue() {
    local file
    mkdir -p queue
    [[ -d queue/courier ]] || cp -a /var/lib/courier queue/courier
    mount --bind queue/courier /var/lib/courier
    # It would ask the DNS for policies (MTA-STS), and wait for the answer.
    install -d -o courier -g courier /var/lib/courier/sts
    testmxlookup --sts-cache-disable
    # For TLS sessions to be resumed; Debian's scripts make them.
    for file in couriersslpop3cache couriersslimapcache; do
        install -o courier -g courier -m 600 /dev/null "/var/lib/courier/$file"
    done
    mkdir -p /run/courier/authdaemon
    chown -R courier: /run/courier
}

server_start() {
    local imap="$lib/imaplogin /usr/bin/imapd Maildir"
    local pop3="$lib/courierpop3login $lib/courierpop3d Maildir"
    local smtp=/usr/sbin/courieresmtpd
    local tls='/usr/bin/couriertls -server -tcpd'
    chmod 755 /run/target
    courier_configure
    courier_domain
    courier_accounts
    courier_queue
    run bash -c 'set -a; . /etc/courier/authdaemonrc; exec /usr/lib/courier/courier-authlib/authdaemond'
    run bash -c 'set -a; . /etc/courier/courierd; exec /usr/lib/courier/courier/courierd'
    courier_listen imap 'imapd imapd-ssl' IMAP_STARTTLS=YES "$imap"
    courier_listen imaps 'imapd imapd-ssl' IMAP_TLS=1 "$tls -user=courier $imap"
    courier_listen pop3 'pop3d pop3d-ssl' '' "$pop3"
    courier_listen pop3s 'pop3d pop3d-ssl' 'POP3_TLS=1 POP3_STARTTLS=NO' "$tls -user=courier $pop3"
    courier_listen smtp esmtpd '' "$smtp"
    courier_listen submission 'esmtpd esmtpd-msa' '' "$smtp"
    courier_listen submissions 'esmtpd esmtpd-ssl' ESMTP_TLS=1 "$tls $smtp"
}
