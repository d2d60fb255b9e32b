#!/usr/bin/env bash
# make test-rules: promtool for each rule (fires, quiet, boundary), names against what the exporters
# declare, runbook and dashboard links, and the inhibition in a real Alertmanager. A part of `make test`.
#   scripts/test-rules.sh [pytest's arguments]
# STAKEWATCH_BIN: where the exporters are; without them their declarations are read.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh test
export STAKEWATCH_BIN=${STAKEWATCH_BIN:-$PWD/build/dev/bin}
python3 -m pytest -q -p no:cacheprovider "$@" tests/rules
