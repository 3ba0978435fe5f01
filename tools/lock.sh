#!/usr/bin/env bash
# Writes requirements.lock: what a clean resolve of pyproject.toml with its dev extra, and of the build backend, gives.
set -euo pipefail
cd "$(dirname "$0")/.."

report=$(mktemp)
trap 'rm -f "$report"' EXIT
.venv/bin/python -I -m pip install --quiet --dry-run --ignore-installed --no-build-isolation --report "$report" \
  "${@}" '.[dev]' 'setuptools>=69' wheel
.venv/bin/python -I - "$report" >requirements.lock.new <<'PYTHON'
import json
import re
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
pins = {}
for entry in report["install"]:
    name = re.sub(r"[-_.]+", "-", entry["metadata"]["name"]).lower()
    pins[name] = entry["metadata"]["version"]
pins.pop("kassalab")
print("# Everything Kassalab runs, tests and builds with. Made by `make lock`; do not edit.")
for name in sorted(pins):
    print(f"{name}=={pins[name]}")
PYTHON
mv requirements.lock.new requirements.lock
