#!/bin/bash
# Installs the clients that the tests drive, a browser among them, and xmllint, from Debian's or Ubuntu's packages, unless they
# are there. As root.
# Usage: install-clients.sh
set -euo pipefail

/usr/bin/python3 -c 'import slixmpp, pexpect' 2>/dev/null && command -v profanity >/dev/null &&
  command -v xmllint >/dev/null && { command -v google-chrome || command -v chromium; } >/dev/null && exit 0

browser=chromium
if command -v google-chrome >/dev/null; then browser=; fi

echo 'installing python3-slixmpp, python3-pexpect, profanity, chromium and xmllint'
log=$(mktemp)
if ! { apt-get -q -o Acquire::Retries=3 update &&
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends \
    python3-slixmpp python3-pexpect profanity libxml2-utils $browser; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 1
fi
rm -f "$log"
