#!/usr/bin/env bash
# Format and lint, all findings errors: clang-format-19 and clang-tidy-19 with the checks of
# .clang-tidy, over common/, exporters/ and tests/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh lint

mapfile -t files < <(git ls-files '*.h' '*.cpp')
clang-format-19 --dry-run -Werror "${files[@]}"
bash -n scripts/*.sh .ci/run
cmake --preset lint > /dev/null
mapfile -t units < <(git ls-files 'common/*.cpp' 'exporters/*.cpp' 'tests/sim/*.cpp')
printf '%s\0' "${units[@]}" |
  xargs -0 -n 4 -P "$(nproc)" clang-tidy-19 --quiet -p build/lint 2> >(grep -v 'warnings generated' >&2 || true)
echo "${#files[@]} files formatted, ${#units[@]} files linted, no findings"
