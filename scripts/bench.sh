#!/usr/bin/env bash
# Our exporter and one written in Go, side by side on the same simulated node. What is measured and
# how: docs/performance.md.
#   scripts/bench.sh [flags of tests/bench/bench.py, as --pairs 9 or --only start,50]
# A Go is fetched into $STAKEWATCH_CACHE (~/.cache/stakewatch) where the machine's own is too old.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh build

go_oldest=1.24  # What tests/bench/peer-go/go.mod asks for.
cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
go=go
version=$(GOTOOLCHAIN=local go env GOVERSION 2> /dev/null || echo go0)
if [[ $(printf '%s\n%s\n' "$go_oldest" "${version#go}" | sort -V | head -n1) != "$go_oldest" ]]; then
  go=$cache/go/bin/go
  [[ -x $go ]] || scripts/go_toolchain.py "$cache/go"
fi

scripts/build.sh release geth_exporter stakewatch_sim
echo "Building the Go peer with $("$go" version)"
(cd tests/bench/peer-go && GOTOOLCHAIN=local "$go" build -mod=readonly -o ../../../build/release/bin/peer-go .)
exec python3 -B tests/bench/bench.py --bin build/release/bin "$@"
