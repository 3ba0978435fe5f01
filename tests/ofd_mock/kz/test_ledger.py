"""The ledger: batches, what is kept over a restart, and counters against a recount of all documents."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ofd_mock.kz import archive, surroundings
from ofd_mock.kz.values import Taxation
from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.documents import CloseShift, Document, to_message
from reference.protocol.kz.frames import Frame, Header
from reference.protocol.kz.generate import random_placement, random_ticket
from reference.protocol.kz.kinds import PlacementKind
from reference.protocol.kz.recount import recount
from reference.protocol.kz.reports import differences
from reference.protocol.kz.service import BoundTax
from tests.ofd_mock.kz.counter import CASHIER, ID, NOW, TOKEN, Answer, Counter, ticket


def frame(document: Document, token: int, reqnum: int, device: int = ID) -> Frame:
    dialect = dialect_for(203)
    assert dialect is not None
    body = bytes(to_message(dialect, document).SerializeToString())
    return Frame(Header(203, 18 + len(body), device, token, reqnum), body)


def test_one_batch(counter: Counter) -> None:
    """A repeat within the batch is a repeat, and a second device's request is its own."""
    counter.add(5000, 77)
    batch = [frame(ticket(), TOKEN, 1), frame(ticket(), TOKEN, 1), frame(ticket(), 77, 1, 5000)]
    outcomes = counter.ledger.settle(batch, counter.rules, NOW, counter.desk)
    assert [one.row for one in outcomes] == ["D6", "D1", "D6"]
    assert outcomes[0].body == outcomes[1].body
    assert outcomes[0].token == outcomes[1].token
    assert counter.ledger.counts()["documents"] == 2


@pytest.mark.parametrize("checks", [{}, {"T07": "off"}], ids=["short way", "long way"])
def test_signs_of_a_batch_are_neighbours(counter: Counter, checks: dict[str, str]) -> None:
    """Any ones of the range, each another's, and all of a transaction on one page of their index."""
    devices = range(5000, 5060)
    for device in devices:
        counter.add(device, device)
    blocks = set()
    for reqnum, least in ((1, 100_000_000), (2, 100_000_000), (3, 10**12)):
        counter.set(checks=checks, rotate_token="never", sign_range=(least, least * 10 - 1))
        batch = [frame(ticket(), device, reqnum, device) for device in devices]
        outcomes = counter.ledger.settle(batch, counter.rules, NOW, counter.desk)
        signs = [int(Answer(outcome).sign) for outcome in outcomes]
        assert len(set(signs)) == len(batch)
        assert all(least <= sign < least * 10 for sign in signs)
        [block] = {sign // 4096 for sign in signs}
        blocks.add(block)
    assert len(blocks) == 3


@pytest.mark.parametrize("block", [4, 10**8], ids=["smaller than the batch", "larger than the range"])
def test_neighbours_of_a_sign_may_be_taken_or_outside(
    counter: Counter, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "_BLOCK", block)
    least, most = 10**9 + 1, 10**9 + 10**6 + 1
    counter.set(rotate_token="never", sign_range=(least, most))
    batch = [frame(ticket(), TOKEN, number) for number in range(1, 101)]
    outcomes = counter.ledger.settle(batch, counter.rules, NOW, counter.desk)
    signs = {int(Answer(outcome).sign) for outcome in outcomes}
    assert len(signs) == 100
    assert least <= min(signs) < max(signs) <= most


def test_everything_is_kept(counter: Counter) -> None:
    counter.profile(taxation=Taxation(100, (BoundTax(12000),)))
    counter.send(replace(ticket(), printed_number=3))
    before = counter.device
    again = counter.opened()
    assert again.device(ID) == before
    assert again.device(1) is None
    with pytest.raises(ValueError, match="there already"):
        again.add([before])
    assert again.next_id(4931) == ID + 1
    again.engine.dispose()


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("[]\n")])
def test_damaged_archive(counter: Counter, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    counter.send(ticket())
    archive.write(counter.ledger, tmp_path)
    damage(tmp_path / archive.FILE)
    with pytest.raises(archive.ArchiveError):
        archive.read(counter.ledger, tmp_path)
    assert counter.device.documents == 1


@pytest.mark.parametrize("seed", range(4))
def test_counters_against_a_recount(counter: Counter, seed: int) -> None:
    """Any mixture of documents, repeats and refusals counts every accepted document once (ZR-01…18)."""
    rng = random.Random(seed)
    counter.set(parent_check="off")
    counted: list[Document] = []
    reports = []
    for _ in range(60):
        counter.now += timedelta(minutes=rng.randint(1, 40))
        document = _any(rng, counter)
        token, reqnum = counter.token, rng.randint(0, 65535)
        answer = counter.send(document, reqnum=reqnum)
        if answer.code != 0:
            assert answer.token == token
            continue
        counted.append(document)
        if isinstance(document, CloseShift):
            reports.append(answer.report)
        if rng.random() < 0.3:
            again = counter.send(document, token=token, reqnum=reqnum)
            assert (again.row, again.outcome.body) == ("D1", answer.outcome.body)
    expected = recount(counted)
    assert counter.device.counters == expected.counters
    assert len(reports) == len(expected.reports)
    for told, right in zip(reports, expected.reports, strict=True):
        assert (told.time, differences(right, told)) == (right.time, [])
    assert counter.device.documents == len(counted)
    assert len(counted) > 40


def _any(rng: random.Random, counter: Counter) -> Document:
    dice = rng.random()
    if dice < 0.08:
        return CloseShift(counter.now, withdraw_money=rng.random() < 0.5, operator=CASHIER)
    if dice < 0.2:
        kind = rng.choice(list(PlacementKind))
        return random_placement(rng, counter.now, kind=kind, most=500_000)
    offline = int(counter.now.timestamp()) if rng.random() < 0.2 else None
    made = random_ticket(rng, 203, counter.now, offline_number=offline)
    return replace(made, total=1) if dice > 0.95 else made
