"""An owner portal is opened only if its API document says that it is a test stand."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from conformance.session import Session
from conformance.targets import TargetError, parse_target
from conformance.verdicts import TargetUnreachable
from tests.conformance.targets_of_straw import serving

PATHS: dict[str, Any] = {"/api/me": {"get": {}}}


def opened(document: Any) -> Session:
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )

    def answer(connection: socket.socket) -> None:
        while b"\r\n\r\n" not in connection.recv(65_536):
            continue
        connection.sendall(head + body)

    with serving(answer) as port:
        session = Session(parse_target(f"backoffice:http://127.0.0.1:{port}"), seconds=10)
        session.open()
        return session


def test_a_test_stand_is_opened_without_a_control_api() -> None:
    session = opened({"info": {"description": "A TEST stand."}, "paths": PATHS})
    assert session.facts["addresses of the API"] == "1"
    assert session.capabilities == frozenset()


def test_a_portal_with_real_owners_is_not_touched() -> None:
    with pytest.raises(TargetUnreachable, match="refuse to touch it"):
        opened({"info": {"description": "The portal."}, "paths": PATHS})


@pytest.mark.parametrize("document", [[], {}, {"info": {}, "paths": []}, {"paths": PATHS}])
def test_what_has_no_document_is_no_owner_portal(document: Any) -> None:
    with pytest.raises(TargetUnreachable, match="not as a backoffice does"):
        opened(document)


def test_the_keys_of_the_providers_can_be_given() -> None:
    target = parse_target("backoffice:http://127.0.0.1?payme-key=one&click-key=two")
    assert (target.endpoint.port, dict(target.options)) == (7793, {"payme-key": "one", "click-key": "two"})
    with pytest.raises(TargetError, match="unknown option 'payme-key'"):
        parse_target("portal:http://127.0.0.1?payme-key=one")
