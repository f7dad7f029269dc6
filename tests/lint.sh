#!/bin/sh
# Layout, static analysis, house rules. The tools come with `make deps-lint`.
set -eu
cd "$(dirname "$0")/.."
sources=$(git ls-files '*.c' '*.h')
# shellcheck disable=SC2086
clang-format --dry-run --Werror $sources
# It does not see that BUG() does not return, and stumbles over a table in a conditional expression.
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=nullPointerRedundantCheck --suppress=ctunullpointer --suppress=internalAstError \
    --suppress=arrayIndexOutOfBoundsCond --suppress=uninitvar \
    --suppress=missingIncludeSystem --suppress=preprocessorErrorDirective --suppress=unknownMacro \
    -D_GNU_SOURCE '-DMAILLON_VERSION="0"' -I. proto keys conf node
mandoc -Tlint -W warning docs/maillon.1 docs/maillon.ini.5
tests/house.sh
