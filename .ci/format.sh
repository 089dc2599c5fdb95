#!/bin/bash
# Every C file is as .clang-format wants it.   usage: format.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
find harness reports servers-under-test/reference -name '*.[ch]' -print0 |
    xargs -0 -n 40 -P 2 clang-format --dry-run -Werror
