"""Proxies on all wires of a running chain: a clean one gives no finding, a faulty part is caught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.lab import Lab
from conformance.lab_parts import UZ_PARTS
from conformance.proxy.rules import parse_rule
from reference.kkm.values import ItemOrder, TicketOrder
from reference.protocol.kz.client import Mode
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.documents import CloseShift, ReportAsk
from tests.conformance.proxy.stand import Stand, proxy
from tests.kkm.rig import BREAD, Rig
from tests.ofd_mock.kz.bench import Bench, Wire, running
from tests.ofd_mock.kz.counter import ticket
from tests.waiting import PATIENCE

START = datetime(2026, 7, 1, 5, tzinfo=UTC)
RECEIPT = json.loads((files("reference.pos") / "sample-receipt.json").read_text(encoding="utf-8"))


@dataclass
class Chain:
    """POS → rest → drive → module, drive → operator, with a proxy on each arrow."""

    parts: dict[str, Any]
    stands: dict[str, Stand]
    pos: httpx.Client
    factory: str = ""

    def fresh(self, **defects: str) -> None:
        faulty = {part: [name] for part, name in defects.items()}
        for name, control in self.parts.items():
            settings: dict[str, Any] = {"defects": faulty.get(name, [])}
            if name == "module":
                settings |= {"start_locked": False, "last_operation": "2026-07-01 10:00:00"}
            control.reset(**settings)
        for stand in self.stands.values():
            stand.process.book.forget()
            stand.kept.events.clear()
        self.factory = self.pos.get("/FiscalDrive/List").json()[0]["FactoryID"]

    def post(self, path: str, body: object = None, **query: object) -> httpx.Response:
        return self.pos.post(path.replace("{F}", self.factory), params=query, json=body)

    def sell(self, second: int, kind: int = 0) -> None:
        body = RECEIPT | {"Time": f"2026-07-01 10:00:{second:02}", "Type": kind}
        for _ in range(2):
            number = self.post("/FiscalDrive/Receipt/GetTXID/{F}", body).text
        for _ in range(2):
            self.post("/FiscalDrive/Receipt/RegisterTXID/{F}", TXID=number)

    def day(self) -> None:
        """Two shifts with all that a POS may do wrong in between."""
        self.post("/FiscalDrive/FiscalMemory/Info/{F}")
        self.post("/FiscalDrive/ZReport/Open/{F}", DateTime="2026-07-01 10:00:00")
        self.post("/FiscalDrive/ZReport/Open/{F}", DateTime="2026-07-01 10:00:01")
        self.post("/FiscalDrive/ZReport/Open/{F}", DateTime="2026-07-01 10:00:02")
        self.post("/FiscalDrive/ZReport/Close/{F}", DateTime="2026-07-01 10:00:03")
        self.post("/FiscalDrive/ZReport/Open/{F}", DateTime="2026-07-01 10:00:04")
        self.sell(5)
        self.sell(6, kind=1)
        self.post("/FiscalDrive/ZReport/Info/{F}", Index=70000)
        self.post("/FiscalDrive/ZReport/Close/{F}", DateTime="2026-07-01 10:00:07")
        self.post("/FiscalDrive/ZReport/Open/{F}", DateTime="2026-07-01 10:00:08")
        self.sell(9)
        self.post("/FiscalDrive/FiscalMemory/Info/{F}")
        self.post("/DataBase/Files/Sync/FullReceipts/{F}", ItemsCount=32)
        self.post("/DataBase/Files/Sync/ZReports/{F}", ItemsCount=32)
        self.post("/FiscalDrive/State/Sync/{F}")

    def found(self, wire: str) -> set[str]:
        return set(self.stands[wire].process.book.by_clause)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("chain")
    behind = [part for part in UZ_PARTS if part.name != "drive"]
    (drive_part,) = [part for part in UZ_PARTS if part.name == "drive"]
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(folder / "behind", parts=behind, seed=1, start=START, rate=0))
        stands = {
            wire: stack.enter_context(proxy(wire, lab.addresses[wire][wire]))
            for wire in ("module", "operator")
        }
        options = ["--module", f"tcp://{stands['module'].address}", "--no-auto-send"]
        options += ["--server-address", stands["operator"].address]
        alone = type(drive_part)(drive_part.name, drive_part.module, drive_part.ports, drive_part.control)
        drive = stack.enter_context(
            Lab(folder / "drive", parts=[alone], seed=1, start=START, rate=0, options={"drive": options})
        )
        url = drive.addresses["drive"]["drive"]
        stands["rest"] = stack.enter_context(proxy("rest", url.removeprefix("http://")))
        base = f"http://{stands['rest'].address}"
        pos = stack.enter_context(httpx.Client(base_url=base, trust_env=False, timeout=PATIENCE))
        controls = {name: lab.control(name) for name in ("module", "operator")}
        yield Chain({**controls, "drive": drive.control("drive")}, stands, pos)


def test_a_clean_chain(chain: Chain) -> None:
    chain.fresh()
    chain.day()
    memory = chain.post("/FiscalDrive/FiscalMemory/Info/{F}").json()
    assert memory["TerminalID"].startswith("ZZ")
    assert chain.pos.get("/DataBase/Files/Count", params={"Status": 2}).json() == {memory["TerminalID"]: 3}
    assert {wire: chain.found(wire) for wire in chain.stands} == {
        "module": set(),
        "operator": set(),
        "rest": set(),
    }
    seen = {wire: stand.process.book.counts for wire, stand in chain.stands.items()}
    assert seen["rest"]["requests"] == seen["rest"]["responses"] >= 20
    assert seen["module"]["responses"] >= seen["module"]["requests"] > 30
    assert seen["operator"]["responses"] == 3
    assert sum(each["not understood"] for each in seen.values()) == 0


@pytest.mark.parametrize(
    ("part", "defect", "wire", "clause"),
    [
        ("module", "equal-time-accepted", "module", "FM-T-03"),
        ("module", "second-open-accepted", "module", "FM-Z-01"),
        ("module", "empty-z-closes", "module", "FM-Z-04"),
        ("module", "sign-for-advance", "module", "FM-R-11"),
        ("module", "numbers-restart-per-z", "module", "ZR-07"),
        ("operator", "acks-reversed", "operator", "S-17.5"),
        ("operator", "first-ack-for-all", "operator", "S-17.5"),
        ("operator", "ack-of-other-terminal", "operator", "FM-A-01"),
        ("operator", "ack-missing", "operator", "OF-10"),
        ("drive", "error-without-reason", "rest", "G2-T-09"),
        ("drive", "gettxid-not-idempotent", "rest", "G2-S-05"),
        ("drive", "register-twice", "rest", "G2-S-07"),
    ],
)
def test_a_faulty_part_is_caught(chain: Chain, part: str, defect: str, wire: str, clause: str) -> None:
    chain.fresh(**{part: defect})
    chain.day()
    assert clause in chain.found(wire)
    assert chain.stands[wire].process.book.violated()
    others = {name: chain.found(name) for name in chain.stands if name != wire}
    assert not others["rest"] if part != "drive" else not others["operator"]


# Kazakhstan: a raw register


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running(tmp_path_factory.mktemp("operator-kz")) as bench:
        yield bench


def kz_day(bench: Bench, stand: Stand) -> None:
    made = bench.order("provision")
    register = Wire(stand.port, made["id"], made["token"])
    register.ask(Command.INFO)
    shown = []
    for _ in range(2):
        shown.append((register.token, register.reqnum + 1))
        register.ask(ticket(time=bench.process.operator.time))
    token, reqnum = shown[-1]
    register.token = token
    register.ask(ticket(time=bench.process.operator.time), reqnum)  # the answer was lost
    register.ask(Command.SYSTEM)
    register.ask(Command.CANCEL_TICKET)
    register.ask(CloseShift(bench.process.operator.time))
    register.ask(ticket(time=bench.process.operator.time))
    register.ask(ReportAsk(1, bench.process.operator.time))
    register.ask(CloseShift(bench.process.operator.time))
    register.ask(Command.INFO)
    register.close()


def kz_found(bench: Bench, *defects: str) -> set[str]:
    bench.reset(defects=list(defects))
    with proxy("kz", f"127.0.0.1:{bench.port}") as stand:
        kz_day(bench, stand)
        return set(stand.process.book.by_clause)


def test_a_clean_operator(started: Bench) -> None:
    assert kz_found(started) == set()


@pytest.mark.parametrize(
    ("defect", "clause"),
    [
        ("repeat-counted", "KZ-TK-D1"),
        ("repeat-new-sign", "KZ-TK-D1"),
        ("repeat-refused", "KZ-TK-D1"),
        ("service-rotates", "KZ-CM-0"),
        ("non-nullable-reset", "KZ-ZR-15"),
        ("shift-not-counted", "KZ-S-8.1"),
        ("text-missing", "KZ-S-5.2"),
        ("command-zero", "KZ-S-3.2"),
        ("other-device-answer", "KZ-S-2.2"),
    ],
)
def test_a_faulty_operator_is_caught(started: Bench, defect: str, clause: str) -> None:
    assert clause in kz_found(started, defect)


# Kazakhstan: the reference register, whose answers the proxy eats


def register_day(bench: Bench, folder: Path, *defects: str) -> set[str]:
    """Online, a lost answer, two more tickets offline, and online again."""
    bench.reset()
    made = bench.order("provision")
    with proxy("kz", f"127.0.0.1:{bench.port}") as stand:
        settings = {"device_id": made["id"], "token": made["token"], "defects": defects}
        rig = Rig(folder, stand.address, lab=bench.clock, settings=settings, owns_clock=False)
        try:
            for _ in range(2):
                rig.sell()
            stand.process.faults.add(**parse_rule("close response when command=TICKET count=always"))
            if rig.mode is Mode.ONLINE:  # some defects lead straight into a halt
                rig.losing("sell", BREAD)
            for _ in range(2):
                rig.lab.advance(1)
                rig.sell(TicketOrder((ItemOrder("Нан", 7_000),)))
            stand.process.faults.clear()
            for _ in range(4):
                rig.wait(60)
            rig.sell()
            if not defects:
                assert rig.mode is Mode.ONLINE
        finally:
            rig.close()
        return set(stand.process.book.by_clause)


def test_a_clean_register(started: Bench, tmp_path: Path) -> None:
    assert register_day(started, tmp_path) == set()


@pytest.mark.parametrize(
    ("defect", "clause"),
    [
        ("token-not-stored", "KZ-TK-1"),
        ("reqnum-kept", "KZ-TK-1"),
        ("new-number-on-repeat", "KZ-TK-2"),
        ("ping-before-in-flight", "KZ-TK-2"),
        ("queue-out-of-order", "KZ-OQ-4"),
        ("offline-period-missing", "KZ-OQ-6"),
        ("autonomous-sign-reused", "KZ-OQ-2"),
    ],
)
def test_a_faulty_register_is_caught(started: Bench, tmp_path: Path, defect: str, clause: str) -> None:
    assert clause in register_day(started, tmp_path, defect)
