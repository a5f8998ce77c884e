#!/bin/bash
# Installs what the container suite needs and this machine lacks, from Debian's or Ubuntu's packages. As root.
# Usage: install-engine.sh
set -euo pipefail

declare -A package_of=(
  [dockerd]=docker.io         # the engine
  [iptables]=iptables         # which the engine calls to publish ports
  [debootstrap]=debootstrap   # makes the base image where no registry can be reached
  [openssl]=openssl           # makes the tests' certificates
)
missing=()
for program in "${!package_of[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || missing+=("${package_of[$program]}")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

echo "installing ${missing[*]}"
# Packages must not start services: what runs is for the caller to say. Somebody else's policy stays as it is.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
log=$(mktemp)
if ! { apt-get -q -o Acquire::Retries=3 update &&
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 1
fi
rm -f "$log"
