#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests; no network but loopback. The suites run side
# by side, since most of their time is waiting; all of them run, also after one has failed.
#   scripts/test.sh          the C++ tests and the Python ones
#   scripts/test.sh asan     the C++ tests under a sanitizer: asan or tsan
set -uo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
scripts/install-packages.sh build test || exit
scripts/build.sh "$preset" || exit

ctest=(ctest --preset "$preset" -j4)
[[ $preset == dev ]] || exec "${ctest[@]}"

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export STAKEWATCH_BIN=$PWD/build/dev/bin
declare -A pids
"${ctest[@]}" >"$logs/ctest" 2>&1 &
pids[ctest]=$!
for suite in tests/{repo,rules,dashboards} tests/e2e/test_*.py; do
  python3 -m pytest -q -p no:cacheprovider "$suite" >"$logs/${suite//\//-}" 2>&1 &
  pids[$suite]=$!
done

failed=()
for suite in ctest "${!pids[@]}"; do
  [[ -n ${pids[$suite]:-} ]] || continue
  wait "${pids[$suite]}" || failed+=("$suite")
  unset "pids[$suite]"
  echo
  echo "$suite"
  cat "$logs/${suite//\//-}"
done

if (( ${#failed[@]} )); then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
