#!/usr/bin/env bash
# A Docker engine for the tests: the machine's own where one answers, else one of ours with its data
# in $STAKEWATCH_CACHE/stack (~/.cache/stakewatch), ended by its pid.
#   tests/stack/engine.sh start     prints the DOCKER_HOST to use; starts one if there is none
#   tests/stack/engine.sh stop      ends the one that `start` started, if it did
# Needs root and the packages of `scripts/install-packages.sh stack`.
set -euo pipefail
work=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}/stack
run=/run/stakewatch-stack
pidfile=$run/dockerd.pid
socket=unix://$run/docker.sock

running() { [[ -s $pidfile ]] && kill -0 "$(<"$pidfile")" 2>/dev/null; }

start() {
  if [[ ${DOCKER_HOST:-} ]] && docker info >/dev/null 2>&1; then echo "$DOCKER_HOST"; return; fi
  if DOCKER_HOST=unix:///var/run/docker.sock docker info >/dev/null 2>&1; then
    echo unix:///var/run/docker.sock
    return
  fi
  mkdir -p "$work" "$run"
  if ! running; then
    rm -f "$pidfile"
    # In a mount namespace of its own, whose mounts are shared as systemd makes them: node_exporter's
    # view of the host needs that.
    setsid unshare --mount --propagation shared dockerd --host "$socket" --pidfile "$pidfile" \
      --data-root "$work/docker" --exec-root "$run/exec" --log-level warn \
      >"$work/dockerd.log" 2>&1 </dev/null &
  fi
  local tries
  for (( tries = 0; tries < 300; tries++ )); do
    if DOCKER_HOST=$socket docker info >/dev/null 2>&1; then echo "$socket"; return; fi
    sleep 0.2
  done
  echo "engine: dockerd does not answer; its log ends:" >&2
  tail -n 20 "$work/dockerd.log" >&2
  exit 1
}

stop() {
  running || return 0
  local pid tries
  pid=$(<"$pidfile")
  kill -TERM "$pid"
  for (( tries = 0; tries < 300; tries++ )); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.2
  done
  kill -KILL "$pid"
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  *) echo "usage: tests/stack/engine.sh start|stop" >&2; exit 2 ;;
esac
