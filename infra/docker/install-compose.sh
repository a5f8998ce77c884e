#!/bin/bash
# Installs Docker's command `compose`, unless it is there: the package of Ubuntu or Debian, from trixie on. What bookworm has under that
# name is the older program, which is another language: there, trixie's plugin, a program of its own, is put where Docker looks for such.
# As root.
# Usage: install-compose.sh
set -euo pipefail

docker compose version >/dev/null 2>&1 && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log

run() {
  "$@" >>"$log" 2>&1 && return
  tail -n 40 "$log" >&2
  exit 1
}

install_package() {
  echo "installing $1"
  run apt-get -q -o Acquire::Retries=3 update
  DEBIAN_FRONTEND=noninteractive run apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "$1"
}

# That of this machine, in case others cannot be reached. Empty while apt has no lists.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' | sed -n 1p
}

# Apt with lists of its own: for this machine's, trixie does not exist.
take_plugin_of_trixie() {
  echo "installing the plugin of Debian trixie's docker-compose"
  local mirror
  mirror=$(debian_mirror)
  if [ -z "$mirror" ]; then
    run apt-get -q -o Acquire::Retries=3 update
    mirror=$(debian_mirror)
  fi
  # Apt fetches as a user of its own.
  chmod 755 "$work"
  mkdir -p "$work"/{lists,archives}/partial "$work"/{download,tree}
  chown _apt "$work/download" "$work"/{lists,archives}/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
  local apt=(apt-get -q -o Acquire::Retries=3 -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=-
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::Archives=$work/archives")
  run "${apt[@]}" update
  cd "$work/download"
  run "${apt[@]}" download docker-compose
  run dpkg-deb -x docker-compose_*.deb "$work/tree"
  run install -D "$work/tree/usr/libexec/docker/cli-plugins/docker-compose" /usr/local/lib/docker/cli-plugins/docker-compose
}

. /etc/os-release
case "$ID-${VERSION_CODENAME:-}" in
  ubuntu-*) install_package docker-compose-v2 ;;
  debian-bookworm) take_plugin_of_trixie ;;
  *) install_package docker-compose ;;
esac
docker compose version
