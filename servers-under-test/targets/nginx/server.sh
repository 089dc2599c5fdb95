# shellcheck shell=bash
# nginx as a proxy of mail, in front of a Dovecot that hears it in clear: TLS, the dialogue before the
# login and the offers are nginx's. STARTTLS as nginx's manual shows it (`starttls on`): offered,
# and not needed. Judge only what comes before a login; submission has no server behind it.
# shellcheck disable=SC2034
# shellcheck source-path=SCRIPTDIR source=../dovecot/server.sh
. "${BASH_SOURCE[0]%/*}/../dovecot/server.sh"
packages="nginx libnginx-mod-mail mount $packages"
services='submission pop3 pop3s imap imaps'
next_hop=no

# On the same ports of another address, and it takes passwords in clear from nginx.
dovecot_change() {
    sed -i 's/^listen = .*/listen = 127.0.0.2/; s/^disable_plaintext_auth = .*/disable_plaintext_auth = no/' \
        dovecot.conf
}

server_start() {
    dovecot_start
    # A socket that a crash left would be in the way.
    rm -rf nginx
    mkdir nginx
    fill nginx/nginx.conf nginx/nginx.conf
    # It opens a log before it has read where to, and keeps bodies of HTTP.
    mount -t tmpfs tmpfs /var/log/nginx
    mount -t tmpfs tmpfs /var/lib/nginx
    run /usr/sbin/nginx -c /run/target/nginx/nginx.conf
}
