#!/usr/bin/env bash
# Runs each fuzz target for FUZZ_SECONDS (60) on its committed corpus, as many at a time as there are
# CPUs; what it finds is left in build/fuzz/findings/. A crash, a hang or a leak ends with status 1.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh build lint
scripts/build.sh fuzz fuzzers
seconds=${FUZZ_SECONDS:-60}
mkdir -p build/fuzz/findings
targets=(build/fuzz/bin/fuzz_*)

# What a target says is shown when it has ended.
fuzz() {
  local target=$1 name=${1##*/fuzz_} said status=0
  mkdir -p "build/fuzz/corpus/$name"
  said=$("$target" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -artifact_prefix="build/fuzz/findings/$name-" -print_final_stats=0 -verbosity=0 \
    "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" 2>&1) || status=1
  printf '== fuzz_%s for %s s\n%s\n' "$name" "$2" "$said"
  return "$status"
}
export -f fuzz
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz {} '"$seconds"
echo "${#targets[@]} fuzz targets ran for $seconds s each and found nothing"
