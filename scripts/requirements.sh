#!/bin/sh
# Say clearly what is missing before anything is installed (Python 3.11 or newer, git 2.38 or newer), and print the
# Python to use: the one named as the first argument, else the first on PATH that is new enough.
set -eu

fail() {
    printf 'Error: %s\nFix: %s\n' "$1" "$2" >&2
    exit 1
}

# A name on PATH may be a shim that starts nothing; only running it tells.
new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

python=${1:-}
if [ -n "$python" ]; then
    new_enough "$python" || fail "Python 3.11 or newer is needed; $python is not" "make PYTHON=/path/to/python3.11"
else
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if new_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and none was found" "install it, or make PYTHON=/path/to/python3"
fi

"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python cannot make virtual environments" "install its venv package (Debian: apt install python3-venv)"

version=$(git --version 2>/dev/null) || fail "git 2.38 or newer is needed and none was found" "install git"
numbers=$(printf '%s\n' "$version" | sed -E 's/[^0-9]*([0-9]+)\.([0-9]+).*/\1 \2/')
major=${numbers% *}
minor=${numbers#* }
[ "$major" -gt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -ge 38 ]; } ||
    fail "git 2.38 or newer is needed; this one is $major.$minor" "install a newer git"

printf '%s\n' "$python"
