#!/bin/bash
# The library against one real server, with its baseline: everything that is not expected must hold.
#   test_run.sh MAILASSAY NAME STATE_FOLDER [SELECTOR...]
# Exits with 77 and the reason where the server cannot be started (no root, no namespaces).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1 name=$2 state=$3
shift 3
mkdir -p "$state"

file=$("$here/target" start "$name" --state "$state/server")
status=$?
if [ $status -eq 77 ]; then
    echo "skipped: $name cannot be started here (see above)"
    exit 77
elif [ $status -ne 0 ]; then
    echo "$name did not start"
    exit 1
fi
trap '"$here/target" remove "$name" --state "$state/server" >/dev/null 2>&1' EXIT

"$program" run -t "$file" --baseline "$here/$name/baseline.yaml" -j 6 --no-progress \
    --report json="$state/$name.json" --report html="$state/$name.html" --report junit="$state/$name.xml" "$@"
status=$?
echo "reports are in $state"
exit $status
