#!/bin/bash
# Builds an ejabberd image from Debian's packages, for machines that cannot pull the official one. As root.
# Does nothing if it is there already.
# Usage: build-ejabberd-debian.sh IMAGE
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=$1
release=bookworm
base=heavylift/debian:$release

docker image inspect "$image" >/dev/null 2>&1 && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Says what it does; what the command prints is shown only if it fails.
step() {
  local what=$1
  shift
  echo "$what"
  if ! "$@" >"$work/log" 2>&1; then
    tail -n 40 "$work/log" >&2
    exit 1
  fi
}

if ! docker image inspect "$base" >/dev/null 2>&1; then
  # The same mirror as this machine's, in case the default one cannot be reached.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $release" | head -n 1)
  step "making the base image $base" \
    debootstrap --variant=minbase "$release" "$work/tree" ${mirror:+"$mirror"}
  rm -rf "$work"/tree/var/cache/apt/archives/*.deb "$work"/tree/var/lib/apt/lists/*
  tar -C "$work/tree" -c . | docker import -c 'CMD ["bash"]' - "$base" >/dev/null
fi

step "building the image $image" \
  docker build --build-arg "BASE=$base" --tag "$image" "$here/ejabberd-debian"
