"""The session: uz-fiscal §5.1, §5.2, against an emulated module without sockets."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reference.links.errors import AnswerError, AppletVersionError, LinkLost, NoModule, StatusWordError
from reference.links.module import ModuleSession, factory_id_of, module_session
from reference.protocol.uz.apdu import ATR_VENDOR, pos_auth_digest
from reference.protocol.uz.objects import FISCAL_SIGN_TAGS, ReceiptFile, ZReportFile
from reference.protocol.uz.standin import AckKind, SyncFlags, make_ack_file, make_sync_file
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import encode_bcd8
from tests.drive.doubles import TERMINAL, Card, losing, make_module

CREATED = datetime(2026, 7, 1, 8)


@pytest.fixture
def card() -> Card:
    return Card(make_module(CREATED))


def at(seconds: int) -> datetime:
    return CREATED + timedelta(seconds=seconds)


def block(seconds: int) -> bytes:
    return TotalBlock(bytes((seconds,)) * 32, 500_000, 0, 53_571, at(seconds), 0, 0, 1).encode()


def test_the_usual_sequence(card: Card) -> None:
    """FM-S-05"""
    with module_session(card) as session:
        assert session.atr == ATR_VENDOR
        assert session.factory_id == factory_id_of(session.cplc) == card.module.state.identity.factory_id  # type: ignore[union-attr]
        assert session.version == "0400"
        assert session.get_info().terminal_id == TERMINAL
    heads = [command[:2].hex() for command in card.commands]
    assert heads == ["00ca", "00a4", "0000", "0000", "00a4"]
    assert not card.powered


def test_only_looking(card: Card) -> None:
    with module_session(card, select=False) as session:
        assert session.version == ""
    assert len(card.commands) == 1


def test_a_day_in_a_module(card: Card) -> None:
    with module_session(card) as session:
        session.zreport_open(at(1))
        sign = session.receipt_register(block(2))
        assert (sign.receipt_seq, sign.fiscal_sign) == (1, "271368829008")
        session.receipt_register(block(3))
        assert session.get_receipt_info(1, FISCAL_SIGN_TAGS).cipher_key == sign.cipher_key
        raw = session.get_receipt_file(seq=1)
        assert raw == session.get_receipt_file(1)
        index = ReceiptFile.decode(raw).index
        session.ack(make_ack_file(AckKind.RECEIPT, TERMINAL, encode_bcd8(1), at(9)), index)
        session.receipt_rescan()
        assert session.get_fiscal_memory_info((0x04, 0x06)).first_unacknowledged == at(3)
        session.zreport_close(at(4))
        assert session.get_unack_zreports() == [0]
        assert ZReportFile.decode(session.get_zreport_file(0)).close_time == at(4)
        assert session.get_zreport_info(0).sales == 2


def test_locks_and_proofs(card: Card) -> None:
    secret = bytes(range(32))
    with module_session(card) as session:
        assert len(session.signed_challenge(bytes(16))) == 88
        from hashlib import sha256

        session.pos_lock(secret + sha256(secret).digest())
        session.pos_auth(pos_auth_digest(secret, session.pos_challenge()))
        assert session.get_info().pos_auth
        challenge = session.get_info((0x04,)).sync_challenge
        assert challenge is not None
        flags = SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED | SyncFlags.UNDO_POS_LOCK
        session.sync(make_sync_file(flags, TERMINAL, challenge, at(5)))
        info = session.get_info()
        assert (info.locked, info.pos_locked) == (True, False)
        with pytest.raises(StatusWordError, match=r"^9090 - LOCKED_SYNC_WITH_SERVER$") as refused:
            session.zreport_open(at(6))
        assert (refused.value.sw, refused.value.command) == (0x9090, "ZREPORT_OPEN")


@pytest.mark.parametrize("size", [0, 251])
def test_data_no_link_can_carry(card: Card, size: int) -> None:
    with module_session(card) as session:
        before = len(card.commands)
        for call in (session.ack, session.sync, session.pos_lock, session.pos_auth):
            with pytest.raises(StatusWordError, match=r"6700 - WRONG_LENGTH"):
                call(bytes(size))
        assert len(card.commands) == before


def test_another_generation(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    transmit = card.transmit
    answers = {"00000000": b"\x03\x24\x90\x00"}
    monkeypatch.setattr(card, "transmit", lambda command: answers.get(command[:4].hex()) or transmit(command))
    with pytest.raises(AppletVersionError, match=r"0324") as refused, module_session(card):
        raise AssertionError("not reached")
    assert refused.value.version == "0324"
    answers["00000000"] = b"\x04\xaa\x90\x00"
    with pytest.raises(AppletVersionError), module_session(card):
        raise AssertionError("not reached")
    answers["00000000"] = b"\x04\x90\x00"
    with pytest.raises(AnswerError, match=r"1 bytes, not 2"), module_session(card):
        raise AssertionError("not reached")


def test_answers_that_are_none(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    transmit = card.transmit
    answers: dict[str, bytes] = {}
    monkeypatch.setattr(card, "transmit", lambda command: answers.get(command[:3].hex()) or transmit(command))
    with module_session(card) as session:
        answers["000001"] = b"\x90"
        with pytest.raises(AnswerError, match=r"GET_INFO"):
            session.get_info()
        answers["000001"] = b"\xa0\x05\x90\x00"
        with pytest.raises(AnswerError, match=r"GET_INFO"):
            session.get_info()
        answers["000003"] = b"\x00\x02\x00\x00\x90\x00"
        with pytest.raises(AnswerError, match=r"GET_UNACK"):
            session.get_unack_zreports()


def test_links_that_break(card: Card) -> None:
    with pytest.raises(NoModule), module_session(Card(None)):
        raise AssertionError("not reached")
    card.lose = losing("00a404000e", "before")
    with pytest.raises(LinkLost), module_session(card):
        raise AssertionError("not reached")
    card.lose = losing("00a4040000", "before")
    with module_session(card) as session:
        assert isinstance(session, ModuleSession)
    assert not card.powered
