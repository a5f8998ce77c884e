#!/bin/sh
# Makes an account of ejabberd. Its password comes by standard input: what stands on a command line everybody on the
# machine can read. For the first administrator; all others are `heavylift provision` and `heavylift account`.
# Usage: register-account.sh NAME DOMAIN < FILE
set -eu
if [ $# -ne 2 ]; then
  echo 'Usage: register-account.sh NAME DOMAIN < FILE-WITH-THE-PASSWORD' >&2
  exit 2
fi
name=$1 domain=$2

there() { ejabberdctl registered_users "$domain" | grep -qxF "$name"; }
if there; then
  echo "$name@$domain is there already, and keeps its password: \`heavylift account\` sets another." >&2
  exit 1
fi
password=$(cat)
if [ -z "$password" ]; then
  echo 'No password came by standard input.' >&2
  exit 1
fi

# A folder that the server sees, too: its /tmp may be one of its own.
for folder in /opt/ejabberd/database /var/lib/ejabberd "${TMPDIR:-/tmp}"; do
  [ -w "$folder" ] && break
done
umask 077
file=$(mktemp "$folder/register.XXXXXX")
trap 'rm -f "$file"' EXIT
escaped() {
  printf %s "$1" | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e "s/'/\&apos;/g" -e 's/"/\&quot;/g'
}
cat >"$file" <<XML
<?xml version='1.0' encoding='UTF-8'?>
<server-data xmlns='urn:xmpp:pie:0'>
<host jid='$(escaped "$domain")'><user name='$(escaped "$name")' password='$(escaped "$password")'/></host>
</server-data>
XML
[ "$(id -u)" != 0 ] || chown ejabberd "$file"
ejabberdctl import_piefxis "$file"
if ! there; then
  echo "ejabberd did not make $name@$domain: see its log." >&2
  exit 1
fi
echo "made $name@$domain"
