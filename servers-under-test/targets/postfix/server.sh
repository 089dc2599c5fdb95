# shellcheck shell=bash
# Postfix: mx, submission and submissions. It has no mail store; a Dovecot beside it checks its
# passwords, takes its mail by LMTP and lets it be read. Judge only what Postfix says.
# shellcheck disable=SC2034
# shellcheck source-path=SCRIPTDIR source=../dovecot/server.sh
. "${BASH_SOURCE[0]%/*}/../dovecot/server.sh"
packages="postfix $packages"
services='smtp submission submissions pop3 pop3s imap imaps'
next_hop=yes

postfix_configure() {
    mkdir -p postfix queue postfix-data
    chown postfix: postfix-data
    fill postfix/main.cf postfix/main.cf
    fill postfix/master.cf postfix/master.cf
    # What Debian's package keeps beside them.
    cp /etc/postfix/postfix-files /etc/postfix/post-install /etc/postfix/postfix-script postfix/
    : >postfix/dynamicmaps.cf
    postfix_harden
}

# For a variant to append to main.cf.
postfix_harden() { :; }

server_start() {
    dovecot_start
    postfix_configure
    run /usr/sbin/postfix -c /run/target/postfix start-fg
}
