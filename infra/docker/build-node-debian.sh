#!/bin/bash
# Builds an image with this machine's Node on Debian, for machines that cannot pull the official one. As root.
# Usage: build-node-debian.sh IMAGE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=$1

docker image inspect "$image" >/dev/null 2>&1 && exit 0

base=$("$here/build-debian-base.sh" bookworm)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$(node -p process.execPath)" "$here/node-debian/Dockerfile" "$context"
echo "building the image $image"
docker build --quiet --build-arg "BASE=$base" --tag "$image" "$context" >/dev/null
