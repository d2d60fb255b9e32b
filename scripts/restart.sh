#!/usr/bin/env bash
# make restart SERVICE=geth [MINUTES=5]: restarts a service of docker-compose.yaml without a page.
# Alertmanager is silenced for MINUTES at most, but for the heartbeat and for what no restart causes;
# the silence is lifted when the service is healthy and nothing fires that did not before.
# ALERTMANAGER_URL: http://127.0.0.1:9093.
set -euo pipefail
cd "$(dirname "$0")/.."
service=${SERVICE:-${1:-}}
minutes=${MINUTES:-5}
alertmanager=${ALERTMANAGER_URL:-http://127.0.0.1:9093}
# Seconds in which the service has to be healthy, with nothing muted: a scrape, the evaluation and the
# way to Alertmanager, 5 s each, so that what the restart caused has shown itself.
quiet=15

fail() {
  echo "restart: $*" >&2
  exit 1
}

ask() { curl -fsS -m 10 "$@"; }

# silence SECONDS: prints its id.
silence() {
  local start end
  start=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  end=$(date -u -d "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ)
  ask -H 'Content-Type: application/json' "$alertmanager/api/v2/silences" -d '{
    "matchers": [{"name": "alertname", "isRegex": true, "isEqual": false,
                  "value": "Watchdog|ValidatorSlashed|SecondInstance|TestPage"}],
    "startsAt": "'"$start"'", "endsAt": "'"$end"'",
    "createdBy": "make restart", "comment": "restart of '"$service"'"}' |
    sed -n 's/.*"silenceID": *"\([^"]*\)".*/\1/p'
}

healthy() {
  local id state
  id=$(docker compose ps -q "$service")
  [[ $id ]] || return 1
  state=$(docker inspect -f '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}' "$id")
  [[ $state == "running healthy" || $state == "running " ]]
}

# The names of the alerts that Alertmanager has, the heartbeat left out; "?" while it does not answer.
firing() {
  local alerts
  alerts=$(ask "$alertmanager/api/v2/alerts?active=true&silenced=true&inhibited=true" 2>/dev/null) ||
    { echo "?"; return; }
  tr '}' '\n' <<<"$alerts" | sed -n 's/.*"alertname": *"\([^"]*\)".*/\1/p' | sort -u |
    grep -v -x Watchdog || true
}

# What fires now and did not before the restart.
caused() { comm -13 <(printf '%s\n' "$before") <(firing) | tr '\n' ' '; }

[[ $service ]] || fail "which one? make restart SERVICE=geth; there are: $(docker compose ps --services | tr '\n' ' ')"
[[ $minutes =~ ^[1-9][0-9]{0,2}$ ]] || fail "MINUTES=$minutes is no number from 1 to 999"
docker compose ps --services | grep -q -x -- "$service" || fail "no service \"$service\" runs; there are: $(docker compose ps --services | tr '\n' ' ')"

# What fires is sent again each minute: until then an Alertmanager that has just started knows of none.
unheard=$(ask "$alertmanager/metrics" 2>/dev/null | awk -v now="$(date +%s)" \
  '$1 == "process_start_time_seconds" && now - $2 < 75 { printf "%d", 76 - (now - $2) }') || true
if [[ $unheard ]]; then
  echo "Alertmanager has just started: waiting $unheard s until it has heard what fires."
  sleep "$unheard"
fi
before=$(firing)
id=$(silence $((minutes * 60))) || fail "Alertmanager does not answer at $alertmanager: not restarted, it would page"
[[ $id ]] || fail "Alertmanager gave no silence: not restarted"
echo "Silence $id for $minutes min at most. Restarting $service …"
lift() { ask -X DELETE "$alertmanager/api/v2/silence/$id" >/dev/null || echo "restart: the silence $id stays until it ends" >&2; }
end=$((SECONDS + minutes * 60))
if ! docker compose restart "$service"; then
  lift
  fail "docker compose could not restart $service"
fi

since=
while (( SECONDS < end )); do
  still=$(caused)
  if healthy && [[ -z $still ]]; then
    since=${since:-$SECONDS}
    if (( SECONDS - since >= quiet )); then
      lift
      echo "$service is healthy; the silence is lifted."
      exit 0
    fi
  else
    since=
  fi
  sleep 2
done
fail "after $minutes min $service is $(healthy && echo healthy || echo not healthy)${still:+, and fires: $still}. The silence has ended: what is wrong pages now"
