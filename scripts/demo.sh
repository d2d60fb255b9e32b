#!/usr/bin/env bash
# `make demo`: every exporter, a real Prometheus and a real Alertmanager with our configuration, on a
# simulated Geth, beacon node, validator supervisor, supervisord and Jormungandr nodes, and on a
# private PostgreSQL to which a small Mina coordinator writes a batch a minute. Ctrl-C ends all of it.
# GETH_URL=… (and GETH_WS_URL=…) and BEACON_URL=… take real nodes instead; VALIDATORS_FILE=… is for the latter.
# Each port is a variable, which a flag can set as well: --prometheus-port 9095.
set -euo pipefail
cd "$(dirname "$0")/.."

names=(PROMETHEUS_PORT ALERTMANAGER_PORT GETH_EXPORTER_PORT BEACON_EXPORTER_PORT SIM_HTTP_PORT
  SIM_WS_PORT SIM_BEACON_PORT SIM_VALIDATOR_PORT SIM_CONTROL_PORT WEBHOOK_PORT
  SUPERVISORD_EXPORTER_PORT SIM_SUPERVISORD_PORT SUPERVISOR_EXPORTER_PORT SIM_SUPERVISOR_PORT_BASE
  JORMUNGANDR_EXPORTER_PORT SIM_JORMUNGANDR_PORT MINA_EXPORTER_PORT
  COMPUTEHORDE_EXPORTER_PORT)
PROMETHEUS_PORT=${PROMETHEUS_PORT:-9090}
ALERTMANAGER_PORT=${ALERTMANAGER_PORT:-9093}
GETH_EXPORTER_PORT=${GETH_EXPORTER_PORT:-19101}
BEACON_EXPORTER_PORT=${BEACON_EXPORTER_PORT:-19102}
SUPERVISORD_EXPORTER_PORT=${SUPERVISORD_EXPORTER_PORT:-19105}
SIM_SUPERVISORD_PORT=${SIM_SUPERVISORD_PORT:-9001}
SUPERVISOR_EXPORTER_PORT=${SUPERVISOR_EXPORTER_PORT:-19104}
# The first of eight.
SIM_SUPERVISOR_PORT_BASE=${SIM_SUPERVISOR_PORT_BASE:-23000}
JORMUNGANDR_EXPORTER_PORT=${JORMUNGANDR_EXPORTER_PORT:-19103}
SIM_JORMUNGANDR_PORT=${SIM_JORMUNGANDR_PORT:-3100}
COMPUTEHORDE_EXPORTER_PORT=${COMPUTEHORDE_EXPORTER_PORT:-19107}
MINA_EXPORTER_PORT=${MINA_EXPORTER_PORT:-19106}
SIM_HTTP_PORT=${SIM_HTTP_PORT:-8545}
SIM_WS_PORT=${SIM_WS_PORT:-8546}
SIM_BEACON_PORT=${SIM_BEACON_PORT:-3500}
SIM_VALIDATOR_PORT=${SIM_VALIDATOR_PORT:-7500}
SIM_CONTROL_PORT=${SIM_CONTROL_PORT:-8540}
WEBHOOK_PORT=${WEBHOOK_PORT:-8541}
GETH_URL=${GETH_URL:-}
GETH_WS_URL=${GETH_WS_URL:-}
BEACON_URL=${BEACON_URL:-}
VALIDATORS_FILE=${VALIDATORS_FILE:-}
# So short that a page for eight slots behind, for two minutes, comes in two and a half; and epochs
# of 64 s, so that it comes before that for finality.
slot_seconds=2 slots_per_epoch=32
# Given, nothing is installed or built: the programs are taken from there.
bin=${STAKEWATCH_BIN:-}

flag_of() { tr 'A-Z_' 'a-z-' <<<"--$1"; }

usage() {
  sed -n '2,5s/^# //p' "$0"
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
    elif [[ $GETH_URL && $name == SIM_[HW]* || $BEACON_URL && $name == SIM_[BV]* ||
      $GETH_URL && $BEACON_URL && $name =~ SUPERVISOR|JORMUNGANDR|MINA|COMPUTEHORDE ]]; then
      continue  # No simulated one.
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
  for name in prometheus alertmanager geth_exporter beacon_exporter supervisor_exporter supervisord_exporter \
    jormungandr_exporter computehorde_exporter computehorde_validator \
    mina_exporter mina_coordinator simulator; do
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
    -e "s/localhost:19102/127.0.0.1:$BEACON_EXPORTER_PORT/" \
    -e "s/localhost:9090/127.0.0.1:$PROMETHEUS_PORT/" \
    -e "s/localhost:9093/127.0.0.1:$ALERTMANAGER_PORT/" "$work/prometheus/prometheus.yml"
  sed -i "s/127.0.0.1:8541/127.0.0.1:$WEBHOOK_PORT/" \
    "$work/prometheus/alertmanager/alertmanager.yml"
  if [[ -z $BEACON_URL ]]; then
    mkdir -p "$work/prometheus/targets"
    printf -- '- targets: ["127.0.0.1:%s"]\n  labels: {node: main}\n' "$SIM_VALIDATOR_PORT" \
      >"$work/prometheus/targets/prysm-validator.yml"
  fi
  if ! [[ $GETH_URL && $BEACON_URL ]]; then
    mkdir -p "$work/prometheus/targets"
    printf -- '- targets: ["127.0.0.1:%s"]\n  labels: {node: main}\n' "$SUPERVISORD_EXPORTER_PORT" \
      >"$work/prometheus/targets/supervisord.yml"
    printf -- '- targets: ["127.0.0.1:%s"]\n  labels: {node: main}\n' "$SUPERVISOR_EXPORTER_PORT" \
      >"$work/prometheus/targets/validator-supervisor.yml"
    printf -- '- targets: ["127.0.0.1:%s"]\n  labels: {node: jormungandr, pool: demo}\n' \
      "$JORMUNGANDR_EXPORTER_PORT" >"$work/prometheus/targets/jormungandr.yml"
    printf -- '- targets: ["127.0.0.1:%s"]\n  labels: {node: computehorde}\n' \
      "$COMPUTEHORDE_EXPORTER_PORT" >"$work/prometheus/targets/computehorde.yml"
    printf -- '- targets: ["127.0.0.1:%s"]\n  labels: {node: mina}\n' "$MINA_EXPORTER_PORT" \
      >"$work/prometheus/targets/mina.yml"
  fi
  # A real client and a simulated one are not two of one node.
  if [[ ${GETH_URL:+real} != "${BEACON_URL:+real}" ]]; then
    sed -i "/:$GETH_EXPORTER_PORT\"/{n;s/node: main/node: other/}" "$work/prometheus/prometheus.yml"
  fi
}

start_node() {
  local control=127.0.0.1:$SIM_CONTROL_PORT http=127.0.0.1:$SIM_HTTP_PORT
  local ws=127.0.0.1:$SIM_WS_PORT beacon=() others=()
  # With real nodes only the simulator's webhook is of use; its own nodes are nobody's business.
  if [[ $GETH_URL ]]; then http=127.0.0.1:0 ws=127.0.0.1:0; fi
  if [[ -z $BEACON_URL ]]; then
    beacon=(--beacon "127.0.0.1:$SIM_BEACON_PORT" --slot "${slot_seconds}s"
      --slots-per-epoch "$slots_per_epoch" --validator-client "127.0.0.1:$SIM_VALIDATOR_PORT")
  fi
  if ! [[ $GETH_URL && $BEACON_URL ]]; then
    others=(--supervisord "127.0.0.1:$SIM_SUPERVISORD_PORT" --supervisor-socket "$work/rpc.sock"
      --supervisor-procfs "$work/proc" --supervisor-forwards "$SIM_SUPERVISOR_PORT_BASE"
      --supervisor-home "$work/home" --jormungandr "127.0.0.1:$SIM_JORMUNGANDR_PORT")
  fi
  start simulator "$bin/stakewatch_sim" --http "$http" --ws "$ws" --ipc "$work/geth.ipc" \
    --control "$control" --webhook "127.0.0.1:$WEBHOOK_PORT" --block-interval "$slot_seconds" \
    --peers 50 "${beacon[@]}" "${others[@]}"
  await simulator "http://$control/"
}

start_geth_exporter() {
  local url=${GETH_URL:-http://127.0.0.1:$SIM_HTTP_PORT} ws=$GETH_WS_URL
  if [[ -z $GETH_URL ]]; then ws=ws://127.0.0.1:$SIM_WS_PORT; fi
  start geth_exporter "$bin/geth_exporter" --geth.url="$url" ${ws:+--geth.ws-url="$ws"} \
    --web.listen-address="127.0.0.1:$GETH_EXPORTER_PORT"
  await geth_exporter "http://127.0.0.1:$GETH_EXPORTER_PORT/-/healthy"
}

start_beacon_exporter() {
  local url=${BEACON_URL:-http://127.0.0.1:$SIM_BEACON_PORT} execution=$GETH_URL more=()
  local validators=$VALIDATORS_FILE
  if [[ -z $BEACON_URL ]]; then
    # The two simulated ones are a pair; a real Geth has nothing to do with a simulated beacon node.
    if [[ $GETH_URL ]]; then execution=; else execution=http://127.0.0.1:$SIM_HTTP_PORT; fi
    validators=$work/validators.txt
    curl -fsS "http://127.0.0.1:$SIM_CONTROL_PORT/validators" >"$validators"
    (umask 077 && curl -fsS "http://127.0.0.1:$SIM_CONTROL_PORT/token" >"$work/token")
    more+=(--beacon.network=mainnet --keymanager.url="http://127.0.0.1:$SIM_VALIDATOR_PORT"
      --keymanager.bearer-token-file="$work/token")
  fi
  if [[ $execution ]]; then more+=(--beacon.execution-url="$execution"); fi
  if [[ $validators ]]; then more+=(--validators-file="$validators"); fi
  start beacon_exporter "$bin/beacon_exporter" --beacon.url="$url" "${more[@]}" \
    --web.listen-address="127.0.0.1:$BEACON_EXPORTER_PORT"
  await beacon_exporter "http://127.0.0.1:$BEACON_EXPORTER_PORT/-/healthy"
}

# What is watched on them is simulated, too, so not beside two real nodes.
start_supervisor_exporter() {
  ! [[ $GETH_URL && $BEACON_URL ]] || return 0
  (umask 077 && curl -fsS "http://127.0.0.1:$SIM_CONTROL_PORT/supervisor-key" >"$work/supervisor-key")
  # This machine's /dev/shm and /sys are not those of the simulated host.
  start supervisor_exporter "$bin/supervisor_exporter" --supervisor.rpc="$work/rpc.sock" \
    --supervisor.key-file="$work/supervisor-key" --path.procfs="$work/proc" \
    --supervisor.node=10.77.1.2:2222 --supervisor.node=10.77.2.2:2222 \
    --supervisor.port-base="$SIM_SUPERVISOR_PORT_BASE" \
    --supervisor.data-dir="$work/home/data" --supervisor.logs-dir="$work/home/logs" \
    --supervisor.interchange="$work/home/slashing-protection.json" \
    --path.shm="$work/home" --path.sysfs="$work/home" \
    --web.listen-address="127.0.0.1:$SUPERVISOR_EXPORTER_PORT"
  await supervisor_exporter "http://127.0.0.1:$SUPERVISOR_EXPORTER_PORT/-/healthy"
}

start_supervisord_exporter() {
  ! [[ $GETH_URL && $BEACON_URL ]] || return 0
  start supervisord_exporter "$bin/supervisord_exporter" \
    --supervisord.url="http://127.0.0.1:$SIM_SUPERVISORD_PORT" \
    --web.listen-address="127.0.0.1:$SUPERVISORD_EXPORTER_PORT"
  await supervisord_exporter "http://127.0.0.1:$SUPERVISORD_EXPORTER_PORT/-/healthy"
}

start_jormungandr_exporter() {
  ! [[ $GETH_URL && $BEACON_URL ]] || return 0
  local nodes=http://127.0.0.1:$SIM_JORMUNGANDR_PORT
  start jormungandr_exporter "$bin/jormungandr_exporter" --jormungandr.url="$nodes" \
    --jormungandr.reference="n1=$nodes/node/1" --jormungandr.reference="n2=$nodes/node/2" \
    --jormungandr.external-tip-url="$nodes/stats.json" \
    --web.listen-address="127.0.0.1:$JORMUNGANDR_EXPORTER_PORT"
  await jormungandr_exporter "http://127.0.0.1:$JORMUNGANDR_EXPORTER_PORT/-/healthy"
}

# A private PostgreSQL and Redis, in which a small validator goes on.
start_computehorde_exporter() {
  ! [[ $GETH_URL && $BEACON_URL ]] || return 0
  local tries flags=()
  mkdir "$work/computehorde"
  start computehorde_validator python3 -B tests/computehorde/validator.py "$work/computehorde"
  for (( tries = 0; tries < 300; tries++ )); do
    check_alive
    ! grep -q '^--backup.keep-last' "$work/computehorde_validator.log" || break
    sleep 0.2
  done
  mapfile -t flags < <(grep '^--' "$work/computehorde_validator.log")
  start computehorde_exporter "$bin/computehorde_exporter" "${flags[@]}" \
    --web.listen-address="127.0.0.1:$COMPUTEHORDE_EXPORTER_PORT"
  await computehorde_exporter "http://127.0.0.1:$COMPUTEHORDE_EXPORTER_PORT/-/healthy"
}

# The coordinator works twenty times as fast as a real one.
start_mina_exporter() {
  ! [[ $GETH_URL && $BEACON_URL ]] || return 0
  local tries
  mkdir "$work/mina"
  start mina_coordinator python3 -B tests/mina/coordinator.py "$work/mina" 60
  for (( tries = 0; tries < 300; tries++ )); do
    check_alive
    ! grep -q '^ready ' "$work/mina_coordinator.log" || break
    sleep 0.2
  done
  start mina_exporter "$bin/mina_exporter" --mina.interval=1m \
    --mina.dsn="$(sed -n 's/^ready //p' "$work/mina_coordinator.log")" \
    --web.listen-address="127.0.0.1:$MINA_EXPORTER_PORT"
  await mina_exporter "http://127.0.0.1:$MINA_EXPORTER_PORT/-/healthy"
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

stakewatch runs${GETH_URL:+ on $GETH_URL}${BEACON_URL:+ on $BEACON_URL}. Ctrl-C ends it; logs are in $work.
  exporters     http://127.0.0.1:$GETH_EXPORTER_PORT/ (Geth)
                http://127.0.0.1:$BEACON_EXPORTER_PORT/ (beacon node)
EOF
  [[ $GETH_URL && $BEACON_URL ]] || cat <<EOF
                http://127.0.0.1:$JORMUNGANDR_EXPORTER_PORT/ (Jormungandr)
                http://127.0.0.1:$SUPERVISOR_EXPORTER_PORT/ (validator supervisor)
                http://127.0.0.1:$SUPERVISORD_EXPORTER_PORT/ (Supervisor)
                http://127.0.0.1:$MINA_EXPORTER_PORT/ (Mina's uptime coordinator)
                http://127.0.0.1:$COMPUTEHORDE_EXPORTER_PORT/ (ComputeHorde validator)
EOF
  cat <<EOF
  Prometheus    http://127.0.0.1:$PROMETHEUS_PORT/alerts
  Alertmanager  http://127.0.0.1:$ALERTMANAGER_PORT/
EOF
  [[ $GETH_URL ]] || cat <<EOF
  Geth          http://127.0.0.1:$SIM_HTTP_PORT/ (simulated; also ws://127.0.0.1:$SIM_WS_PORT, $work/geth.ipc)
EOF
  [[ $BEACON_URL ]] || cat <<EOF
  beacon node   http://127.0.0.1:$SIM_BEACON_PORT/ (simulated; validator client at http://127.0.0.1:$SIM_VALIDATOR_PORT/)
EOF
  [[ $GETH_URL && $BEACON_URL ]] || cat <<EOF
  Jormungandr   http://127.0.0.1:$SIM_JORMUNGANDR_PORT/ (simulated: three nodes, at /node/0 to /node/2)
  ComputeHorde  psql -h $work/computehorde/postgres -U postgres validator; redis-cli -s $work/computehorde/redis/redis.sock
  Mina          psql -h $work/mina/postgres coordinator coordinator (a batch a minute)
  supervisor    $work/rpc.sock (simulated validator supervisor)
  supervisord   http://127.0.0.1:$SIM_SUPERVISORD_PORT/RPC2 (simulated)
EOF
  [[ $GETH_URL && $BEACON_URL ]] || echo $'\nTry, in another terminal:'
  local fault="curl -X POST 'http://127.0.0.1:$SIM_CONTROL_PORT/fault"
  [[ $GETH_URL ]] || cat <<EOF
  curl -s http://127.0.0.1:$GETH_EXPORTER_PORT/metrics | grep geth_peers
  $fault?kind=stop&for=60s'    # Geth is gone: a page in 30 s
  $fault?kind=stuck&for=5m'    # Geth's chain stands still
EOF
  [[ $BEACON_URL ]] || cat <<EOF
  curl -s http://127.0.0.1:$BEACON_EXPORTER_PORT/metrics | grep beaconapi_head
  $fault?kind=stop&target=validator&for=3m'    # the validator client is gone
  # The beacon node falls out of sync and says that all is well: a page by its true lag in 2 1/2 min.
  $fault?kind=stuck&target=beacon&for=4m'
EOF
  [[ $GETH_URL && $BEACON_URL ]] || cat <<EOF
  $fault?kind=process&method=geth&value=FATAL&for=60s'    # supervisord gives a program up
  $fault?kind=reality&value=silent_links&for=5m'    # the tunnels look alive, and nothing comes through
  $fault?kind=fork&node=0&for=5m'    # a Jormungandr node is the highest, and alone on its chain
  psql -h $work/computehorde/postgres -U postgres validator -c "UPDATE validator_weightsettingfinishedevent
    SET created_at = created_at - interval '7 hours'"    # ComputeHorde's weights are late: a page in a minute
  psql -h $work/mina/postgres coordinator coordinator -c 'UPDATE bot_logs SET files_processed = 0
    WHERE id = (SELECT max(id) FROM bot_logs)'    # an empty batch of Mina: a page in half a minute
  curl http://127.0.0.1:$SIM_CONTROL_PORT/                                     # all faults
EOF
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
  echo "Starting the nodes, the exporters, Alertmanager and Prometheus …"
  start_node
  start_geth_exporter
  start_beacon_exporter
  start_supervisor_exporter
  start_supervisord_exporter
  start_jormungandr_exporter
  start_computehorde_exporter
  start_mina_exporter
  start_monitors
  say_what_runs

  # The webhook's receiver prints what it gets; its heartbeat every minute is left out.
  local shown=0 lines
  while true; do
    check_alive
    lines=$(wc -l <"$work/simulator.log")
    if (( lines > shown )); then
      sed -n "$((shown + 1)),${lines}p" "$work/simulator.log" |
        grep -v -e '^\(http\|ws\|ipc\|control\|webhook\|beacon\|validator-client\|supervisord\|jormungandr\) ' -e Watchdog || true
      shown=$lines
    fi
    sleep 0.5
  done
}

main "$@"
