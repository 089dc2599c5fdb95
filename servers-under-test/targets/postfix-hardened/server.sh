# shellcheck shell=bash
# Postfix as `postfix`, with what its manual and the TLS recommendations advise: TLS 1.2 and newer,
# forward secrecy and AEAD only, no line ends but CRLF, no commands sent ahead of their turn.
# shellcheck source-path=SCRIPTDIR source=../postfix/server.sh
. "${BASH_SOURCE[0]%/*}/../postfix/server.sh"

postfix_harden() { fill postfix-hardened/main.cf hardened.cf && cat hardened.cf >>postfix/main.cf; }
