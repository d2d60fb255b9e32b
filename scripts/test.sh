#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests; no network but loopback. All runners run,
# also after one has failed.
#   scripts/test.sh          the C++ tests and the Python ones
#   scripts/test.sh asan     the C++ tests under a sanitizer: asan or tsan
set -uo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
scripts/install-packages.sh build test || exit
scripts/build.sh "$preset" || exit

failed=()
ctest --preset "$preset" || failed+=("ctest")
if [[ $preset == dev ]]; then
  export STAKEWATCH_BIN=$PWD/build/dev/bin
  for suite in tests/repo tests/rules tests/dashboards tests/e2e; do
    compgen -G "$suite/test_*.py" >/dev/null || continue
    python3 -m pytest -q -p no:cacheprovider "$suite" || failed+=("$suite")
  done
fi

if (( ${#failed[@]} )); then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
