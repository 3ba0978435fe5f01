"""Parts start afresh in an order in which nothing old comes to a new one."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from conformance.controls import Control, in_reset_order
from conformance.drivers.drive import DriveDriver
from conformance.drivers.gen1_rpc import RpcDriver
from conformance.session import Session
from conformance.targets import Target

PARTS = ("module", "operator", "drive")
WHERE = "http://127.0.0.1:1"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was asked of which part, in order; nobody is asked in fact."""
    acts: list[tuple[str, str]] = []

    def asked(control: Control, method: str, path: str, body: object | None = None) -> dict[str, object]:
        del body
        acts.append((f"{method} {path}", control.url.rpartition("/")[2]))
        return {}

    monkeypatch.setattr(Control, "_ask", asked)
    return acts


@pytest.fixture
def session() -> Session:
    controls = {part: f"{WHERE}/{part}" for part in PARTS}
    return Session(Target(kind="drive", address=WHERE, text="", name="drive", controls=controls))


class Reporting:
    """A case that is prepared and nothing else."""

    def preparing(self, _what: str) -> AbstractContextManager[None]:
        return nullcontext()


def test_who_sends_comes_before_who_receives() -> None:
    parts = ["module", "operator", "operator-kz", "register", "drive", "pos"]
    assert in_reset_order(parts) == ["pos", "module", "drive", "operator", "operator-kz", "register"]


@pytest.mark.parametrize("driver", [DriveDriver, RpcDriver])
def test_a_case_begins_with_new_senders(
    session: Session, done: list[tuple[str, str]], driver: type[Any]
) -> None:
    driver(session, session.tap, Reporting()).fresh()
    assert done == [("POST reset", part) for part in ("module", "drive", "operator")]


def test_every_fault_is_gone_before_a_part_starts_afresh(
    session: Session, done: list[tuple[str, str]]
) -> None:
    for part in PARTS:
        control = session.control(part)
        control.has_faults = control.was_reset = True
    session.put_back()
    assert [act for act, _ in done] == ["DELETE faults"] * 3 + ["POST reset"] * 3
    assert [part for _, part in done[3:]] == ["module", "drive", "operator"]
