#!/bin/bash
# Builds an image with this machine's Node on Debian, for machines that cannot pull the official one. As root.
# Does nothing if it is there already.
# Usage: build-node-debian.sh IMAGE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=$1

docker image inspect "$image" >/dev/null 2>&1 && exit 0

base=$("$here/build-debian-base.sh" bookworm)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$(node -p process.execPath)" "$context/node"
cp "$here/node-debian/Dockerfile" "$context"
echo "building the image $image"
if ! docker build --build-arg "BASE=$base" --tag "$image" "$context" >"$context/log" 2>&1; then
  tail -n 40 "$context/log" >&2
  exit 1
fi
# A Node that needs a library of this machine's does not run on plain Debian: say so here, and not in a test.
docker run --rm --network=none "$image" node --version >/dev/null
