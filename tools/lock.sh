#!/usr/bin/env bash
# Writes requirements.lock: what a clean resolve of pyproject.toml with its dev extra, and of the build backend,
# gives; and requirements-pcsc.lock: what its pcsc extra adds.
set -euo pipefail
cd "$(dirname "$0")/.."

report=$(mktemp)
trap 'rm -f "$report" requirements*.lock.new' EXIT

resolve() { # resolve REQUIREMENT…
  .venv/bin/python -I -m pip install --quiet --dry-run --ignore-installed --no-build-isolation --report "$report" "$@"
}

write() { # write LOCK TITLE [OTHER LOCK]: what the report holds and the other lock does not
  .venv/bin/python -I - "$report" "${@:2}" >"$1.new" <<'PYTHON'
import json
import re
import sys

path, title, *others = sys.argv[1:]
with open(path) as file:
    report = json.load(file)
pins = {}
for entry in report["install"]:
    name = re.sub(r"[-_.]+", "-", entry["metadata"]["name"]).lower()
    pins[name] = entry["metadata"]["version"]
pins.pop("kassalab")
for other in others:
    with open(other) as file:
        known = {line.split("==")[0] for line in file}
    pins = {name: version for name, version in pins.items() if name not in known}
print(f"# {title} Made by `make lock`; do not edit.")
for name in sorted(pins):
    print(f"{name}=={pins[name]}")
PYTHON
  mv "$1.new" "$1"
}

resolve "${@}" '.[dev]' 'setuptools>=69' wheel
write requirements.lock "Everything Kassalab runs, tests and builds with."
# Apart, because it is built where it is installed: that takes swig, a compiler and the headers of pcsc-lite.
resolve --constraint requirements.lock "${@}" '.[pcsc]'
write requirements-pcsc.lock "What the extra pcsc adds." requirements.lock
