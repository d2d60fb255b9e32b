#!/usr/bin/env bash
# The exporters and the simulator, compiled and linked for arm64 against Debian 13's arm64 packages:
# shows that nothing is for amd64 alone. They are not run. Wants DOCKER_HOST set, as engine.sh
# prints it, and debian:trixie-slim (images.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."
docker build -q -t stakewatch-test/arm64 -f tests/stack/Dockerfile.arm64 . >/dev/null
docker run --rm --network=none stakewatch-test/arm64
