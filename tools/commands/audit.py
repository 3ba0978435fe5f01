"""`kassalab audit`: whether an archive from the portal is whole and adds up, or the books of a shop agree.

Exit status: 0 nothing found; 1 findings; 2 neither an archive nor the folder of a lab with a shop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    archive: Annotated[
        Path,
        typer.Argument(
            help="ZIP that the portal's «Скачать» gave, with JSON in it; or the folder of a lab with a shop."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check an archive: numbers without gaps, sums, Z reports, non-nullable totals; explain what is wrong.

    Of a lab with a shop: whether till, module, operator and owner's portal agree, receipt by receipt.
    """
    if archive.is_dir():
        _audit_shop(archive, as_json=as_json)
        return
    opened = Archive(archive)
    try:
        findings = examine(opened)
    finally:
        opened.close()
    if as_json:
        print_json({"archive": str(archive), "table": opened.table, **_as_json(findings)})
    else:
        rows, register = opened.summary.get("rows"), opened.summary.get("register", {})
        name = register.get("name", "") if isinstance(register, dict) else ""
        _tell([f"{archive}: {opened.table} of {name}, {rows} rows"], findings)
    if findings.found:
        raise typer.Exit(1)


def _audit_shop(folder: Path, *, as_json: bool) -> None:
    # Imported here: no other command needs the parts whose books these are.
    from tools.audit.shop import audit_shop, on_the_way
    from tools.audit.shop_books import read_books

    shop = read_books(folder)
    findings, waiting = audit_shop(shop), on_the_way(shop)
    receipts = sum(len(books.till) for books in shop.tills)
    if as_json:
        facts = {
            "folder": str(folder),
            "tills": [books.name for books in shop.tills],
            "receipts": receipts,
            "on_the_way": waiting,
        }
        print_json({**facts, **_as_json(findings)})
    else:
        tills = f" and {len(shop.tills)} tills" if len(shop.tills) > 1 else ""
        _tell([f"{folder}: shop with {receipts} receipts{tills}", *waiting], findings)
    if findings.found:
        raise typer.Exit(1)


def _as_json(findings: Findings) -> dict[str, object]:
    return {
        "checks": findings.looked,
        "findings": [
            {"check": one.check, "place": one.place, "text": one.text, "why": one.why} for one in findings
        ],
    }


def _tell(heading: Sequence[str], findings: Findings) -> None:
    for line in heading:
        out().print(Text(line), soft_wrap=True)
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
