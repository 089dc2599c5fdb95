# shellcheck shell=bash
# Cyrus IMAP 3.6: IMAP, POP3 and LMTP. Debian's configuration takes passwords in clear, and so does
# this.
# shellcheck disable=SC2034,SC2154
packages='cyrus-imapd cyrus-pop3d sasl2-bin libsasl2-modules libsasl2-modules-db mount openssl'
services='lmtp pop3 pop3s imap imaps'
without_tls='lmtp'
next_hop=no
certificate=rsa

# Names with and without the domain are looked up in one realm or the other.
cyrus_accounts() {
    local user password realm
    rm -f sasldb2
    while read -r user password; do
        for realm in "$domain" "$host"; do
            printf %s "$password" | saslpasswd2 -p -c -f sasldb2 -u "$realm" "${user%@*}"
        done
    done <accounts
    chown cyrus: sasldb2
}

server_start() {
    mkdir -p mail cyrus/{db,proc,socket,log,lock}
    fill cyrus/imapd.conf imapd.conf
    fill cyrus/cyrus.conf cyrus.conf
    cyrus_accounts
    cp tls/chain.pem cyrus.pem
    chmod 600 cyrus.pem
    chown -R cyrus:mail mail cyrus cyrus.pem
    chmod 755 /run/target
    # The programs that the master starts look for it there.
    mount --bind imapd.conf /etc/imapd.conf
    run /usr/sbin/cyrmaster -M /run/target/cyrus.conf
}
