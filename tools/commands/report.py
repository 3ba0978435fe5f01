"""`kassalab report`: one page from the JSON reports of several runs, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import typer
from rich.text import Text

from conformance.clauses import read_json
from conformance.reports.matrix import write_matrix
from conformance.reports.words import LANGUAGES
from tools.console import out
from tools.input import InputError, check_output


def report(
    reports: Annotated[list[Path], typer.Argument(metavar="REPORT.json...", help="JSON reports of runs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")],
    language: Annotated[
        str, typer.Option("--language", help=f"Language of the page: {', '.join(LANGUAGES)}.")
    ] = "en",
) -> None:
    """Put the reports of several runs side by side in one HTML page."""
    if language not in LANGUAGES:
        raise InputError(f"no report is written in {language!r}; there are {', '.join(LANGUAGES)}")
    read = [(_name(path, reports), read_report(path)) for path in reports]
    check_output(output)
    write_matrix(read, output, language)
    out().print(Text(f"report {output}"), soft_wrap=True)


def read_report(path: Path) -> Mapping[str, Any]:
    """A JSON report, checked by its schema; InputError names the file and what is wrong with it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(data, _schema())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is no JSON report: {error}") from None
    except jsonschema.ValidationError as error:
        where = "/".join(str(each) for each in error.absolute_path) or "the top"
        raise InputError(f"{path} is no JSON report of a run: {where}: {error.message[:200]}") from None
    return dict(data)


def _schema() -> Mapping[str, Any]:
    schema = read_json("schema/report.schema.json")
    assert isinstance(schema, dict)
    return schema


def _name(path: Path, others: list[Path]) -> str:
    """How a run is called: by its file, or by its folder too where files are called the same."""
    same = [each for each in others if each.name == path.name]
    return path.stem if len(same) == 1 else f"{path.parent.name}/{path.stem}"
