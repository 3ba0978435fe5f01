"""`kassalab certificate`: made by the lab's clock, listed, revoked, signed with, checked; told why not."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.pki.authority import Authority
from reference.runtime.clock import LabClock
from tools import cli

LAB_START = datetime(2031, 3, 1, 9, 30, 15, tzinfo=UTC)


class Shell:
    """The command in a folder with a standing lab."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.pki = folder / "pki"
        self.lab = folder / "lab"
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str]:
        lab = ["--dir", str(self.lab)] if arguments[0] not in ("list", "authority") else []
        pki = ["--pki", str(self.pki)] if arguments[0] != "sign" else []
        status = cli.run(["certificate", *arguments, *pki, *lab])
        shown = self._capsys.readouterr()
        return status, shown.out + shown.err

    def json(self, *arguments: str) -> Any:
        status, said = self.run(*arguments, "--json")
        assert status == 0, said
        return json.loads(said)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    (tmp_path / "lab").mkdir()
    LabClock.create(tmp_path / "lab" / "clock", LAB_START, rate=0.0).close()
    Authority.create(tmp_path / "pki", bits=2048)
    return Shell(tmp_path, capsys)


def test_make_list_and_revoke(shell: Shell) -> None:
    (head,) = shell.json("make")
    assert (head["profile"], head["not_before"]) == ("head", LAB_START.isoformat())
    (shop,) = shell.json("make", "signer", "--organisation", "ТОО TEST", "--bin", "000140000017")
    assert shop["taxpayer"] == "000140000017"
    (person,) = shell.json("make", "individual", "--name", "TESTOVA ANNA", "--iin", "000140000028")
    assert person["taxpayer"] == "000140000028"
    assert "SURNAME=TESTOVA" in person["subject"]
    assert [each["serial"] for each in shell.json("list")] == [
        each["serial"] for each in (head, shop, person)
    ]
    status, said = shell.run("revoke", head["file"], "--reason", "superseded")
    assert (status, "2031-03-01 14:30:15 Almaty: superseded" in said) == (0, True)
    status, said = shell.run("revoke", shop["serial"])
    assert status == 0
    assert [bool(each["revoked"]) for each in shell.json("list")] == [True, True, False]
    facts = shell.json("authority")
    assert (facts["certificates"], facts["revoked"]) == (3, 2)
    status, said = shell.run("list")
    assert status == 0
    assert "superseded" in said


def test_every_profile(shell: Shell) -> None:
    made = shell.json("make", "--all")
    assert len({each["profile"] for each in made}) == len(made) == 12


@pytest.mark.parametrize("detached", [True, False])
def test_sign_and_check(shell: Shell, tmp_path: Path, detached: bool) -> None:
    text, cms = tmp_path / "text", tmp_path / "text.cms"
    text.write_text("Заявка (TEST)", encoding="utf-8")
    (head,) = shell.json("make", "head", "--to", str(tmp_path / "copy" / "head.p12"))
    assert (tmp_path / "copy" / "head.p12").read_bytes() == Path(head["file"]).read_bytes()
    options = ["--detached"] if detached else []
    assert shell.run("sign", head["file"], "--content", str(text), "--out", str(cms), *options)[0] == 0
    asked = ("check", str(cms), "--content", str(text))
    verdict = shell.json(*asked, "--taxpayer", "123456789021")
    assert (verdict["ok"], verdict["attached"], verdict["revocation"]) == (True, not detached, "ocsp")
    status, said = shell.run(*asked, "--taxpayer", "000000000000")
    assert (status, "taxpayer: ИИН/БИН сертификата" in said, said.split()[-1]) == (1, True, "refused")
    shell.run("revoke", head["serial"])
    status, said = shell.run(*asked)
    assert (status, "revoked: Сертификат отозван" in said) == (1, True)
    done = subprocess.run(
        [
            *("openssl", "cms", "-verify", "-inform", "DER", "-in", cms, "-binary", "-content", text),
            *("-CAfile", shell.pki / "trust.pem", "-attime", str(int(LAB_START.timestamp()))),
        ],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr


def test_login_and_individuals(shell: Shell, tmp_path: Path) -> None:
    text, cms = tmp_path / "text", tmp_path / "text.cms"
    text.write_text("challenge", encoding="utf-8")
    door, person = shell.json("make", "authentication", "individual")
    for made, options in ((door, ("--login",)), (person, ("--individuals",))):
        shell.run("sign", made["file"], "--text", "challenge", "--out", str(cms))
        assert shell.run("check", str(cms), "--content", str(text))[0] == 1
        assert shell.run("check", str(cms), "--text", "challenge", *options)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("make", "king"), "no profile 'king'; known: head"),
        (("make", "--password", "x"), "password: 6 to 32"),
        (("make", "--bin", "1"), "bin: a BIN has 12 digits"),
        (("make", "--name", "ИВАНОВ ИВАН", "--organisation", "ТОО Ромашка"), "TEST must stand"),
        (("revoke", "xyz"), "neither a serial number"),
        (("revoke", "12ab"), "no certificate 12ab"),
        (("revoke", "12ab", "--reason", "boredom"), "no reason"),
        (("authority", "--base", "http://127.0.0.1:1"), "holds a test authority already"),
        (("check", "nowhere.cms", "--content", "nowhere"), "No such file"),
        (("sign", "nowhere.p12", "--text", "x", "--out", "x.cms"), "No such file"),
        (("check", "x.cms"), "--content FILE or as --text"),
        (("make", "--all", "--to", "x.p12"), "--to takes the file of one"),
    ],
)
def test_refusals_name_what_is_wrong(
    shell: Shell, arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, shown = shell.run(*arguments)
    assert (status, said in shown) == (2, True), shown


def test_a_wrong_password_and_no_authority(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (head,) = shell.json("make")
    text = tmp_path / "text"
    text.write_text("x", encoding="utf-8")
    cms = str(tmp_path / "x.cms")
    status, said = shell.run("sign", head["file"], "--text", "x", "--out", cms, "--password", "Wrong1234")
    assert (status, "password does not open" in said) == (2, True)
    status, said = shell.run("sign", str(text), "--text", "x", "--out", cms)
    assert (status, "no PKCS#12" in said) == (2, True)
    assert cli.run(["certificate", "list", "--pki", str(tmp_path / "none")]) == 2
    assert "holds no test authority" in capsys.readouterr().err
