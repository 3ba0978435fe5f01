#!/usr/bin/env bash
# Prepares a checkout.  setup_env.sh venv     .venv with everything locked, and this checkout itself
#                       setup_env.sh system   system packages: installs what is missing as root, else names it
#                       setup_env.sh pcsc PYTHON   pyscard for that Python, where it can be built
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
  "command:pcscd|pcscd|PC/SC programs are shown the module as a card"
  "file:../pcsc/drivers/serial/libccidtwin.so|libccid|Debian's drivers of USB and serial readers meet ours"
  "file:../pcsc/drivers/serial/libifdvpcd.so|vsmartcard-vpcd|PC/SC programs are shown the module as a card"
  "command:opensc-tool|opensc|a smart-card program of somebody else's talks to the module"
  "command:swig,swig4.0|swig|pyscard, the link to real readers, is built"
  "command:cc,gcc|gcc|pyscard, the link to real readers, is built"
  "header:PCSC/winscard.h|libpcsclite-dev|pyscard, the link to real readers, is built"
  "python:Python.h|python3-dev|pyscard, the link to real readers, is built"
  "postgresql:initdb|postgresql|the operator's ledger is tested on PostgreSQL, too"
  "command:zbarimg|zbar-tools|QR codes on papers are read back by another program"
  "command:pdftoppm|poppler-utils|PDF papers are drawn and read by another program"
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
      header) [ -e "/usr/include/$name" ] && return ;;
      python) has_header "$(find_python)" "$name" && return ;;
      postgresql) compgen -G "/usr/lib/postgresql/*/bin/$name" >/dev/null && return ;;
    esac
  done
  return 1
}

has_header() { # has_header PYTHON NAME
  "$1" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), sys.argv[1])))' "$2"
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
  [ ! -x .venv/bin/python ] || pcsc .venv/bin/python
}

pcsc() { # pcsc PYTHON: for Linux there are no wheels, so it comes only where it can be built
  local python=${1:?PYTHON is missing} check wanted
  wanted=$(grep -v '^#' requirements-pcsc.lock)
  [ "$wanted" != "$("$python" -I -m pip freeze --disable-pip-version-check | grep -i '^pyscard==')" ] || return 0
  for check in command:swig,swig4.0 command:cc,gcc header:PCSC/winscard.h; do
    present "$check" || { say "No pyscard (${check#*:} is missing): tests over PC/SC will skip."; return 0; }
  done
  has_header "$python" Python.h || { say "No pyscard (Python.h is missing): tests over PC/SC will skip."; return 0; }
  "$python" -I -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --requirement requirements-pcsc.lock || say "pyscard could not be built: tests over PC/SC will skip."
}

venv() {
  local python wanted stamp=.venv/.kassalab-installed
  python=$(find_python)
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    provide_packages "python$version-venv,python3-venv" "to make .venv"
  fi
  wanted=$(cat requirements.lock requirements-pcsc.lock pyproject.toml tools/setup_env.sh | sha256sum)
  [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
  .venv/bin/python -I -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  pcsc .venv/bin/python
  printf '%s\n' "$wanted" >"$stamp"
}

case ${1:-} in
  venv | system | pcsc) "$@" ;;
  *)
    say "usage: tools/setup_env.sh venv|system|pcsc PYTHON"
    exit 2
    ;;
esac
