#!/usr/bin/env bash
# Prepares a checkout.  setup_env.sh venv     .venv with everything locked, and this checkout itself
#                       setup_env.sh system   system packages: installs what is missing as root, else names it
set -euo pipefail
cd "$(dirname "$0")/.."

# What each is for; the first name of a line that the distribution knows is taken.
NEEDED=(
  "command:chromium,chromium-browser,google-chrome|chromium,chromium-browser|pages are tested in a browser"
  "file:engines-*/gost.so|libengine-gost-openssl,libengine-gost-openssl1.1|GOST is compared with OpenSSL's engine"
  "command:openssl|openssl|GOST is compared with OpenSSL's engine"
  "command:tshark|tshark|packet captures are read by Wireshark's own decoder"
  "command:qemu-system-x86_64|qemu-system-x86|a real kernel is shown our USB device in a small machine"
  "command:socat|socat|that machine reaches our USB/IP server through it"
  "command:cpio|cpio|that machine's file system is read by another program"
  "postgresql:initdb|postgresql|the operator's ledger is tested on PostgreSQL, too"
)

say() { printf '%s\n' "$*" >&2; }

find_python() {
  local name
  for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    [ -n "$name" ] && command -v "$name" >/dev/null || continue
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      printf '%s\n' "$name"
      return
    fi
  done
  say "Python 3.11 or newer is needed (or name one: PYTHON=/path/to/python make test)."
  return 1
}

present() { # present KIND:NAME,NAME
  local kind=${1%%:*} name
  local -a names
  IFS=, read -ra names <<<"${1#*:}"
  for name in "${names[@]}"; do
    case $kind in
      command) command -v "$name" >/dev/null && return ;;
      file) compgen -G "/usr/lib/*/$name" >/dev/null && return ;;
      postgresql) compgen -G "/usr/lib/postgresql/*/bin/$name" >/dev/null && return ;;
    esac
  done
  return 1
}

apt_updated=no
apt_install() { # apt_install NAME,NAME: the first that exists
  local name
  local -a names
  if [ "$apt_updated" = no ]; then
    apt-get update -qq >&2 || say "apt-get update failed; trying with what is known"
    apt_updated=yes
  fi
  IFS=, read -ra names <<<"$1"
  for name in "${names[@]}"; do
    apt-cache show "$name" >/dev/null 2>&1 || continue
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$name" >&2 && return
  done
  return 1
}

provide() { # provide CHECK PACKAGES WHY
  present "$1" && return
  provide_packages "$2" "$3"
}

provide_packages() { # provide_packages PACKAGES WHY
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing ${1%%,*}: $2."
    apt_install "$1" && return
    say "Could not install ${1%%,*}."
  else
    say "Missing: ${1%%,*} ($2). Install it with: sudo apt-get install ${1%%,*}"
  fi
  return 1
}

system() {
  local line check packages why
  for line in "${NEEDED[@]}"; do
    IFS='|' read -r check packages why <<<"$line"
    # Not fatal: tests that need it say so themselves.
    provide "$check" "$packages" "$why" || true
  done
}

venv() {
  local python wanted stamp=.venv/.kassalab-installed
  python=$(find_python)
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    provide_packages "python$version-venv,python3-venv" "to make .venv"
  fi
  wanted=$(cat requirements.lock pyproject.toml tools/setup_env.sh | sha256sum)
  [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
  .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  printf '%s\n' "$wanted" >"$stamp"
}

case ${1:-} in
  venv | system) "$1" ;;
  *)
    say "usage: tools/setup_env.sh venv|system"
    exit 2
    ;;
esac
