#!/usr/bin/env bash
# `make test-faults`: each fault of tests/faults/faults.py, broken for real, all side by side, with a
# real Prometheus, Alertmanager and Geth, all on loopback; about five minutes.
#   scripts/test-faults.sh [pytest's arguments]
# UPDATE=1: write what was found to docs/faults.md. STAKEWATCH_BIN: where the programs are; given,
# nothing is built but Geth (tests/stack/programs.sh).
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${STAKEWATCH_BIN:-}
if [[ -z $bin ]]; then
  scripts/install-packages.sh faults
  scripts/build.sh dev exporters stakewatch_sim
  bin=$PWD/build/dev/bin
fi
geth=$(tests/stack/programs.sh geth)

export STAKEWATCH_BIN=$bin STAKEWATCH_GETH=$geth
python3 -m pytest -q -p no:cacheprovider "$@" tests/faults
