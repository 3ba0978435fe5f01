"""`kassalab audit`: whether an archive from the portal is whole and adds up.

Exit status: 0 nothing found; 1 findings; 2 no archive.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from tools.audit.archive import Archive
from tools.audit.checks import audit as examine
from tools.audit.findings import WHY, Findings
from tools.console import out, print_json

_MOST_SHOWN: Final = 10
"""Findings of one check that are told one by one."""


def audit(
    archive: Annotated[Path, typer.Argument(help="ZIP that the portal's «Скачать» gave, with JSON in it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check an archive: numbers without gaps, sums, Z reports, non-nullable totals; explain what is wrong."""
    opened = Archive(archive)
    try:
        findings = examine(opened)
    finally:
        opened.close()
    if as_json:
        print_json(
            {
                "archive": str(archive),
                "table": opened.table,
                "checks": findings.looked,
                "findings": [
                    {"check": one.check, "place": one.place, "text": one.text, "why": one.why}
                    for one in findings
                ],
            }
        )
    else:
        _tell(archive, opened, findings)
    if findings.found:
        raise typer.Exit(1)


def _tell(path: Path, opened: Archive, findings: Findings) -> None:
    rows, register = opened.summary.get("rows"), opened.summary.get("register", {})
    name = register.get("name", "") if isinstance(register, dict) else ""
    out().print(Text(f"{path}: {opened.table} of {name}, {rows} rows"), soft_wrap=True)
    counts = Counter(one.check for one in findings)
    shown: Counter[str] = Counter()
    for check, count in counts.items():
        out().print(Text(f"{check}: {count} found; {WHY[check]}"), soft_wrap=True)
        for one in findings:
            if one.check == check and shown[check] < _MOST_SHOWN:
                shown[check] += 1
                out().print(Text(f"  {one.place}: {one.text}"), soft_wrap=True)
        if count > _MOST_SHOWN:
            out().print(Text(f"  and {count - _MOST_SHOWN} more"))
    compared = sum(findings.looked.values())
    out().print(Text(f"{compared} comparisons, {len(findings.found)} findings"))
