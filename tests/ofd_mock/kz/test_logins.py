"""COMMAND_AUTH's passwords: hashes only, compared once and beside the ledger (kz-ofd §3.6)."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.kz.logins import Logins
from ofd_mock.kz.proofs import MOST_REMEMBERED, PROOFS, Proofs, cashier_of
from ofd_mock.kz.registry import profile_from_text, profile_to_text
from ofd_mock.kz.values import Cashier, Profile
from ofd_mock.password_hashes import fits, hashed
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.envelope import set_enum_number
from reference.protocol.kz.frames import Frame, Header
from tests.ofd_mock.kz.bench import running
from tests.ofd_mock.kz.counter import ID, TOKEN, Counter
from tests.waiting import PATIENCE

KEPT = hashed("Құпия-1")
AIGUL = Cashier("aigul", KEPT, 7, "Айгүл", (1, 3))


def test_only_a_hash_is_kept_and_it_survives_as_text() -> None:
    assert KEPT.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    text = profile_to_text(Profile(cashiers=(AIGUL,)))
    assert "Құпия-1" not in text
    assert profile_from_text(text).cashiers == (AIGUL,)


@pytest.mark.parametrize(
    ("kept", "password", "right"),
    [(KEPT, "Құпия-1", True), (KEPT, "Құпия-2", False), ("Құпия-1", "Құпия-1", False), (None, "x", False)],
    # Salted, and so another text in every process: as a name it would be two tests.
    ids=["right", "wrong", "no-hash", "nothing"],
)
def test_a_password_fits_its_hash_alone(kept: str | None, password: str, right: bool) -> None:
    assert fits(kept, password) is right
    assert not fits(kept, password + "x" * 200)


def test_a_comparison_is_made_once_and_a_login_of_nobody_makes_one_too() -> None:
    made: list[tuple[str | None, str]] = []

    def compare(kept: str | None, password: str) -> bool:
        made.append((kept, password))
        return kept == KEPT and password == "right"

    proofs = Proofs(compare)
    profile = Profile(cashiers=(AIGUL,))
    for _ in range(3):
        assert cashier_of(profile, "aigul", "right", proofs) == AIGUL
        assert cashier_of(profile, "aigul", "wrong", proofs) is None
        assert cashier_of(profile, "marat", "right", proofs) is None
    assert made == [(KEPT, "right"), (KEPT, "wrong"), (None, "right")]
    assert cashier_of(Profile(), "aigul", "right", proofs) is None
    assert len(made) == 3


def test_what_is_remembered_is_bounded_and_the_oldest_goes() -> None:
    made: list[str] = []

    def compare(_kept: str | None, password: str) -> bool:
        made.append(password)
        return False

    proofs = Proofs(compare)
    for number in range(MOST_REMEMBERED + 1):
        proofs.fits(KEPT, str(number))
    proofs.fits(KEPT, str(MOST_REMEMBERED))
    assert len(made) == MOST_REMEMBERED + 1
    proofs.fits(KEPT, "0")
    assert made[-1] == "0"


def test_a_prepared_login_costs_the_ledger_nothing(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    counter.profile(cashiers=(AIGUL,))
    compared: list[str] = []

    def compare(kept: str | None, password: str) -> bool:
        compared.append(threading.current_thread().name)
        return fits(kept, password)

    monkeypatch.setattr(PROOFS, "_compare", compare)
    logins = Logins(counter.ledger)

    def frame(password: str) -> Frame:
        def fill(message: Any) -> None:
            message.auth.login, message.auth.password = "aigul", password

        body = counter.request(Command.AUTH, fill)
        return Frame(Header(203, 18 + len(body), ID, TOKEN, 1), body)

    assert Logins.is_one(frame("x"))
    logins.prepare(frame("Құпия-1 once")).result(PATIENCE)
    logins.stop()
    assert [name.startswith("logins") for name in compared] == [True]

    assert counter.raw(frame("Құпия-1 once").body).code == 0
    assert len(compared) == 1
    logins.prepare(frame("after the end")).result(PATIENCE)


def test_a_login_that_is_being_compared_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the event loop nor the ledger's thread waits for argon2: others are answered meanwhile."""
    begun, go_on = threading.Event(), threading.Event()

    def compare(kept: str | None, password: str) -> bool:
        begun.set()
        assert go_on.wait(PATIENCE)
        return fits(kept, password)

    with running(tmp_path) as bench:
        monkeypatch.setattr(PROOFS, "_compare", compare)
        slow, quick = bench.register(), bench.register()
        bench.order(
            "set-cashiers", id=slow.device, cashiers=[{"login": "aigul", "password": "Құпия-meanwhile"}]
        )
        dialect: Any = dialect_for(203)
        message = dialect.messages.Request()
        set_enum_number(message, "command", Command.AUTH)
        message.auth.login, message.auth.password = "aigul", "Құпия-meanwhile"
        slow.send(slow.frame(message.SerializeToString()))
        assert begun.wait(PATIENCE)
        for _ in range(3):
            assert quick.ask(Command.INFO)[0] == 0
        go_on.set()
        frame = slow.receive()
        assert frame is not None
        assert slow.decode(frame).auth.result == 0
        slow.close()
        quick.close()
