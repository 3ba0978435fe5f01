"""`--drive`: which dialect, where."""

from __future__ import annotations

import pytest

from reference.pos.__main__ import main
from reference.pos.errors import OrderError
from reference.pos.fiscal.address import DriveAddress, open_service
from reference.pos.fiscal.service import Dialect


@pytest.mark.parametrize(
    ("text", "dialect", "url"),
    [
        ("http://127.0.0.1:3449", "rest", "http://127.0.0.1:3449"),
        ("http://127.0.0.1:5000/", "rest", "http://127.0.0.1:5000"),
        ("https://127.0.0.1", "rest", "https://127.0.0.1:3449"),
        ("rest:", "rest", "http://127.0.0.1:3449"),
        ("rest:http://10.0.0.1", "rest", "http://10.0.0.1:3449"),
        ("rpc1:", "rpc1", "http://127.0.0.1:3448/rpc/api"),
        ("rpc1:http://127.0.0.1:9/other", "rpc1", "http://127.0.0.1:9/other"),
        ("qpos:http://[::1]", "qpos", "http://[::1]:2040/api"),
        ("qpos:", "qpos", "http://127.0.0.1:2040/api"),
        ("communicator:http://localhost", "communicator", "http://localhost:8347/uzpos"),
    ],
)
def test_addresses(text: str, dialect: str, url: str) -> None:
    assert DriveAddress.parse(text) == DriveAddress(Dialect(dialect), url)


def test_the_token_stands_in_no_address() -> None:
    address = DriveAddress.parse("communicator:http://127.0.0.1:8347?token=sesam")
    assert (address.url, address.token) == ("http://127.0.0.1:8347/uzpos", "sesam")
    service = open_service(address)
    assert service.address == "http://127.0.0.1:8347/uzpos"
    service.close()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "begins with none of"),
        ("127.0.0.1:3449", "begins with none of"),
        ("soap:http://127.0.0.1", "begins with none of"),
        ("rpc1:127.0.0.1", "must be http://host"),
        ("rpc1:ftp://127.0.0.1", "must be http://host"),
        ("http://", "must be http://host"),
        ("http://user:secret@127.0.0.1", "must be http://host"),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("qpos:http://127.0.0.1?token=x", "token is no setting of qpos"),
    ],
)
def test_what_is_no_address(text: str, rule: str) -> None:
    with pytest.raises(OrderError) as caught:
        DriveAddress.parse(text)
    assert caught.value.field == "--drive"
    assert rule in str(caught.value)


def test_commands_tell_what_is_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--drive", "soap:", "last"]) == 1
    assert "--drive: 'soap:' begins with none of" in capsys.readouterr().err
    assert main(["serve", "--drive", "soap:", "--port", "0"]) == 2
    assert "--drive: 'soap:' begins with none of" in capsys.readouterr().err
