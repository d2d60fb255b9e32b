#!/usr/bin/env bash
# Runs each fuzz target for FUZZ_SECONDS (60) on its committed corpus; what it finds is left in
# build/fuzz/findings/. A crash, a hang or a leak ends with status 1.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh build lint
scripts/build.sh fuzz fuzzers
seconds=${FUZZ_SECONDS:-60}
findings=build/fuzz/findings
mkdir -p "$findings"
targets=(build/fuzz/bin/fuzz_*)
for target in "${targets[@]}"; do
  name=$(basename "$target")
  name=${name#fuzz_}
  work=build/fuzz/corpus/$name
  mkdir -p "$work"
  echo "== fuzz_$name for $seconds s"
  "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -artifact_prefix="$findings/$name-" -print_final_stats=0 -verbosity=0 \
    "$work" "tests/fuzz/corpus/$name"
done
echo "${#targets[@]} fuzz targets ran for $seconds s each and found nothing"
