#!/bin/sh
# What the one-shots of docker-compose.yaml do, in the image `init` (busybox, no root):
#   stack-init init                                  secrets, tools and configuration in the volumes
#   stack-init targets-afresh NAME JOB=HOST:PORT/PATH…
#                                                    what Prometheus scrapes in this profile, and no other
#   stack-init targets NAME JOB=HOST:PORT/PATH…      and this as well
#   stack-init node                                  the settings of .env that Geth and Prysm need
#   stack-init targets-elsewhere                     targets-afresh from .env, in monitoring-only
#   stack-init first-answers SECONDS HOST:PORT…      wait until the nodes answer these exporters
#   stack-init validators                            the validators of VALIDATORS_FILE
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

# Alertmanager's configuration: prometheus/alertmanager/alertmanager.yml, and in place of its receivers
# the pieces of receivers/ whose files are all in secrets/. In a piece
#   /etc/alertmanager/secrets/NAME   is a file that Alertmanager reads itself: no secret stands in the
#                                    configuration, in an argument or in a log
#   @NAME@                           is replaced by what is in that file; for what is no secret
#   …  # if NAME                     a line that is left out without that file
#   …  # if warning                  a line of the receiver of warnings alone; so are `page` and `info`
# What is no fault (`info`) goes by e-mail or to nobody; to the log where that is all there is.
alertmanager_config() {
  [ -d "$config/alertmanager" ] || return 0
  secrets=$config/alertmanager/secrets
  pieces=$config/alertmanager/receivers
  made=$volumes/alertmanager_config
  check_secrets
  used=
  for piece in "$pieces"/*.yml; do
    case ${piece##*/} in heartbeat.yml | log.yml) ;; *) is_set "$piece" && used="$used $(name_of "$piece")" ;; esac
  done
  beat=log
  if is_set "$pieces/heartbeat.yml"; then beat=heartbeat; fi
  mkdir -p "$made/secrets"
  for file in "$made"/secrets/*; do [ -s "$secrets/${file##*/}" ] || rm -f "$file"; done
  for file in "$secrets"/*; do
    case $file in *.md) continue ;; esac
    [ ! -s "$file" ] || head -n 1 "$file" | tr -d '\r\n' | write "$made/secrets/${file##*/}"
  done
  for file in "$config"/alertmanager/*.tmpl; do
    [ ! -f "$file" ] || if [ -s "$secrets/grafana_url" ]; then
      sed "/stakewatch.grafana\" }}/s#http://localhost:3000#$(head -n 1 "$secrets/grafana_url" | sed 's/&/\\&/g')#" "$file"
    else
      cat "$file"
    fi | write "$made/${file##*/}"
  done
  ntfy_url
  {
    sed '/^receivers:/,$d' "$config/alertmanager/alertmanager.yml"
    echo "receivers:"
    receiver page ${used:-log}
    receiver warning ${used:-log}
    receiver info $(case "$used " in ' ') echo log ;; *' email '*) echo email ;; esac)
    receiver heartbeat $beat
    echo
    sed -e '1,/^receivers:/d' "$config/alertmanager/alertmanager.yml" | sed -n '/^[^ ]/,$p'
  } | write "$made/alertmanager.yml"
  if [ "$used" ]; then
    echo "Pages go to:$used."
  else
    echo "Nobody is paged: no receiver is set, pages go to the log alone. See docs/receivers.md."
  fi
  [ $beat = heartbeat ] || echo "Nobody hears when the monitoring itself dies: no heartbeat_url is set. See docs/receivers.md."
}

name_of() { set -- "${1##*/}"; echo "${1%.yml}"; }

# The files that a piece of configuration needs, or, with `all`, can use.
files_of() {
  if [ "${2:-}" = all ]; then cat "$1"; else grep -v '  # if ' "$1"; fi |
    tr ' ,}"' '\n\n\n\n' | sed -n -e 's#^/etc/alertmanager/secrets/\([a-z_]*\)$#\1#p' -e 's#^@\([a-z_]*\)@$#\1#p'
  if [ "${2:-}" = all ]; then sed -n 's/.*  # if \([a-z_]*\)$/\1/p' "$1"; fi
}

# Whether all files of a piece are there; some of them alone are a mistake.
is_set() {
  there= missing=
  for name in $(files_of "$1"); do
    if [ -s "$secrets/$name" ]; then there=$name; else missing=$name; fi
  done
  [ ! "$there" ] || [ ! "$missing" ] ||
    fail "secrets/$there is set for $(name_of "$1"), secrets/$missing is not. See docs/receivers.md."
  [ "$there" ]
}

# What cannot be read would pass for nothing set, and so would a name with a slip in it.
check_secrets() {
  unreadable="prometheus/alertmanager/secrets/ cannot be read by user $(id -u): chgrp -R $(id -g) it, and chmod -R g+rX"
  [ ! -e "$secrets" ] || [ -x "$secrets" ] && [ -r "$secrets" ] || fail "$unreadable"
  known=" README.md grafana_url $(for piece in "$pieces"/*.yml; do files_of "$piece" all; done | tr '\n' ' ') "
  for file in "$secrets"/*; do
    [ -e "$file" ] || continue
    name=${file##*/}
    case $known in *" $name "*) ;; *) fail "secrets/$name is of no receiver. See docs/receivers.md." ;; esac
    [ -r "$file" ] || fail "$unreadable"
    [ -s "$file" ] || continue
    value=$(head -n 1 "$file" | tr -d '\r')
    case $name in
      *_url)
        case $value in
          *[!A-Za-z0-9:/._?=\&%~@+-]* | '') fail "secrets/$name is no URL" ;;
          http://* | https://*) ;;
          *) fail "secrets/$name does not begin with http:// or https://" ;;
        esac ;;
      email_password | README.md) ;;
      *) case $value in *[!A-Za-z0-9:/._=\&%~@+\ ,\<\>-]* | '') fail "secrets/$name has a character that does not belong there, or is empty" ;; esac ;;
    esac
  done
}

# ntfy is asked to take title and message from what is posted; Alertmanager fills the priority in.
ntfy_url() {
  url=$made/secrets/ntfy_url
  [ -s "$url" ] || return 0
  case $(cat "$url") in *\?*) sign='&' ;; *) sign='?' ;; esac
  priority='{{ if and (eq .Status "firing") (eq .CommonLabels.severity "page") }}5{{ else }}2{{ end }}'
  { cat "$url"; echo "${sign}template=yes&title=%7B%7Btrim+.title%7D%7D&message=%7B%7Btrim+.message%7D%7D&priority=$priority"; } | write "$url"
}

# receiver NAME PIECE…: the pieces under one list for each kind.
receiver() {
  receiver=$1
  shift
  echo "  - name: $receiver"
  for piece in "$@"; do
    while IFS= read -r line; do
      case $line in
        *'  # if '*)
          name=${line##*  \# if }
          [ "$name" = "$receiver" ] || [ -s "$secrets/$name" ] || continue
          line=${line%  \# if *} ;;
      esac
      case $line in
        *@[a-z]*_[a-z]*@*)
          name=${line#*@}
          name=${name%%@*}
          line=${line%%@*}$(head -n 1 "$secrets/$name" | tr -d '\r')${line##*@} ;;
      esac
      case $line in '#'*) ;; *) printf '    %s\n' "$line" ;; esac
    done < "$pieces/$piece.yml"
  done | awk '/^    [a-z]/ { kind = $0; if (!(kind in text)) order[++kinds] = kind; next }
    { text[kind] = text[kind] $0 "\n" }
    END { for (i = 1; i <= kinds; i++) printf "%s\n%s", order[i], text[order[i]] }'
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
  alertmanager_config
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

# Not init's work: that runs again with each `docker compose start`, these with `up` alone.
forget_targets() { rm -f "$volumes"/targets/*.json; }

targets_elsewhere() {
  [ "${GETH_URL:-}" ] && [ "${BEACON_URL:-}" ] ||
    fail "monitoring-only: set GETH_URL and BEACON_URL in .env, where your nodes answer"
  for one in "$GETH_URL" "$BEACON_URL" "${GETH_METRICS:-}" "${BEACON_METRICS:-}" "${VALIDATOR_METRICS:-}"; do
    case /$one in
      */localhost[:/]* | */127.*) fail "$one in .env: in a container that is the container itself. Name an address of this machine that the node listens on" ;;
    esac
  done
  forget_targets
  set --
  [ ! "${GETH_METRICS:-}" ] || set -- "$@" "upstream-geth=$GETH_METRICS"
  [ ! "${BEACON_METRICS:-}" ] || set -- "$@" "upstream-beacon=$BEACON_METRICS"
  targets upstream "$@"
  set --
  [ ! "${VALIDATOR_METRICS:-}" ] || set -- "prysm-validator=$VALIDATOR_METRICS"
  targets prysm-validator "$@"
}

validators() {
  write "$volumes/validators/validators.txt" < "$config/validators.txt"
  echo "Validators in VALIDATORS_FILE: $(grep -c '^[[:space:]]*[^#[:space:]]' "$config/validators.txt")"
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
  targets-afresh) shift; forget_targets; targets "$@" ;;
  node) node ;;
  targets-elsewhere) targets_elsewhere ;;
  first-answers) shift; first_answers "$@" ;;
  validators) validators ;;
  demo-validators) demo_validators "$2" ;;
  page-log) page_log ;;
  validator-warning) validator_warning ;;
  *) fail "\"${1:-}\" is none of what the head of this file lists" ;;
esac
