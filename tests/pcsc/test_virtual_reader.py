"""The module in a virtual reader of Debian's own pcscd (requirement HAR-02): seen by OpenSC, reached by
pyscard, judged by the whole module suite."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cases import load_suites
from conformance.lab import Lab
from conformance.session import Session
from conformance.targets import parse_target
from reference.links.errors import LinkLost, NoModule
from reference.links.pcsc import PcscLink
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO
from reference.runtime.clock import real_elapsed
from tests.conformance.labs import lab_of, outcomes, run_cases, story
from tests.conformance.module_lab import SEED, SUITE
from tests.pcsc.stand import FIRST, SECOND, answer, link_to, opensc, present, running, state
from tests.waiting import eventually, quick_once
from tools.pcsc_stand import PcscStand, ReaderEntry, StandError, answers, free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pcscd")]

SELECT = apdu.select().encode()
VERSION = apdu.get_version().encode()
CPLC = apdu.get_cplc().encode()
OF_ANOTHER_WIRE = {"raw-link", "person"}
"""Cases of TCP's own framing, and those that a person has to judge."""
SLOWEST = 100.0
"""Exchanges a second that a card reaches at least; one that delays its acknowledgements reaches 25."""


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def stand(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PcscStand]:
    with running(tmp_path_factory.mktemp("pcscd") / "stand", [ReaderEntry.vpcd(port)]) as stand:
        yield stand


@pytest.fixture(scope="module")
def lab(stand: PcscStand, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    options = {"module": ["--vpcd", f"127.0.0.1:{port}", "--no-start-locked"]}
    folder = tmp_path_factory.mktemp("module")
    with lab_of(folder, ["module"], seed=SEED, modules=2, options=options) as lab:
        for reader in (FIRST, SECOND):
            eventually(lambda reader=reader: present(reader))
        yield lab


def test_opensc_lists_the_readers_and_their_cards(lab: Lab) -> None:
    lines = opensc("--list-readers").splitlines()
    assert [line.split(maxsplit=2) for line in lines[2:]] == [["0", "Yes", FIRST], ["1", "Yes", SECOND]]


def test_opensc_reads_the_atr(lab: Lab) -> None:
    assert opensc("--reader", "0", "--atr").strip() == ATR_ISO.hex(":")


def test_opensc_sends_commands(lab: Lab) -> None:
    sent = [CPLC, SELECT, VERSION, apdu.get_info().encode()]
    text = opensc("--reader", "0", *(part for command in sent for part in ("--send-apdu", command.hex())))
    assert re.findall(r"SW1=0x(..), SW2=0x(..)", text) == [("90", "00")] * 4
    assert "9F 7F 2A" in text
    assert "04 00 " in text


def test_one_card_in_each_reader(lab: Lab) -> None:
    assert answer(link_to(FIRST), CPLC) != answer(link_to(SECOND), CPLC)


def test_power_ends_with_the_connection(lab: Lab) -> None:
    link = link_to(FIRST)
    assert link.open() == ATR_ISO
    assert link.transmit(SELECT) == b"\x90\x00"
    assert link.transmit(VERSION).hex() == "04009000"
    link.close()
    link.open()
    assert link.transmit(VERSION).hex() == "6d00"
    link.close()


def test_the_longest_command_and_answer_come_through(lab: Lab) -> None:
    link = link_to(FIRST)
    link.open()
    assert link.transmit(SELECT) == b"\x90\x00"
    assert link.transmit(bytes.fromhex("00090000fa") + bytes(250)) not in (b"", b"\x00")
    assert link.transmit(bytes.fromhex("00a40400ff") + bytes(255)).hex() == "6700"
    longest = max((link.transmit(apdu.get_info(tags).encode()) for tags in ((), (0,))), key=len)
    assert longest[-2:].hex() in ("9000", "9020")
    assert link.transmit(bytes.fromhex("00a404000001f4") + bytes(500)).hex() == "6700"
    link.close()


def test_acknowledgements_are_quick(lab: Lab) -> None:
    link = link_to(FIRST)
    link.open()

    def spent() -> float:
        begun = real_elapsed()
        for _ in range(100):
            assert link.transmit(CPLC)[-2:] == b"\x90\x00"
        return (real_elapsed() - begun) / 100

    quick_once(spent, 1 / SLOWEST, tries=10)
    link.close()


def test_pulled_out_and_put_back(lab: Lab) -> None:
    link = link_to(FIRST)
    link.open()
    lab.control("module").do("unplug")
    with pytest.raises(LinkLost):
        link.transmit(CPLC)
    eventually(lambda: not present(FIRST))
    with pytest.raises(NoModule):
        link.open()
    assert present(SECOND)
    lab.control("module").do("plug")
    eventually(lambda: present(FIRST))
    assert answer(link, CPLC)[-2:] == b"\x90\x00"


def test_a_lost_answer_leaves_the_outcome_open_and_the_card_there(lab: Lab) -> None:
    link = link_to(FIRST)
    link.open()
    before = state(FIRST) >> 16
    lab.control("module").add_fault(point="apdu.reply", action="drop", match={"apdu": CPLC.hex()})
    with pytest.raises(LinkLost):
        link.transmit(CPLC)
    assert answer(link, CPLC)[-2:] == b"\x90\x00"
    assert state(FIRST) >> 16 == before


def test_another_stand_has_to_wait_or_give_up(stand: PcscStand, tmp_path: Path) -> None:
    with pytest.raises(StandError, match="another pcscd runs on this machine"):
        PcscStand(tmp_path / "second", [ReaderEntry.vpcd(free_port())]).start()
    assert answers()


def test_the_whole_suite_passes_over_pcsc(lab: Lab) -> None:
    """The verdicts are those over TCP, where every case passes; what is TCP's own does not apply here."""
    target = parse_target(f"module:pcsc:{FIRST}?control={lab.control_url('module')}")
    record = run_cases(lab, Session(target, lab), SUITE, [SUITE], SEED)
    found = outcomes(record)
    own = {case.id: case.needs for case in load_suites([SUITE]) if case.id.startswith(f"{SUITE}.")}
    beyond = {name for name, needs in own.items() if needs & OF_ANOTHER_WIRE}
    assert set(found) == {"pass", "not-applicable"}, story(record, *(set(found) - {"pass"}))
    assert set(found["not-applicable"]) == beyond
    assert set(found["pass"]) == set(own) - beyond


def test_the_judge_takes_the_reader_from_the_command_line(lab: Lab) -> None:
    target = f"module:pcsc:0?control={lab.control_url('module')}"
    kassalab = Path(sys.executable).with_name("kassalab")
    command = [kassalab, "run", f"{SUITE}.identity", "--target", target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (done.stdout, done.stderr)


def test_the_card_comes_back_when_pcscd_does(stand: PcscStand, lab: Lab) -> None:
    link = link_to(FIRST)
    link.open()
    stand.restart()
    with pytest.raises(LinkLost):
        link.transmit(CPLC)
    link.close()
    again = link_to(FIRST)
    assert answer(again, CPLC)[-2:] == b"\x90\x00"
    assert PcscLink("no such reader").presence() is None
