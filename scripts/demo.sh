#!/usr/bin/env bash
# `make demo`: every exporter, a real Prometheus and a real Alertmanager with our configuration, on a
# simulated Geth. Ctrl-C ends all of it. GETH_URL=… (and GETH_WS_URL=…) takes a real node instead.
# Each port is a variable, which a flag can set as well: --prometheus-port 9095.
set -euo pipefail
cd "$(dirname "$0")/.."

names=(PROMETHEUS_PORT ALERTMANAGER_PORT GETH_EXPORTER_PORT SIM_HTTP_PORT SIM_WS_PORT
  SIM_CONTROL_PORT WEBHOOK_PORT)
PROMETHEUS_PORT=${PROMETHEUS_PORT:-9090}
ALERTMANAGER_PORT=${ALERTMANAGER_PORT:-9093}
GETH_EXPORTER_PORT=${GETH_EXPORTER_PORT:-19101}
SIM_HTTP_PORT=${SIM_HTTP_PORT:-8545}
SIM_WS_PORT=${SIM_WS_PORT:-8546}
SIM_CONTROL_PORT=${SIM_CONTROL_PORT:-8540}
WEBHOOK_PORT=${WEBHOOK_PORT:-8541}
GETH_URL=${GETH_URL:-}
GETH_WS_URL=${GETH_WS_URL:-}
# Given, nothing is installed or built: the programs are taken from there.
bin=${STAKEWATCH_BIN:-}

flag_of() { tr 'A-Z_' 'a-z-' <<<"--$1"; }

usage() {
  sed -n '2,4s/^# //p' "$0"
  echo
  local name
  for name in "${names[@]}"; do
    printf '  %-24s %s (now %s)\n' "$(flag_of "$name") N" "$name" "${!name}"
  done
}

parse_flags() {
  local name found
  while (( $# )); do
    case $1 in -h | --help) usage; exit 0 ;; esac
    found=
    for name in "${names[@]}"; do
      if [[ $1 == "$(flag_of "$name")" && $# -ge 2 ]]; then found=$name; fi
    done
    [[ $found ]] || { echo "demo: $1 is no flag, or has no value; there are:" >&2; usage >&2; exit 2; }
    printf -v "$found" %s "$2"
    shift 2
  done
}

# A connection that is refused: the port is free. bash's /dev/tcp needs no tool that may be missing.
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_ports() {
  local name port wrong=no seen=" "
  for name in "${names[@]}"; do
    port=${!name}
    if ! [[ $port =~ ^[0-9]{1,5}$ ]] || (( 10#$port < 1 || 10#$port > 65535 )); then
      echo "demo: $name=$port is no port" >&2
      wrong=yes
    elif [[ $seen == *" $port "* ]]; then
      echo "demo: $name=$port is given to two programs" >&2
      wrong=yes
    elif [[ $GETH_URL && $name == SIM_[HW]* ]]; then
      continue  # No simulated node.
    elif port_taken "$port"; then
      echo "demo: port $port is taken; another one: $name=$((port + 10000 > 65535 ? port - 1000 : port + 10000)) make demo" >&2
      wrong=yes
    fi
    seen+="$port "
  done
  [[ $wrong == no ]] || exit 3
}

work= stopping=no
declare -A pids=()

# Ends what was started, the askers before the asked, and waits for each; what does not end in ten
# seconds is killed.
stop_all() {
  local status=$? name pid tries
  [[ $stopping == no ]] || return
  stopping=yes
  trap '' INT TERM HUP
  trap - EXIT
  (( ${#pids[@]} == 0 )) || echo "Stopping …"
  for name in prometheus alertmanager geth_exporter simulator; do
    pid=${pids[$name]:-}
    [[ $pid ]] || continue
    kill -TERM "$pid" 2>/dev/null || true
    for (( tries = 0; tries < 100; tries++ )); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  [[ -z $work ]] || rm -rf "$work"
  exit "$status"
}

# start NAME COMMAND…: in the background with its log in $work. Ctrl-C reaches the whole foreground
# group of the terminal; setsid leaves the order of ending to stop_all.
start() {
  local name=$1
  shift
  setsid "$@" >"$work/$name.log" 2>&1 </dev/null &
  pids[$name]=$!
}

# What died, with the end of its log.
check_alive() {
  local name
  for name in "${!pids[@]}"; do
    kill -0 "${pids[$name]}" 2>/dev/null && continue
    local code=0
    wait "${pids[$name]}" || code=$?
    unset "pids[$name]"
    echo "demo: $name ended with status $code. The end of its log:" >&2
    tail -n 20 "$work/$name.log" >&2
    exit 1
  done
}

await() {
  local what=$1 url=$2 tries
  for (( tries = 0; tries < 150; tries++ )); do
    check_alive
    curl -fsS -m 2 -o /dev/null "$url" 2>/dev/null && return
    sleep 0.2
  done
  echo "demo: $what does not answer at $url; its log ends:" >&2
  tail -n 20 "$work/$what.log" >&2
  exit 1
}

render() {
  cp -r prometheus "$work/prometheus"
  sed -i -e "s/localhost:19101/127.0.0.1:$GETH_EXPORTER_PORT/" \
    -e "s/localhost:9090/127.0.0.1:$PROMETHEUS_PORT/" \
    -e "s/localhost:9093/127.0.0.1:$ALERTMANAGER_PORT/" "$work/prometheus/prometheus.yml"
  sed -i "s/127.0.0.1:8541/127.0.0.1:$WEBHOOK_PORT/" \
    "$work/prometheus/alertmanager/alertmanager.yml"
}

start_node() {
  local control=127.0.0.1:$SIM_CONTROL_PORT http=127.0.0.1:$SIM_HTTP_PORT
  local ws=127.0.0.1:$SIM_WS_PORT
  # With a real node only the simulator's webhook is of use; its own node is nobody's business.
  if [[ $GETH_URL ]]; then http=127.0.0.1:0 ws=127.0.0.1:0; fi
  start simulator "$bin/stakewatch_sim" --http "$http" --ws "$ws" --ipc "$work/geth.ipc" \
    --control "$control" --webhook "127.0.0.1:$WEBHOOK_PORT" --block-interval 2 --peers 50
  await simulator "http://$control/"
}

start_exporters() {
  local url=${GETH_URL:-http://127.0.0.1:$SIM_HTTP_PORT} ws=$GETH_WS_URL
  if [[ -z $GETH_URL ]]; then ws=ws://127.0.0.1:$SIM_WS_PORT; fi
  start geth_exporter "$bin/geth_exporter" --geth.url="$url" ${ws:+--geth.ws-url="$ws"} \
    --web.listen-address="127.0.0.1:$GETH_EXPORTER_PORT"
  await geth_exporter "http://127.0.0.1:$GETH_EXPORTER_PORT/-/healthy"
}

start_monitors() {
  local alertmanager
  alertmanager=$(command -v prometheus-alertmanager || command -v alertmanager)
  start alertmanager "$alertmanager" \
    --config.file="$work/prometheus/alertmanager/alertmanager.yml" \
    --storage.path="$work/alertmanager-data" --cluster.listen-address= \
    --web.listen-address="127.0.0.1:$ALERTMANAGER_PORT"
  start prometheus prometheus --config.file="$work/prometheus/prometheus.yml" \
    --storage.tsdb.path="$work/prometheus-data" --storage.tsdb.retention.time=1d \
    --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" \
    --web.external-url="http://127.0.0.1:$PROMETHEUS_PORT"
  await alertmanager "http://127.0.0.1:$ALERTMANAGER_PORT/-/ready"
  await prometheus "http://127.0.0.1:$PROMETHEUS_PORT/-/ready"
}

say_what_runs() {
  cat <<EOF

stakewatch runs${GETH_URL:+ on $GETH_URL}. Ctrl-C ends it; logs are in $work.
  exporter      http://127.0.0.1:$GETH_EXPORTER_PORT/
  Prometheus    http://127.0.0.1:$PROMETHEUS_PORT/alerts
  Alertmanager  http://127.0.0.1:$ALERTMANAGER_PORT/
EOF
  if [[ -z $GETH_URL ]]; then
    cat <<EOF
  node          http://127.0.0.1:$SIM_HTTP_PORT/ (simulated; also ws://127.0.0.1:$SIM_WS_PORT, $work/geth.ipc)

Try, in another terminal:
  curl -s http://127.0.0.1:$GETH_EXPORTER_PORT/metrics | grep geth_peers
  curl -X POST 'http://127.0.0.1:$SIM_CONTROL_PORT/fault?kind=stop&for=60s'    # Geth is gone: a page in 30 s
  curl -X POST 'http://127.0.0.1:$SIM_CONTROL_PORT/fault?kind=stuck&for=5m'    # the chain stands still
  curl http://127.0.0.1:$SIM_CONTROL_PORT/                                     # all faults
EOF
  fi
  echo
  echo "Pages arrive below, as a receiver would get them:"
}

main() {
  parse_flags "$@"
  check_ports
  if [[ -z $bin ]]; then
    scripts/install-packages.sh demo
    scripts/build.sh release exporters stakewatch_sim
    bin=$PWD/build/release/bin
  fi
  work=$(mktemp -d "${TMPDIR:-/tmp}/stakewatch-demo.XXXXXX")
  trap stop_all EXIT
  trap 'exit 0' INT TERM HUP  # How a demo ends.
  render
  echo "Starting the node, the exporter, Alertmanager and Prometheus …"
  start_node
  start_exporters
  start_monitors
  say_what_runs

  # The webhook's receiver prints what it gets; its heartbeat every minute is left out.
  local shown=0 lines
  while true; do
    check_alive
    lines=$(wc -l <"$work/simulator.log")
    if (( lines > shown )); then
      sed -n "$((shown + 1)),${lines}p" "$work/simulator.log" |
        grep -v -e '^\(http\|ws\|ipc\|control\|webhook\) ' -e Watchdog || true
      shown=$lines
    fi
    sleep 0.5
  done
}

main "$@"
