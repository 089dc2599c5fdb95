# shellcheck shell=bash
# Exim: mx, submission and submissions, with GnuTLS as Debian builds it. It has no mail store; a
# Dovecot beside it takes its mail by LMTP and lets it be read. Judge only what Exim says.
# shellcheck disable=SC2034
# shellcheck source-path=SCRIPTDIR source=../dovecot/server.sh
. "${BASH_SOURCE[0]%/*}/../dovecot/server.sh"
packages="exim4-daemon-light mount $packages"
services='smtp submission submissions pop3 pop3s imap imaps'
next_hop=yes
certificate=rsa

exim_configure() {
    mkdir -p exim queue
    chown Debian-exim: queue log
    fill exim/exim.conf exim/exim4.conf
    (umask 027 && sed 's/ /: /' accounts >exim/passwd)
    cp tls/chain.pem exim/chain.pem
    chown root:Debian-exim exim/passwd exim/chain.pem
    chmod 640 exim/passwd exim/chain.pem
    # Exim gives up its rights when its configuration stands elsewhere.
    mount --bind exim /etc/exim4
}

server_start() {
    dovecot_start
    exim_configure
    run /usr/sbin/exim4 -bdf -q1s
}
