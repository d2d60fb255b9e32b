#!/usr/bin/env bash
# make test-page: one page through Alertmanager to whatever receives pages, and its resolution after a
# minute; says which of them took it. The node `test` is nobody's, so nothing mutes it and it mutes
# nothing.
# ALERTMANAGER_URL: http://127.0.0.1:9093.
set -euo pipefail
alertmanager=${ALERTMANAGER_URL:-http://127.0.0.1:9093}

# Requests so far: "asked INTEGRATION COUNT" and "failed INTEGRATION COUNT".
counts() {
  curl -fsS -m 10 "$alertmanager/metrics" | sed -n \
    -e 's/^alertmanager_notification_requests_total{.*integration="\([a-z]*\)".*} /asked \1 /p' \
    -e 's/^alertmanager_notification_requests_failed_total{.*integration="\([a-z]*\)".*} /failed \1 /p' |
    awk '{ n[$1 " " $2] += $3 } END { for (k in n) print k, n[k] }'
}

# Integrations whose count has grown: grown asked|failed
grown() {
  awk -v kind="$1" '$1 != kind { next } NR == FNR { was[$2] = $3; next } $3 > was[$2] { print $2 }' \
    <(echo "$before") <(counts) | sort | paste -sd ' '
}

before=$(counts) || { echo "test-page: Alertmanager does not answer at $alertmanager" >&2; exit 1; }
end=$(date -u -d '+60 seconds' +%Y-%m-%dT%H:%M:%SZ)
curl -fsS -m 10 -H 'Content-Type: application/json' "$alertmanager/api/v2/alerts" -d '[{
  "labels": {"alertname": "TestPage", "severity": "page", "node": "test", "instance": "test",
             "cause": "test"},
  "annotations": {"summary": "A test page", "description": "Cause: test. Sent by make test-page; nothing is wrong."},
  "endsAt": "'"$end"'"}]' > /dev/null ||
  { echo "test-page: Alertmanager does not take an alert at $alertmanager" >&2; exit 1; }
echo "Sent. Within 10 s it should be with you; its end follows in a minute or two."
sleep 10
asked=$(grown asked)
failed=$(grown failed)
echo "Alertmanager has asked: ${asked:-nobody yet}."
[[ -z $failed ]] || { echo "test-page: refused by: $failed; see docker compose logs alertmanager" >&2; exit 1; }
