#!/usr/bin/env bash
# The exporters and the simulator, compiled and linked for arm64 against Debian 13's arm64 packages:
# shows that nothing is for amd64 alone. They are not run. Wants DOCKER_HOST set, as engine.sh
# prints it, and debian:trixie-slim (images.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."
compose=(docker compose -f tests/stack/compose.arm64.yaml)
"${compose[@]}" build --quiet
"${compose[@]}" run --rm -T arm64
