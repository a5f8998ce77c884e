#!/bin/bash
# Makes a minimal image of Debian, for machines that cannot pull one. As root. Does nothing if it is there already.
# Usage: build-debian-base.sh RELEASE
# Prints its name.
set -euo pipefail
release=$1
base=heavylift/debian:$release

if ! docker image inspect "$base" >/dev/null 2>&1; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  echo "making the base image $base" >&2
  # The same mirror as this machine's, in case the default one cannot be reached. Others, too, name their packages after the release.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Codename: $release" | sed -n 1p)
  if ! debootstrap --variant=minbase "$release" "$work/tree" ${mirror:+"$mirror"} >"$work/log" 2>&1; then
    tail -n 40 "$work/log" >&2
    exit 1
  fi
  rm -rf "$work"/tree/var/cache/apt/archives/*.deb "$work"/tree/var/lib/apt/lists/*
  tar -C "$work/tree" -c . | docker import -c 'CMD ["bash"]' - "$base" >/dev/null
fi
echo "$base"
