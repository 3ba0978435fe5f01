"""The portal as a process beside the operator: one ledger, one clock, two ports."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ofd_mock.pki.authority import Authority
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, OpenedKey, read_key_file
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.signing import What, sign
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.money import to_almaty
from reference.runtime.clock import LabClock
from tests.ofd_mock.kz.bench import Wire
from tests.ofd_mock.kz.counter import ticket
from tests.ofd_mock.portal.stand import DETAILS, PASSWORD, START
from tests.waiting import PATIENCE, eventually
from tests.web import lasting_client

web = lasting_client()


class Running:
    """A part process; `addresses` are those of its ready line."""

    def __init__(self, *words: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.addresses: dict[str, str] = json.loads(self.process.stdout.readline())["addresses"]

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


class Stage:
    def __init__(self, folder: Path, level: str = "info") -> None:
        self.clock = LabClock.create(folder / "clock", start=START, rate=0)
        self.authority = Authority.create(folder / "pki", bits=2048)
        ledger = folder / "operator" / "ledger.sqlite"
        lab = ("--clock", folder / "clock", "--log-level", level)
        operator = ("ofd_mock", "--country", "kz", "--port", "0", "--http-port", "0")
        self.operator = Running(*operator, "--dir", folder / "operator", *lab)
        portal = ("ofd_mock.portal", "--port", "0", "--database", ledger, "--authority", folder / "pki")
        self.portal = Running(*portal, "--dir", folder / "portal", *lab)
        self.base = self.portal.addresses["portal"]
        self.session = ""
        issued = self.authority.issue(PROFILES["head"], START)
        assert issued.file is not None
        self.key: OpenedKey = read_key_file(issued.file.read_bytes(), DEFAULT_PASSWORD)

    def stop(self) -> None:
        self.portal.stop()
        self.operator.stop()
        self.clock.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.session}"} if self.session else {}
        answer = web.request(method, f"{self.base}/api{path}", json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def control(self, operation: str, **arguments: Any) -> Any:
        answer = web.post(f"{self.base}/control/do/{operation}", json=arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def signed(self, text: str) -> str:
        return base64.b64encode(sign(What(text.encode()), self.key.pair, self.clock.now())).decode()

    def enrol(self) -> None:
        way = f"/enrolments/{self.call('POST', '/enrolments')['key']}"
        self.call("POST", f"{way}/signature", {"cms": self.signed(self.call("GET", way)["challenge"])})
        self.call("POST", f"{way}/password", {"password": PASSWORD, "password_repeated": PASSWORD})
        self.call("POST", f"{way}/email", {"email": DETAILS["email"]})
        code = self.call("GET", "/outbox")[0]["text"].rsplit(" ", 1)[-1]
        self.call("POST", f"{way}/code", {"email": DETAILS["email"], "code": code})
        self.call("POST", f"{way}/details", DETAILS)
        self.call("POST", f"{way}/agreement", {"agreed": True})
        text = self.call("GET", f"{way}/application")["text"]
        self.session = self.call("POST", f"{way}/application", {"cms": self.signed(text)})["session"]

    def act(self, card: int, act: str, **wish: Any) -> Any:
        wanted = {"act": act} | wish
        text = self.call("POST", f"/cards/{card}/application", wanted)["text"]
        return self.call("POST", f"/cards/{card}/sign", wanted | {"cms": self.signed(text)})

    def card(self) -> int:
        outlet = {"name": "Магазин", "settlement": 2, "street": "Сауран", "house": "12"}
        form = {"name": "Касса 1", "model": 1, "serial": "91", "year": 2019, "consent": True}
        place = self.call("POST", "/outlets", outlet)["id"]
        return int(self.call("POST", "/cards", form | {"outlet": place})["id"])


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.stop()


def state(stage: Stage, card: int) -> str:
    return str(stage.call("GET", f"/cards/{card}")["state"])


def test_a_token_from_the_portal_opens_port_7777_and_the_next_one_shuts_it(stage: Stage) -> None:
    stage.enrol()
    stage.control("settings", settings={"kgd_delay": 900})
    card = stage.card()
    assert stage.act(card, "sign-registration")["state"] == "WAIT_REG"
    stage.clock.advance(899)
    assert state(stage, card) == "WAIT_REG"
    stage.clock.advance(1)
    eventually(lambda: state(stage, card) == "REG_NO_TARIFF")
    stage.act(card, "choose-tariff", tariff=2)
    first = stage.call("POST", f"/cards/{card}/token")["token"]
    host, _, port = stage.operator.addresses["operator-kz"].rpartition(":")
    assert host == "127.0.0.1"
    wire = Wire(int(port), card, first)
    assert wire.ask(Command.INFO)[0] == 0
    second = stage.call("POST", f"/cards/{card}/token")["token"]
    assert wire.ask(Command.INFO)[0] == 2
    wire.token = second
    assert wire.ask(Command.INFO)[0] == 0
    wire.close()


def test_the_operator_blocks_by_order_and_lifts_it(stage: Stage) -> None:
    stage.enrol()
    card = stage.card()
    stage.act(card, "sign-registration")
    stage.control("answer-now", id=card)
    assert state(stage, card) == "REG_NO_TARIFF"
    stage.act(card, "choose-tariff", tariff=1)
    assert stage.control("block", id=card)["state"] == "BLOCKED_OFD"
    refused = web.post(f"{stage.base}/control/do/block", json={"id": card})
    assert refused.status_code == 422
    assert refused.json()["error"]["rule"] == "state"
    assert stage.control("unblock", id=card)["state"] == "READY"


def test_a_snapshot_brings_the_portal_back(stage: Stage) -> None:
    stage.enrol()
    stage.card()
    known = stage.call("GET", "/cabinet")
    kept = web.post(f"{stage.base}/control/snapshot", json={"name": "a"})
    assert kept.status_code == 201, kept.text
    stage.call("POST", "/outlets", {"name": "Другой", "settlement": 1, "street": "x", "house": "1"})
    restored = web.post(f"{stage.base}/control/restore", json={"name": "a"})
    assert restored.status_code == 200, restored.text
    assert stage.call("GET", "/cabinet") == known
    reset = web.post(f"{stage.base}/control/reset", json={"settings": {"kgd_answer": "no"}})
    assert reset.status_code == 200, reset.text
    state_now = web.get(f"{stage.base}/control/state").json()
    assert state_now["counts"]["organisations"] == 0
    assert state_now["settings"]["kgd_answer"] == "no"


def test_after_a_reset_an_id_given_out_again_finds_nothing_of_the_old_register(stage: Stage) -> None:
    host, _, port = stage.operator.addresses["operator-kz"].rpartition(":")
    assert host == "127.0.0.1"
    ids = []
    for _ in range(2):
        stage.session = ""
        web.post(f"{stage.base}/control/reset", json={"settings": {}})
        stage.enrol()
        card = stage.card()
        stage.act(card, "sign-registration")
        stage.control("answer-now", id=card)
        stage.act(card, "choose-tariff", tariff=2)
        wire = Wire(int(port), card, stage.call("POST", f"/cards/{card}/token")["token"])
        sold = ticket(100_00, time=to_almaty(stage.clock.now()))
        assert wire.ask(sold)[0] == 0
        wire.close()
        assert stage.call("GET", f"/cards/{card}")["sold"] == 100_00
        ids.append(card)
    assert ids[0] == ids[1]


def test_keys_are_made_and_revoked_by_order(stage: Stage) -> None:
    made = stage.control("make-key", profile="signer", bin="000140000017", organisation="ТОО TEST")
    opened = read_key_file(base64.b64decode(made["file"]), made["password"])
    assert f"{opened.pair.certificate.serial_number:x}" == made["serial"]
    assert base64.b64decode(made["certificate"]) == opened.pair.certificate.public_bytes(Encoding.DER)
    assert "BIN000140000017" in made["subject"]
    stage.control("revoke", serial=made["serial"])
    assert stage.authority.issued()[-1].revocation is not None
    for arguments, field in (
        ({"profile": "nobody"}, "profile"),
        ({"bin": "12"}, "bin"),
    ):
        refused = web.post(f"{stage.base}/control/do/make-key", json=arguments)
        assert refused.status_code == 422
        assert refused.json()["error"]["field"] == field
    unknown = web.post(f"{stage.base}/control/do/revoke", json={"serial": "1"})
    assert unknown.json()["error"]["field"] == "serial"
