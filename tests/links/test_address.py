"""Addresses the laboratory may talk to: uz-fiscal ID-05."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from reference.links.address import (
    AddressRefusedError,
    Endpoint,
    connect,
    is_near,
    parse_endpoint,
    require_named,
    resolve,
)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:4387", Endpoint("127.0.0.1", 4387)),
        (" localhost:1 ", Endpoint("localhost", 1)),
        ("[::1]:65535", Endpoint("::1", 65535)),
        ("operator", Endpoint("operator", 13447)),
    ],
)
def test_endpoints(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text, 13447) == endpoint
    assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text", ["", "host", ":1", "h:0", "h:65536", "h:p", "a b:1", "http://h:1", "::1:5", "h:1/x", "[]:1"]
)
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"host:port"):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.1", True),
        ("169.254.1.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("::ffff:127.0.0.1", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("224.0.0.1", False),
    ],
)
def test_near(address: str, near: bool) -> None:
    assert is_near(ipaddress.ip_address(address)) is near


@pytest.mark.parametrize("name", ["ofd.uz", "TEST.OFD.UZ.", "new-ofd.soliq.uz", "yt.uz", "a.b.yt.uz"])
def test_live_services_are_refused_whatever_is_said(name: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"live fiscal service"):
        resolve(Endpoint(name, 3447), allow_any_host=True)


@pytest.mark.parametrize("name", ["notofd.uz", "ofd.uz.example", "myyt.uz"])
def test_names_that_only_look_alike(name: str) -> None:
    require_named(name)
    with pytest.raises(AddressRefusedError) as refused:
        require_named(f"{name}.ofd.uz")
    assert f"{name}.ofd.uz belongs to a live fiscal service (ofd.uz)" in str(refused.value)


def test_far_addresses_need_leave() -> None:
    with pytest.raises(AddressRefusedError, match=r"neither loopback nor private"):
        resolve(Endpoint("8.8.8.8", 3447))
    assert resolve(Endpoint("8.8.8.8", 3447), allow_any_host=True) == ["8.8.8.8"]


def test_names_are_resolved_once_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*numbers: str) -> object:
        return lambda *_a, **_k: [(socket.AF_INET, 1, 6, "", (number, 80)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", answers("10.0.0.1", "10.0.0.1", "10.0.0.2"))
    assert resolve(Endpoint("operator.lab", 80)) == ["10.0.0.1", "10.0.0.2"]
    monkeypatch.setattr(socket, "getaddrinfo", answers("10.0.0.1", "8.8.8.8"))
    with pytest.raises(AddressRefusedError, match=r"8.8.8.8"):
        resolve(Endpoint("operator.lab", 80))
    monkeypatch.setattr(socket, "getaddrinfo", answers())
    with pytest.raises(OSError, match=r"has no address"):
        connect(Endpoint("operator.lab", 80), 1)


def test_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with connect(Endpoint("localhost", port), 5) as connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with pytest.raises(ConnectionRefusedError):
        connect(Endpoint("127.0.0.1", port), 5)
