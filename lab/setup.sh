#!/usr/bin/env bash
# Makes the Python environment in .venv from requirements.lock, every package checked against its hash.
# Run again it does nothing unless the lock file changed. As root on Debian it installs Python's venv module
# when that is missing; an ordinary user is told what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
  say "setup: $python is not installed; Python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)"
  exit 1
fi
"$python" - <<'EOF'
import sys
if sys.version_info < (3, 11):
    sys.exit(f"setup: Python 3.11 or newer is needed, this is {sys.version.split()[0]}; set PYTHON=<a newer one>")
EOF

stamp=.venv/.made-from
wanted="$("$python" --version) $(cat requirements.lock pyproject.toml requirements.in | sha256sum)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
  exit 0
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    say "setup: installing python3-venv"
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q python3-venv >/dev/null
  else
    say "setup: Python's venv module is missing (Debian: apt-get install python3-venv)"
    exit 1
  fi
fi

say "setup: making .venv"
rm -rf .venv
"$python" -m venv .venv
# The lock file is complete. Left to resolve, pip takes a newer release than the one locked where a package asks for
# an extra (coverage[toml]), and then misses its hash.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
.venv/bin/python -m pip check --quiet --disable-pip-version-check >&2
printf '%s' "$wanted" >"$stamp"
