#!/usr/bin/env bash
# make test-stack: docker-compose.yaml in the profile demo, with images made here under the tags that
# users pull. Needs root, for a Docker engine of its own where the machine runs none.
#   scripts/test-stack.sh [pytest's arguments, without them all of tests/stack]
# What is slow to make (Go programs, a Debian, the engine's data) is kept in $STAKEWATCH_CACHE
# (~/.cache/stakewatch). STAKEWATCH_GO_JOBS: threads of a Go build (2). STAKEWATCH_ARM64=1: compile
# for arm64 as well, which takes minutes. STAKEWATCH_KEEP=1: leave the stack up.
set -euo pipefail
cd "$(dirname "$0")/.."
if (( EUID != 0 )); then
  echo "test-stack: a Docker engine of our own needs root" >&2
  exit 2
fi
scripts/install-packages.sh stack
cache=${STAKEWATCH_CACHE:-$HOME/.cache/stakewatch}
mkdir -p "$cache/stack"
tests/stack/programs.sh > /dev/null

# The compose plugin where this docker looks for it, and nobody else's settings.
export DOCKER_CONFIG=$cache/stack/docker-config
mkdir -p "$DOCKER_CONFIG/cli-plugins"
ln -sf "$cache/stack/bin/compose-2.40.3" "$DOCKER_CONFIG/cli-plugins/docker-compose"
DOCKER_HOST=$(tests/stack/engine.sh start)
export DOCKER_HOST
[[ ${STAKEWATCH_KEEP:-} ]] || trap 'tests/stack/engine.sh stop' EXIT
tests/stack/images.sh
[[ -z ${STAKEWATCH_ARM64:-} ]] || tests/stack/arm64.sh
python3 -m pytest -q -p no:cacheprovider -rs --durations=8 "${@:-tests/stack}"
[[ -z ${STAKEWATCH_KEEP:-} ]] || echo "Left up. export DOCKER_HOST=$DOCKER_HOST DOCKER_CONFIG=$DOCKER_CONFIG;" \
  "to end it: tests/stack/engine.sh stop"
