#!/usr/bin/env bash
# Format and lint, all findings errors: clang-format-19 and clang-tidy-19 with the checks of
# .clang-tidy, over common/, exporters/, actions/ and tests/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh lint

mapfile -t files < <(git ls-files '*.h' '*.cpp')
clang-format-19 --dry-run -Werror "${files[@]}"
bash -n scripts/*.sh .ci/run
cmake --preset lint > /dev/null
mapfile -t units < <(git ls-files 'common/*.cpp' 'exporters/*.cpp' 'actions/*.cpp' 'tests/sim/*.cpp')
scripts/tidy.py build/lint "${units[@]}"
echo "${#files[@]} files formatted, ${#units[@]} files linted, no findings"
