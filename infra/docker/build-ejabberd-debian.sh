#!/bin/bash
# Builds an ejabberd image from Debian's packages, for machines that cannot pull the official one. As root.
# Does nothing if it is there already.
# Usage: build-ejabberd-debian.sh IMAGE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=$1

docker image inspect "$image" >/dev/null 2>&1 && exit 0

base=$("$here/build-debian-base.sh" bookworm)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "building the image $image"
if ! docker build --build-arg "BASE=$base" --tag "$image" "$here/ejabberd-debian" >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 1
fi
