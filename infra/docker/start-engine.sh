#!/bin/bash
# Starts a Docker engine in the background unless one answers. Ports of containers are published on loopback only.
# Usage: start-engine.sh LOG_FILE
# Prints the engine's process id, or nothing if one was there already.
set -euo pipefail
log=$1

docker version >/dev/null 2>&1 && exit 0

# Nothing answers, so a pid file was left behind by an engine that was killed; the next one would refuse to start.
rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid

setsid dockerd --ip 127.0.0.1 >"$log" 2>&1 </dev/null &
pid=$!
for _ in $(seq 300); do
  if docker version >/dev/null 2>&1; then
    echo "$pid"
    exit 0
  fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
kill "$pid" 2>/dev/null || true
echo "the Docker engine did not come up:" >&2
tail -n 20 "$log" >&2
exit 1
