#!/usr/bin/env bash
# Installs what the tests need, builds the dev preset and runs all tests; no network but loopback.
# All runners run, also after one has failed.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh build test || exit
scripts/build.sh dev || exit

failed=()
ctest --preset dev || failed+=("ctest")
export GETH_EXPORTER=${GETH_EXPORTER:-$PWD/build/dev/bin/geth_exporter}
export STAKEWATCH_BIN=${STAKEWATCH_BIN:-$PWD/build/dev/bin}
for suite in tests/repo tests/rules tests/e2e; do
  compgen -G "$suite/test_*.py" >/dev/null || continue
  python3 -m pytest -q -p no:cacheprovider "$suite" || failed+=("$suite")
done

if (( ${#failed[@]} )); then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
echo "all tests passed"
