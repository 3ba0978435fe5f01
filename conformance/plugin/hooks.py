"""pytest plugin of the judge, active wherever Kassalab is installed.

    pytest --pyargs conformance --target "module:tcp://127.0.0.1:4387"      every case as a test item
    pytest --pyargs conformance --kassalab-select uz.operator.files         some of them, on an embedded lab

A case that fails fails its item, with the story the console report tells; one that does not apply or could
not be decided is skipped with its reason. A vendor's own tests get the fixtures `module`, `drive`,
`operator`, `ofd`, `register`, `pos`, `lab_clock` and `faults`; a fixture of the same name in his own
repository wins.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Nothing of ours is imported here: pytest loads this file in every run on a machine that has Kassalab, before
# a coverage measurement begins.
if TYPE_CHECKING:
    from conformance.controls import LabTime
    from conformance.drivers.drive import DriveDriver
    from conformance.drivers.kz_operator import OfdDriver
    from conformance.drivers.kz_register import RegisterDriver
    from conformance.drivers.module import ModuleDriver
    from conformance.drivers.operator import OperatorDriver
    from conformance.drivers.pos import PosDriver
    from conformance.plugin.faults import Faults

COLLECTED_AT = Path(__file__).parent.parent / "cases.py"
"""The file under which the cases stand when the package `conformance` is collected."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the judge."""
    group = parser.getgroup("kassalab", "conformance of fiscal parts (Kassalab)")
    group.addoption(
        "--target",
        action="append",
        default=[],
        metavar="KIND:URL",
        help="what to judge, as `kassalab run --target`; an embedded lab without",
    )
    group.addoption("--kassalab-seed", type=int, default=None, help="seed of all chance of the judge")
    group.addoption("--kassalab-strict", action="store_true", help="what should hold must hold")
    group.addoption(
        "--kassalab-select",
        action="append",
        default=[],
        metavar="TERM",
        help="which cases to collect, as `kassalab run TERM`",
    )
    group.addoption("--kassalab-report", metavar="FOLDER", help="write report.html and report.json there")


def pytest_configure(config: pytest.Config) -> None:
    """Read the targets at once, so that a misspelt one ends the run before it begins."""
    config.addinivalue_line("markers", "kassalab(id): a case of the conformance suites")
    texts = config.getoption("--target")
    if texts and (config.getoption("numprocesses", None) or hasattr(config, "workerinput")):
        raise pytest.UsageError("--target cannot be shared by several pytest workers; leave out -n")
    if texts:
        from conformance.plugin.items import targets_of
        from conformance.targets import TargetError

        try:
            targets_of(config)
        except TargetError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the targets, where there are any."""
    texts = config.getoption("--target")
    return [f"kassalab: {', '.join(texts)}"] if texts else []


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect all cases where the package `conformance` itself is collected."""
    if file_path != COLLECTED_AT:
        return None
    from conformance.plugin.items import Suites

    suites: pytest.Collector = Suites.from_parent(parent, path=file_path)
    return suites


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report, and stop what was started."""
    # A run that never used the stand has not imported it either.
    items = sys.modules.get("conformance.plugin.items")
    stand = session.config.stash.get(items.STAND, None) if items is not None else None
    if stand is None:
        return
    folder = session.config.getoption("--kassalab-report")
    if folder:
        stand.write(Path(folder))
    stand.close()


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Iterator[ModuleDriver]:
    """Driver of a fiscal module: the `--target` of that kind, or an embedded one."""
    from conformance.plugin.items import lent

    for ctx in lent(request, "module"):
        yield ctx.module


@pytest.fixture
def drive(request: pytest.FixtureRequest) -> Iterator[DriveDriver]:
    """Driver of a drive service, with a module and an operator behind it."""
    from conformance.plugin.items import lent

    for ctx in lent(request, "drive"):
        yield ctx.drive


@pytest.fixture
def operator(request: pytest.FixtureRequest) -> Iterator[OperatorDriver]:
    """Driver of an Uzbek operator."""
    from conformance.plugin.items import lent

    for ctx in lent(request, "operator"):
        yield ctx.operator


@pytest.fixture
def ofd(request: pytest.FixtureRequest) -> Iterator[OfdDriver]:
    """Driver of a Kazakh operator."""
    from conformance.plugin.items import lent

    for ctx in lent(request, "operator-kz"):
        yield ctx.ofd


@pytest.fixture
def register(request: pytest.FixtureRequest) -> Iterator[RegisterDriver]:
    """Driver of a Kazakh cash register, the test's OFD included."""
    from conformance.plugin.items import lent

    for ctx in lent(request, "register-kz"):
        yield ctx.register


@pytest.fixture
def pos(request: pytest.FixtureRequest) -> Iterator[PosDriver]:
    """Driver of a point of sale, the test's drive service and owner's portal included, in its dialect."""
    from conformance.plugin.items import lent

    for ctx in lent(request, "pos"):
        yield ctx.pos


@pytest.fixture
def lab_clock(request: pytest.FixtureRequest) -> LabTime:
    """The lab clock of the target that the test uses, or of an embedded module where it uses none."""
    from conformance.plugin.items import stand_of

    return stand_of(request.config).session(_kind(request)).clock


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> Iterator[Faults]:
    """Fault points of the parts around the target that the test uses; all rules go after the test."""
    from conformance.plugin.faults import Faults
    from conformance.plugin.items import stand_of

    laid = Faults(stand_of(request.config).session(_kind(request)))
    yield laid
    laid.clear()


_KINDS = {
    "module": "module",
    "drive": "drive",
    "operator": "operator",
    "ofd": "operator-kz",
    "register": "register-kz",
    "pos": "pos",
}


def _kind(request: pytest.FixtureRequest) -> str:
    return next((kind for name, kind in _KINDS.items() if name in request.fixturenames), "module")
