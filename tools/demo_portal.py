"""The demonstration at the portal: an organisation in five steps, an outlet, a register, tariff and token.

What a person does on the pages is done here through the portal's API, with test certificates of the lab's own
authority; the answer of the tax body comes by the lab's clock.
"""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any, Final

import httpx

from conformance.lab import Lab
from conformance.lab_parts import PORTAL
from ofd_mock.pki.authority import Authority
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, OpenedKey, read_key_file
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.signing import What, sign
from reference.protocol.kz.money import to_almaty
from reference.runtime.clock import real_elapsed
from tools.demo import DemoError, Say

TAX_SECONDS: Final = 15 * 60
PATIENCE: Final = 20.0
DAILY: Final = 2
EMAIL: Final = "shop@example.kz"
PASSWORD: Final = "Demo1234!"  # noqa: S105 - of a made-up organisation in a lab
ADDRESS: Final = "р-он Есиль, г. Нур-султан, Сауран, 12"
DETAILS: Final = {
    "legal_address": ADDRESS,
    "actual_address": ADDRESS,
    "email": EMAIL,
    "phones": "+7 7172 123-456",
    "head_position": "Директор",
    "head_name": "Тестов Тест",
}
OUTLET: Final = {"name": "TEST Дүкен №1", "settlement": 2, "street": "Сауран", "house": "12"}
CARD: Final = {"name": "Касса 1", "model": 900, "serial": "KASSALAB-DEMO-1", "year": 2026, "consent": True}

Json = dict[str, Any]


class PortalOwner:
    """Somebody who registers an organisation at the portal of a running lab, and then a register."""

    def __init__(self, lab: Lab, say: Say) -> None:
        self.lab = lab
        self.say = say
        self.base = lab.addresses[PORTAL.name][PORTAL.name]
        self.control = lab.control(PORTAL.name)
        self._web = httpx.Client(base_url=f"{self.base}/api", timeout=30, trust_env=False)
        self._key = _key(lab.folder / "pki", lab)
        self._number = ""

    def close(self) -> None:
        """Leave the portal."""
        self._web.close()

    def enrol(self) -> None:
        """Steps 1 to 5; from then on somebody is logged in."""
        way = f"/enrolments/{self._call('POST', '/enrolments')['key']}"
        challenge = self._call("GET", way)["challenge"]
        self._call("POST", f"{way}/signature", {"cms": self._signed(challenge)})
        self._call("POST", f"{way}/password", {"password": PASSWORD, "password_repeated": PASSWORD})
        self._call("POST", f"{way}/email", {"email": EMAIL})
        code = self._call("GET", "/outbox")[0]["text"].rsplit(" ", 1)[-1]
        self._call("POST", f"{way}/code", {"email": EMAIL, "code": code})
        self._call("POST", f"{way}/details", DETAILS)
        self._call("POST", f"{way}/agreement", {"agreed": True})
        application = self._call("GET", f"{way}/application")["text"]
        session = self._call("POST", f"{way}/application", {"cms": self._signed(application)})["session"]
        self._web.headers["Authorization"] = f"Bearer {session}"
        known = self._call("GET", "/organisation")
        self._number = known["number"]
        self.say(
            f"portal {self.base}/: {known['name']}, BIN {known['number']}, registered in five steps, "
            "its application signed with a test certificate"
        )

    def register_card(self) -> Json:
        """An outlet and a register in it, its application signed, the tax body's yes awaited; its card."""
        self.control.do("settings", settings={"kgd_delay": TAX_SECONDS})
        outlet = self._call("POST", "/outlets", OUTLET)
        card = self._call("POST", "/cards", CARD | {"outlet": outlet["id"]})["id"]
        self._call("POST", f"/cards/{card}/check")
        asked = to_almaty(self.lab.clock.now())
        self._act(card, "sign-registration", "WAIT_REG")
        self.lab.clock.advance(TAX_SECONDS)
        found = self.until(card, "REG_NO_TARIFF")
        self.say(
            f"register {card} asked for at {asked:%H:%M}, entered by the tax body at {found['since'][-5:]} "
            f"under {found['rnm']}"
        )
        return found

    def token(self, card: int) -> int:
        """A tariff for the register, and the number to type into it."""
        self._act(card, "choose-tariff", "READY", tariff=DAILY)
        token = int(self._call("POST", f"/cards/{card}/token")["token"])
        self.say("daily tariff chosen and signed; the portal's token typed into the register")
        return token

    def card(self, card: int) -> Json:
        """The register as the portal shows it."""
        return dict(self._call("GET", f"/cards/{card}"))

    def until(self, card: int, state: str) -> Json:
        """Its card once it is in that state; DemoError when it does not come to it."""
        pause, end = threading.Event(), real_elapsed() + PATIENCE
        while (found := self.card(card))["state"] != state:
            if real_elapsed() > end:
                raise DemoError(f"the portal should show register {card} as {state}, not {found['state']}")
            pause.wait(0.05)
        return found

    def come_back(self) -> None:
        """Log in by password: days have passed, and the session is over."""
        login = {"login": self._number, "password": PASSWORD}
        session = self._call("POST", "/login", login)["session"]
        self._web.headers["Authorization"] = f"Bearer {session}"

    def charged(self) -> int:
        """Tiyn that the operator has charged so far."""
        lines = self._call("GET", "/account/statement")
        return -sum(int(line["amount"]) for line in lines if int(line["amount"]) < 0)

    def _act(self, card: int, act: str, state: str, **wish: Any) -> None:
        wanted = {"act": act} | wish
        text = self._call("POST", f"/cards/{card}/application", wanted)["text"]
        done = self._call("POST", f"/cards/{card}/sign", wanted | {"cms": self._signed(text)})
        if done["state"] != state:
            raise DemoError(f"{act} should lead to {state}, not {done['state']}")

    def _signed(self, text: str) -> str:
        made = sign(What(text.encode()), self._key.pair, self.lab.clock.now())
        return base64.b64encode(made).decode()

    def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        answer = self._web.request(method, path, json=body)
        if answer.status_code >= 300:
            raise DemoError(f"the portal refused {method} {path}: {answer.text[:600]}")
        return answer.json()


def _key(pki: Path, lab: Lab) -> OpenedKey:
    """The key of an organisation's head, fresh from the lab's authority."""
    issued = Authority(pki).issue(PROFILES["head"], lab.clock.now())
    assert issued.file is not None
    return read_key_file(issued.file.read_bytes(), DEFAULT_PASSWORD)
