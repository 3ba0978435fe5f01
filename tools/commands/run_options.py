"""The options of `kassalab run`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from conformance.reports.words import LANGUAGES

TARGET_HELP = (
    "What to judge: module:tcp://H:P (or module:usb:VID:PID, module:pcsc:READER, module:serial:PORT), "
    "drive:http://H:P (or drive-rpc:, drive-qpos:, drive-communicator:), operator:tcp://H:P, "
    "operator-kz:tcp://H:P, "
    "register-kz:http://H:P, portal:http://H:P, pos:http://H:P or backoffice:http://H:P, with "
    "?control=URL and other options "
    "(docs/judging.md). "
    "Without one, embedded labs."
)
SELECT_HELP = "Case ids, prefixes or globs, or tag:… req:… clause:… target:… level:…; all without."


class Prompts(StrEnum):
    """Where a person is asked."""

    NONE = "none"
    CONSOLE = "console"
    PAGE = "page"


Select = Annotated[list[str] | None, typer.Argument(metavar="[SELECT]...", help=SELECT_HELP)]
Targets = Annotated[list[str] | None, typer.Option("--target", "-t", help=TARGET_HELP)]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="What to leave out, as SELECT.")]
ReportFolder = Annotated[
    Path | None,
    typer.Option("--report", help="Folder for report.html, report.json, junit.xml and transcript.jsonl."),
]
JUnitFile = Annotated[Path | None, typer.Option("--junit", help="File for the JUnit XML.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="File for the JSON report.")]
PcapngFile = Annotated[Path | None, typer.Option("--pcapng", help="File for a capture that Wireshark opens.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of all chance; a fresh one without.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="What should hold must hold; inconclusive cases fail the run.")
]
Defects = Annotated[
    list[str] | None,
    typer.Option("--defect", metavar="PART:NAME", help="Start an embedded part with a deliberate defect."),
]
Silence = Annotated[float, typer.Option("--timeout", min=0.1, help="Real seconds a target may keep silent.")]
Capabilities = Annotated[
    list[Path] | None,
    typer.Option("--capabilities", help="TOML file of what a target can and may (docs/judging.md)."),
]
ExportFolder = Annotated[
    Path | None,
    typer.Option("--export-capabilities", help="Folder for what was found and used, a file per target."),
]
AllowDestructive = Annotated[
    bool, typer.Option("--allow-destructive", help="Let cases fill the memory of given targets.")
]
Receipts = Annotated[
    int | None,
    typer.Option("--receipts", min=0, help="Most receipts and shifts to register on each given target."),
]
AskedWhere = Annotated[
    Prompts, typer.Option("--prompts", help="Where a person is asked for what no program can do.")
]
Language = Annotated[
    str, typer.Option("--language", help=f"Language of the HTML report: {', '.join(LANGUAGES)}.")
]
ShowList = Annotated[bool, typer.Option("--list", help="List the selected cases and stop.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and stop.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show cases that do not apply too.")]
