#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests; no network but loopback. The suites run side
# by side, since most of their time is waiting; all of them run, also after one has failed. Those of
# the programs begin when these are built, and the C++ tests are built beside them, with priority: they
# have to run after it.
#   scripts/test.sh          the C++ tests and the Python ones
#   scripts/test.sh asan     the C++ tests under a sanitizer: asan or tsan
set -uo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
scripts/install-packages.sh build test || exit
cpp_tests() { scripts/build.sh "$preset" && ctest --preset "$preset" -j6; }
if [[ $preset != dev ]]; then
  cpp_tests
  exit
fi
scripts/build.sh dev exporters restart_hook stakewatch_sim || exit

suites=(ctest tests/{repo,dashboards} tests/{rules,e2e,e2e/*}/test_*.py)
run() {
  if [[ $1 == ctest ]]; then
    cpp_tests
    exit
  fi
  exec nice -n 5 python3 -m pytest -q -p no:cacheprovider "$1"
}

export STAKEWATCH_BIN=$PWD/build/dev/bin
logs=$(mktemp -d)
declare -A pids
# Ctrl-C reaches no job in the background; each is a process group of its own, to be ended as a whole.
trap 'kill -- "${pids[@]/#/-}" 2>/dev/null; rm -rf "$logs"' EXIT
set -m
for suite in "${suites[@]}"; do
  run "$suite" >"$logs/${suite//\//-}" 2>&1 &
  pids[$suite]=$!
done

failed=()
for suite in "${suites[@]}"; do
  wait "${pids[$suite]}" || failed+=("$suite")
  echo
  echo "$suite"
  cat "$logs/${suite//\//-}"
done
pids=()

if (( ${#failed[@]} )); then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
