"""Nothing secret is written where it does not belong: logs, event journals, the audit log, tables."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from ofd_mock.password_hashes import hashed
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.envelope import set_enum_number
from tests.ofd_mock.kz.bench import Wire
from tests.ofd_mock.portal.stand import DETAILS, PASSWORD
from tests.ofd_mock.portal.test_process import Stage
from tests.waiting import PATIENCE

GIVEN, OWN, WRONG = "Given11!q", "Own own1!q", "Wrong11!q"
PASSWORDS = (PASSWORD, GIVEN, OWN, WRONG)
DIALECT: Any = dialect_for(203)
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


class Life:
    """Everything that people do with secrets, and every secret that was there."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.secrets: dict[str, str] = {f"password {one}": one for one in PASSWORDS}
        self.browser = httpx.Client(base_url=stage.base, trust_env=False, timeout=PATIENCE)

    def register(self) -> None:
        stage, secrets = self.stage, self.secrets
        key = stage.call("POST", "/enrolments")["key"]
        way = f"/enrolments/{key}"
        cms = stage.signed(stage.call("GET", way)["challenge"])
        stage.call("POST", f"{way}/signature", {"cms": cms})
        stage.call("POST", f"{way}/password", {"password": PASSWORD, "password_repeated": PASSWORD})
        stage.call("POST", f"{way}/email", {"email": DETAILS["email"]})
        code = stage.call("GET", "/outbox")[0]["text"].rsplit(" ", 1)[-1]
        stage.call("POST", f"{way}/code", {"email": DETAILS["email"], "code": code})
        stage.call("POST", f"{way}/details", DETAILS)
        stage.call("POST", f"{way}/agreement", {"agreed": True})
        last = stage.signed(stage.call("GET", f"{way}/application")["text"])
        stage.session = stage.call("POST", f"{way}/application", {"cms": last})["session"]
        secrets |= {"enrolment": key, "cms of step 1": cms[-120:-40], "cms of step 5": last[-120:-40]}
        secrets["first session"] = stage.session

    def work(self) -> int:
        """A register with a token, a user with a password that was given; the register's ID."""
        stage = self.stage
        stage.control("settings", settings={"kgd_delay": 0})
        card = stage.card()
        stage.act(card, "sign-registration")
        stage.control("keep-up")
        stage.act(card, "choose-tariff", tariff=2)
        self.secrets["token"] = str(stage.call("POST", f"/cards/{card}/token")["token"])
        form = {"login": "aigul", "name": "Айгүл", "role": 3}
        user = stage.call("POST", "/users", form | _twice(PASSWORD))["id"]
        stage.call("POST", f"/users/{user}/password", _twice(GIVEN))
        return card

    def browse(self) -> None:
        """Log in on pages, wrongly first; change the password; pay at the bank."""
        login = {"login": "aigul", "password": WRONG}
        assert self.post("/login", login).status_code == 409
        assert self.post("/login", login | {"password": GIVEN}).status_code == 303
        self.secrets["page session"] = self.browser.cookies["kassalab_portal"]
        assert self.post("/me", {"old_password": GIVEN, **_twice(OWN)}).status_code == 303
        assert self.post("/login", login | {"password": OWN}).status_code == 303
        self.secrets["second page session"] = self.browser.cookies["kassalab_portal"]
        bank = self.post("/account", {"amount": "5"}).headers["location"]
        self.post(bank, {"do": "pay", "tell": "twice"})
        self.browser.post("/login", data=login)  # without the form's secret
        self.browser.post("/api/login", content=b'{"login": "aigul", "password": "Wrong11!q"')

    def post(self, path: str, form: dict[str, Any]) -> httpx.Response:
        found = _CSRF.search(self.browser.get("/login").text)
        assert found is not None
        return self.browser.post(path, data={"csrf_token": found[1], **form})

    def sell(self, card: int) -> None:
        """A cashier logs in on the wire, wrongly and rightly."""
        _, _, port = self.stage.operator.addresses["operator-kz"].rpartition(":")
        wire = Wire(int(port), card, int(self.secrets["token"]))
        for password, result in ((WRONG, 1), (OWN, 0)):
            message = DIALECT.messages.Request()
            set_enum_number(message, "command", Command.AUTH)
            message.auth.login, message.auth.password = "aigul", password
            wire.send(wire.frame(message.SerializeToString()))
            frame = wire.receive()
            assert frame is not None
            answer = wire.decode(frame)
            assert (answer.result.result_code, answer.auth.result) == (0, result)
        wire.close()

    def break_down(self, folder: Path) -> None:
        """A database that refuses what a login would store: the log tells why, not what."""
        with sqlite3.connect(folder / "operator" / "ledger.sqlite") as database:
            database.execute("ALTER TABLE kz_portal_visits RENAME TO gone")
        answer = self.browser.post("/api/login", json={"login": "aigul", "password": OWN})
        assert answer.status_code == 500
        assert "kz_portal_visits" not in answer.text


def _twice(password: str) -> dict[str, str]:
    return {"password": password, "password_repeated": password}


def test_no_secret_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    stage = Stage(tmp_path, "debug")
    life = Life(stage)
    try:
        life.register()
        card = life.work()
        life.browse()
        life.sell(card)
        life.break_down(tmp_path)
    finally:
        life.browser.close()
        stage.stop()
    log = capfd.readouterr().err
    assert "a request failed" in log
    assert "SQL parameters hidden" in log
    assert "a form was not ours" in log
    journals = [path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("events*")]
    assert len(journals) >= 2
    for name, secret in life.secrets.items():
        assert secret not in log, name
        for journal in journals:
            # The wire's own journal names the token of every request: that is what it is for.
            assert secret not in journal or name == "token", name
    assert "$argon2id$" not in log + "".join(journals)
    look_into_tables(tmp_path / "operator" / "ledger.sqlite", life)


def look_into_tables(ledger: Path, life: Life) -> None:
    """What is kept of secrets: hashes; of the audit log not even those."""
    with sqlite3.connect(ledger) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: "\n".join(map(str, database.execute(f'SELECT * FROM "{name}"'))) for name in names}
    assert "login-refused" in tables["kz_portal_notes"]
    for name, secret in life.secrets.items():
        held = {table for table, text in tables.items() if secret in text}
        allowed = {"token": {"kz_devices"}, "cms of step 5": {"kz_portal_applications"}}
        # The wire keeps requests of documents, a login is none.
        assert held <= allowed.get(name, set()), (name, held)
    assert "$argon2id$" not in tables["kz_portal_notes"]
    assert tables["kz_portal_users"].count("$argon2id$") == 2
    assert tables["kz_devices"].count("$argon2id$") == 2


def test_hashes_cost_what_they_should() -> None:
    """OWASP's least for argon2id: 19 MiB, two passes; every salt another."""
    first, second = hashed("x"), hashed("x")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
