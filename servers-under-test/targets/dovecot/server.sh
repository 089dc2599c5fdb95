# shellcheck shell=bash
# Dovecot 2.3: IMAP, POP3 and LMTP. See ../README.md for what these names mean.
# shellcheck disable=SC2034
packages='dovecot-imapd dovecot-pop3d dovecot-lmtpd'
services='lmtp pop3 pop3s imap imaps'
next_hop=no

# For a proxy in front of it: what it has another way.
dovecot_change() { :; }

dovecot_start() {
    local user password
    fill dovecot/dovecot.conf dovecot.conf
    dovecot_change
    (umask 077 && while read -r user password; do
        printf '%s:{PLAIN}%s::::::\n' "$user" "$password"
    done <accounts >passwd)
    chown dovecot: passwd
    mkdir -p mail dovecot
    chown mailstore: mail
    chmod 755 /run/target
    run /usr/sbin/dovecot -F -c /run/target/dovecot.conf
}

server_start() { dovecot_start; }
