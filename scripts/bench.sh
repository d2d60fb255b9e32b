#!/usr/bin/env bash
# Our exporter and one written in Go, side by side on the same simulated node. What is measured and
# how: docs/performance.md.
#   scripts/bench.sh [flags of tests/bench/bench.py, as --pairs 9 or --only start,50]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh build
command -v go > /dev/null || scripts/install-packages.sh real

scripts/build.sh release geth_exporter stakewatch_sim
echo "Building the Go peer with $(go env GOVERSION)"
(cd tests/bench/peer-go && go build -mod=readonly -o ../../../build/release/bin/peer-go .)
exec python3 tests/bench/bench.py --bin build/release/bin "$@"
