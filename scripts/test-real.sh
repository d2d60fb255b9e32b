#!/usr/bin/env bash
# `make test-real`: our exporters beside a real Geth and Supervisor, Prometheus and Alertmanager, all on
# loopback.
#   scripts/test-real.sh [pytest's arguments]
# Geth is built with Go once (tests/stack/programs.sh). STAKEWATCH_BIN: where the programs are; given,
# nothing is built but Geth.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${STAKEWATCH_BIN:-}
if [[ -z $bin ]]; then
  scripts/install-packages.sh real
  scripts/build.sh dev exporters restart_hook
  bin=$PWD/build/dev/bin
fi

geth=$(tests/stack/programs.sh geth)
"$geth" version | sed -n '2,4p'

export STAKEWATCH_BIN=$bin STAKEWATCH_GETH=$geth
# Slow setups are as much of the time as the tests; the closing line has the sum.
python3 -m pytest -q -p no:cacheprovider -rs --durations=8 "$@" tests/real
