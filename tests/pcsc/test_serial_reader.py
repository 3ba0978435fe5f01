"""The module in a serial reader, at a pseudo-terminal, driven by Debian's own pcscd and libccidtwin: T=1
and T=0, a card that comes and goes, a part of the module suite (requirement HAR-02)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.lab import Lab
from conformance.session import Session
from conformance.targets import parse_target
from reference.links.errors import LinkLost, NoModule
from reference.links.serial import SerialCcidLink
from reference.protocol.usb import t0
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO
from tests.conformance.labs import lab_of, outcomes, run_cases, story
from tests.conformance.module_lab import SEED, SUITE
from tests.pcsc.stand import answer, link_to, opensc, present, running, scard, state
from tests.waiting import eventually
from tools.pcsc_stand import PcscStand, ReaderEntry

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pcscd")]

READER = "Kassalab Twin 00 00"
SELECT = apdu.select().encode()
VERSION = apdu.get_version().encode()
CPLC = apdu.get_cplc().encode()
PART = [
    f"{SUITE}.{name}" for name in ("identity", "reading", "receipts", "power.other", "power.cut-after-answer")
]
"""Not the cases that end the module's process: pcscd never finds a serial reader again whose port went."""


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("terminal") / "reader"


@pytest.fixture(scope="module")
def lab(terminal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    options = {"module": ["--serial", str(terminal), "--no-start-locked"]}
    with lab_of(tmp_path_factory.mktemp("module"), ["module"], seed=SEED, options=options) as lab:
        yield lab


@pytest.fixture(scope="module")
def stand(lab: Lab, terminal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PcscStand]:
    with running(tmp_path_factory.mktemp("pcscd") / "stand", [ReaderEntry.twin(terminal)]) as stand:
        eventually(lambda: present(READER))
        yield stand


def exchanges(protocol: int, commands: list[bytes]) -> list[bytes]:
    """The answers of the card over the protocol asked for, as a program gets them from PC/SC."""
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    try:
        result, card, active = scard.SCardConnect(context, READER, scard.SCARD_SHARE_EXCLUSIVE, protocol)
        assert (result, active) == (scard.SCARD_S_SUCCESS, protocol), scard.SCardGetErrorMessage(result)
        header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        answers = []
        for command in commands:
            result, data = scard.SCardTransmit(card, header, list(command))
            assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)
            answers.append(bytes(data))
        scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
        return answers
    finally:
        scard.SCardReleaseContext(context)


def test_opensc_lists_the_reader_and_reads_the_atr(stand: PcscStand) -> None:
    lines = opensc("--list-readers").splitlines()
    assert [line.split(maxsplit=2) for line in lines[2:]] == [["0", "Yes", READER]]
    assert opensc("--reader", "0", "--atr").strip() == ATR_ISO.hex(":")


def test_opensc_sends_commands(stand: PcscStand) -> None:
    sent = [part for command in (CPLC, SELECT, VERSION) for part in ("--send-apdu", command.hex())]
    text = opensc("--reader", "0", *sent)
    assert re.findall(r"SW1=0x(..), SW2=0x(..)", text) == [("90", "00")] * 3
    assert "9F 7F 2A" in text


def test_over_t1_every_answer_comes_whole(stand: PcscStand) -> None:
    longest = bytes.fromhex("00090000fa") + bytes(250)
    info = apdu.get_fiscal_memory_info().encode()
    answers = exchanges(scard.SCARD_PROTOCOL_T1, [SELECT, VERSION, CPLC, longest, info])
    assert [data[-2:].hex() for data in answers[:3]] == ["9000"] * 3
    assert answers[1].hex() == "04009000"
    assert len(answers[2]) == 47
    assert len(answers[3]) == 2
    assert answers[4][:1] == b"\xa1"


def test_over_t0_answers_are_fetched(stand: PcscStand) -> None:
    answers = exchanges(scard.SCARD_PROTOCOL_T0, [SELECT, VERSION, bytes((0, t0.GET_RESPONSE, 0, 0, 2))])
    assert [data.hex() for data in answers] == ["9000", "6102", "04009000"]


def test_a_card_that_is_taken_out_is_missed(lab: Lab, stand: PcscStand) -> None:
    link = link_to(READER)
    link.open()
    lab.control("module").do("card-remove")
    with pytest.raises(LinkLost):
        link.transmit(CPLC)
    eventually(lambda: not present(READER))
    with pytest.raises(NoModule):
        link.open()
    lab.control("module").do("card-insert")
    eventually(lambda: present(READER))
    assert answer(link, CPLC)[-2:] == b"\x90\x00"


def test_a_part_of_the_suite_passes(lab: Lab, stand: PcscStand) -> None:
    target = parse_target(f"module:pcsc:{READER}?control={lab.control_url('module')}")
    record = run_cases(lab, Session(target, lab), SUITE, PART, SEED)
    found = outcomes(record)
    assert set(found) <= {"pass", "not-applicable"}, story(record, *(set(found) - {"pass"}))
    assert len(found["pass"]) > 20


def test_the_reader_can_be_had_without_pcscd(lab: Lab, stand: PcscStand, terminal: Path) -> None:
    stand.stop()
    link = SerialCcidLink(str(terminal))
    assert link.open() == ATR_ISO
    assert link.transmit(CPLC)[-2:] == b"\x90\x00"
    link.close()
    stand.start()
    eventually(lambda: state(READER))
