#!/usr/bin/env bash
# Configures and builds one preset of CMakePresets.json: scripts/build.sh <preset> [target…]
# Programs end up in build/<preset>/bin/.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?usage: scripts/build.sh dev|release|asan|tsan|fuzz [target…]}
shift
targets=()
(( $# == 0 )) || targets=(--target "$@")

configured=$(mktemp)
trap 'rm -f "$configured"' EXIT
if ! cmake --preset "$preset" >"$configured" 2>&1; then
  cat "$configured" >&2
  exit 1
fi
echo "Building $preset"
cmake --build --preset "$preset" "${targets[@]}"
