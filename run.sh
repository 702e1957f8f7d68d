#!/bin/sh
# Finds a Python and hands over to bootstrap.py, which knows the rest: ./run.sh help
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
for python in python3 python python3.14 python3.13 python3.12 python3.11 python3.10; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
        exec "$python" "$here/bootstrap.py" "$@"
    fi
done
echo "run.sh: Python 3.10 or later is needed and none was found in PATH" >&2
exit 2
