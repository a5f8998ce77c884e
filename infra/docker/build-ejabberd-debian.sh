#!/bin/bash
# Builds an ejabberd image from Debian's packages, for machines that cannot pull the official one. As root.
# Docker's cache makes it quick where nothing has changed.
# Usage: build-ejabberd-debian.sh IMAGE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=$1

base=$("$here/build-debian-base.sh" bookworm)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "building the image $image"
if ! docker build --build-arg "BASE=$base" --tag "$image" "$here/ejabberd-debian" >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 1
fi
