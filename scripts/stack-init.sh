#!/bin/sh
# What the one-shots of docker-compose.yaml do, in the image `init` (busybox, no root):
#   stack-init init                                  secrets, tools and configuration in the volumes
#   stack-init targets NAME JOB=HOST:PORT/PATH…      what Prometheus scrapes in this profile
#   stack-init node                                  the settings of .env that Geth and Prysm need
#   stack-init targets-elsewhere                     the same from .env, in monitoring-only
#   stack-init first-answers SECONDS HOST:PORT…      wait until the nodes answer these exporters
#   stack-init demo-validators COUNT                 the validators of the simulated client
#   stack-init page-log                              the receiver of pages when there is no other
#   stack-init validator-warning                     what slashing is; 1 until it was read
set -eu
umask 077
volumes=${STACK_VOLUMES:-/volumes}
config=${STACK_CONFIG:-/config}

fail() {
  echo "stack-init: $*" >&2
  exit 1
}

hex() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

# Whole or not at all: what was cut short by a power failure would be taken for the secret.
write() {
  cat > "$1.new"
  mv "$1.new" "$1"
}

check_owner() {
  for volume in "$volumes"/*; do
    owner=$(stat -c %u "$volume")
    [ "$owner" = "$(id -u)" ] || fail "the volume $(basename_of "$volume") belongs to user $owner, STAKEWATCH_UID is $(id -u).
Changed after the first start? docker compose build init, and give the volumes to the new user:
  docker run --rm -v stakewatch_$(basename_of "$volume"):/v debian:trixie-slim chown -R $(id -u):$(id -g) /v"
  done
}

basename_of() { echo "${1##*/}"; }

# Alertmanager's configuration as it is in prometheus/, with its receivers on loopback, which are those
# of make demo, put to the webhook of secrets/webhook_url; without one, to the service page_log: a page
# is then a line among the logs. The heartbeat goes there in any case.
alertmanager_config() {
  [ -d "$config/alertmanager" ] || return 0
  log=http://page_log:8541/cgi-bin/alert
  url=$log
  secret=$config/alertmanager/secrets/webhook_url
  # What cannot be looked into would pass for nothing set.
  if [ -e "${secret%/*}" ] && [ ! -x "${secret%/*}" ] || [ -e "$secret" ] && [ ! -r "$secret" ]; then
    fail "prometheus/alertmanager/secrets/ cannot be read by user $(id -u): chgrp -R $(id -g) it, and chmod -R g+rX"
  fi
  if [ -s "$secret" ]; then
    url=$(head -n 1 "$secret")
    case $url in
      *[!A-Za-z0-9:/._?=\&%~@+-]* | '') fail "secrets/webhook_url is no URL" ;;
      http://* | https://*) ;;
      *) fail "secrets/webhook_url does not begin with http:// or https://" ;;
    esac
    url=$(printf %s "$url" | sed 's/&/\\&/g')
    echo "Pages go to the webhook of prometheus/alertmanager/secrets/webhook_url."
  else
    echo "Nobody is paged: no receiver is set, pages go to the log alone. See docs/stack.md."
  fi
  for file in "$config"/alertmanager/*; do
    [ ! -f "$file" ] || sed -e "s#http://127\.0\.0\.1:8541/heartbeat#$log#" \
      -e "s#http://127\.0\.0\.1:8541/[a-z]*#$url#" "$file" |
      write "$volumes/alertmanager_config/$(basename_of "$file")"
  done
}

init() {
  case ${NETWORK:-mainnet} in
    mainnet | sepolia | hoodi) ;;
    *) fail "NETWORK=$NETWORK in .env: there are mainnet, sepolia and hoodi" ;;
  esac
  check_owner
  [ -s "$volumes/jwt/jwt.hex" ] || { hex 32 | write "$volumes/jwt/jwt.hex"; echo "Made the JWT secret of Geth and Prysm."; }
  if [ ! -s "$volumes/secrets/admin_password" ]; then
    hex 16 | write "$volumes/secrets/admin_password"
    echo "Made Grafana's password (user admin): docker compose exec grafana cat /run/grafana/admin_password"
  fi
  # For health checks in images that have no tool for one. Open to all, as the collector is root
  # without the capability to pass over permissions.
  chmod 755 "$volumes/tools"
  [ -x "$volumes/tools/busybox" ] || { cat /bin/busybox | write "$volumes/tools/busybox"; chmod 755 "$volumes/tools/busybox"; }
  # Each profile in use writes its own again.
  rm -f "$volumes"/targets/*.json
  alertmanager_config
  [ ! -f "$config/validators.txt" ] || write "$volumes/validators/validators.txt" < "$config/validators.txt"
}

# A file of Prometheus's file discovery, from JOB=HOST:PORT/PATH…
targets() {
  name=$1
  shift
  groups=
  for one in "$@"; do
    address=${one#*=}
    case $one in
      *[!A-Za-z0-9=:/._-]* | *=*=*) fail "\"$one\" is not job=host:port/path" ;;
      *=*:*/*) ;;
      *) fail "\"$one\" is not job=host:port/path" ;;
    esac
    groups="$groups${groups:+, }{\"targets\": [\"${address%%/*}\"], \"labels\": {\"job\": \"${one%%=*}\", \"node\": \"main\", \"__metrics_path__\": \"/${address#*/}\"}}"
  done
  echo "[$groups]" | write "$volumes/targets/$name.json"
  echo "Prometheus asks in $name: ${*:-nothing}"
}

# Where the fees go: nothing, or an address that is somebody's.
check_fee_recipient() {
  case $FEE_RECIPIENT in
    '') ;;
    *0000000000000000000000000000000000000000) fail "FEE_RECIPIENT in .env is nobody's address: the fees of your blocks would be burnt" ;;
    0x????????????????????????????????????????)
      case ${FEE_RECIPIENT#0x} in *[!0-9a-fA-F]*) fail "FEE_RECIPIENT=$FEE_RECIPIENT in .env is not 0x and 40 hexadecimal digits" ;; esac ;;
    *) fail "FEE_RECIPIENT=$FEE_RECIPIENT in .env is not 0x and 40 hexadecimal digits" ;;
  esac
}

# What a client would end of, over and over, or take for granted: Prysm without a checkpoint starts at
# the genesis, and is at it for weeks.
node() {
  case ${CHECKPOINT_SYNC_URL:-} in
    http://?* | https://?*) ;;
    '') fail "CHECKPOINT_SYNC_URL is not set in .env: Prysm would begin at the genesis" ;;
    *) fail "CHECKPOINT_SYNC_URL=$CHECKPOINT_SYNC_URL in .env does not begin with http:// or https://" ;;
  esac
  case $NETWORK:$CHECKPOINT_SYNC_URL in
    mainnet:*sepolia* | mainnet:*hoodi* | sepolia:*hoodi* | hoodi:*sepolia*)
      fail "CHECKPOINT_SYNC_URL=$CHECKPOINT_SYNC_URL is not of NETWORK=$NETWORK" ;;
    sepolia:https://beaconstate.ethstaker.cc | hoodi:https://beaconstate.ethstaker.cc)
      fail "CHECKPOINT_SYNC_URL=$CHECKPOINT_SYNC_URL is mainnet's, NETWORK is $NETWORK: .env.example names others" ;;
  esac
  check_fee_recipient
}

targets_elsewhere() {
  [ "${GETH_URL:-}" ] && [ "${BEACON_URL:-}" ] ||
    fail "monitoring-only: set GETH_URL and BEACON_URL in .env, where your nodes answer"
  for one in "$GETH_URL" "$BEACON_URL" "${GETH_METRICS:-}" "${BEACON_METRICS:-}" "${VALIDATOR_METRICS:-}"; do
    case /$one in
      */localhost[:/]* | */127.*) fail "$one in .env: in a container that is the container itself. Name an address of this machine that the node listens on" ;;
    esac
  done
  set --
  [ ! "${GETH_METRICS:-}" ] || set -- "$@" "upstream-geth=$GETH_METRICS"
  [ ! "${BEACON_METRICS:-}" ] || set -- "$@" "upstream-beacon=$BEACON_METRICS"
  targets upstream "$@"
  set --
  [ ! "${VALIDATOR_METRICS:-}" ] || set -- "prysm-validator=$VALIDATOR_METRICS"
  targets prysm-validator "$@"
}

demo_validators() {
  seq 0 $(($1 - 1)) | sed 's/$/ demo/' | write "$volumes/validators/validators.txt"
  echo "The simulated client's $1 validators are watched."
}

first_answers() {
  seconds=$1
  shift
  end=$(($(date +%s) + seconds))
  for exporter in "$@"; do
    until wget -q -T 5 -O - "http://$exporter/metrics" | grep -q '^stakewatch_source_up{.*} 1'; do
      if [ "$(date +%s)" -ge "$end" ]; then
        echo "The node behind $exporter has not answered in $seconds s; the monitoring starts, and will say so."
        return 0
      fi
      sleep 1
    done
    echo "The node behind $exporter answers."
  done
}

# busybox's httpd runs alert, below, for each request; what it writes to stderr is the log.
page_log() {
  mkdir -p /tmp/www/cgi-bin
  cat > /tmp/www/cgi-bin/alert <<'END'
#!/bin/sh
case ${CONTENT_LENGTH:-0} in
  0 | *[!0-9]* | ????????*) ;;
  *) { head -c "$CONTENT_LENGTH" | tr -d '\n'; echo; } >&2 ;;
esac
printf 'Content-Type: text/plain\r\n\r\n'
END
  chmod 700 /tmp/www/cgi-bin/alert
  exec busybox httpd -f -p 8541 -h /tmp/www
}

validator_warning() {
  started=$volumes/validator/.started
  if [ -e "$started" ]; then return 0; fi
  cat <<'END'
────────────────────────────────────────────────────────────────────────────────────────────────────
SLASHING. A key that signs in two places at the same time is slashed: stake is lost, the validator is
thrown out, and nothing undoes it. Before this validator client starts for the first time:
  · stop every other validator client that has these keys, and see on a block explorer that they have
    missed attestations for two epochs or more;
  · export its slashing protection (EIP-3076) and import it here;
  · never start a copy of this machine, and never restore the volume `validator` from a backup.
Then set SLASHING_WARNING_READ=yes in .env and say docker compose up -d again.
────────────────────────────────────────────────────────────────────────────────────────────────────
END
  [ "${SLASHING_WARNING_READ:-no}" = yes ] || fail "SLASHING_WARNING_READ is not yes: the validator client is not started"
  [ "${FEE_RECIPIENT:-}" ] || fail "FEE_RECIPIENT is not set in .env: the fees of your blocks would be burnt"
  check_fee_recipient
  date > "$started"
}

case ${1:-} in
  init) init ;;
  targets) shift; targets "$@" ;;
  node) node ;;
  targets-elsewhere) targets_elsewhere ;;
  first-answers) shift; first_answers "$@" ;;
  demo-validators) demo_validators "$2" ;;
  page-log) page_log ;;
  validator-warning) validator_warning ;;
  *) fail "\"${1:-}\" is none of what the head of this file lists" ;;
esac
