#!/usr/bin/env bash
# make test-page: one page through Alertmanager to whatever receives pages, and its resolution after a
# minute. The node `test` is nobody's, so nothing mutes it and it mutes nothing.
# ALERTMANAGER_URL: http://127.0.0.1:9093.
set -euo pipefail
alertmanager=${ALERTMANAGER_URL:-http://127.0.0.1:9093}
end=$(date -u -d '+60 seconds' +%Y-%m-%dT%H:%M:%SZ)
curl -fsS -m 10 -H 'Content-Type: application/json' "$alertmanager/api/v2/alerts" -d '[{
  "labels": {"alertname": "TestPage", "severity": "page", "node": "test", "instance": "test",
             "cause": "test"},
  "annotations": {"summary": "A test page", "description": "Cause: test. Sent by make test-page; nothing is wrong."},
  "endsAt": "'"$end"'"}]' > /dev/null ||
  { echo "test-page: Alertmanager does not answer at $alertmanager" >&2; exit 1; }
echo "Sent. Within 10 s it should be with you; its end follows in a minute or two."
