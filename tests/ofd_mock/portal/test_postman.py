"""Mails of the outbox at a real SMTP server: in order, once, after it comes back, and never held up by it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

import pytest
from sqlalchemy import delete

from ofd_mock.portal.postman import SENDER, Postman
from ofd_mock.portal.process import main
from ofd_mock.portal.tables import Mail
from tests.ofd_mock.portal.stand import Stand
from tests.waiting import PATIENCE, eventually


class Catcher:
    """A mail server for tests: takes what it is told, keeps it; with `refusing` it takes no recipient."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.recipients: list[str] = []
        self.refusing = False
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 catcher\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            answer = b"250 ok"
            if word == b"RCPT":
                answer = b"451 later" if self.refusing else b"250 ok"
                self.recipients.append(line.decode().split("<")[1].split(">")[0])
            elif word == b"DATA":
                writer.write(b"354 go on\r\n")
                data = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(message_from_bytes(data[:-3].replace(b"\r\n..", b"\r\n.")))
            elif word == b"QUIT":
                answer = b"221 bye"
            writer.write(answer + b"\r\n")
            await writer.drain()
            if word == b"QUIT":
                break
        writer.close()


async def closed(server: asyncio.Server) -> None:
    """In the server's own loop: its last connection may be ending there."""
    server.close()
    await server.wait_closed()


@contextmanager
def catching(port: int = 0) -> Iterator[Catcher]:
    catcher = Catcher()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = asyncio.start_server(catcher.serve, "127.0.0.1", port)
    server = asyncio.run_coroutine_threadsafe(opening, loop).result(PATIENCE)
    catcher.port = server.sockets[0].getsockname()[1]
    yield catcher
    asyncio.run_coroutine_threadsafe(closed(server), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def write(stand: Stand, *texts: str) -> None:
    with stand.office.changing() as session:
        for text in texts:
            stand.office.mail(session, "shop@example.kz", "TEST Kassalab: код", text)


def texts(catcher: Catcher) -> list[str]:
    found = [mail.get_payload(decode=True) for mail in catcher.mails]
    return [each.decode().replace("\r\n", "\n").strip() for each in found if isinstance(each, bytes)]


def test_mails_arrive_once_and_in_order(stand: Stand) -> None:
    write(stand, "до начала")
    with catching() as catcher:
        postman = Postman(stand.office, "127.0.0.1", catcher.port)
        write(stand, "Код подтверждения: 123456", "второе")
        assert postman.carry()
        assert postman.carry()
        write(stand, ".третье\n.\nконец")
        assert postman.carry()
    assert texts(catcher) == ["Код подтверждения: 123456", "второе", ".третье\n.\nконец"]
    assert catcher.recipients == ["shop@example.kz"] * 3
    first = catcher.mails[0]
    assert str(make_header(decode_header(first["Subject"]))) == "TEST Kassalab: код"
    assert (first["From"], first["To"]) == (SENDER, "shop@example.kz")
    assert first["Date"] == "Thu, 10 Sep 2026 06:00:00 +0000"


def test_what_was_not_taken_is_tried_again(stand: Stand) -> None:
    with catching() as catcher:
        postman = Postman(stand.office, "127.0.0.1", catcher.port)
        catcher.refusing = True
        write(stand, "одно")
        assert not postman.carry()
        catcher.refusing = False
        assert postman.carry()
        assert texts(catcher) == ["одно"]
        port = catcher.port
    write(stand, "другое")
    assert not postman.carry()
    with catching(port) as catcher:
        assert postman.carry()
        assert texts(catcher) == ["другое"]


def test_he_walks_by_himself_and_a_reset_does_not_stop_him(stand: Stand) -> None:
    with catching() as catcher:
        postman = Postman(stand.office, "127.0.0.1", catcher.port)
        postman.start()
        write(stand, "раз", "два")
        postman.kick()
        eventually(lambda: texts(catcher) == ["раз", "два"])
        with stand.office.changing() as session:
            session.execute(delete(Mail))
        postman.kick()
        eventually(lambda: postman.handed == 0)
        write(stand, "три")
        postman.kick()
        eventually(lambda: len(texts(catcher)) == 3)
        postman.stop()
    assert texts(catcher) == ["раз", "два", "три"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("127.0.0.1", "is no HOST:PORT"),
        ("127.0.0.1:x", "is no HOST:PORT"),
        (":25", "is no HOST:PORT"),
        ("127.0.0.1:0", "is no HOST:PORT"),
        ("192.0.2.1:25", "is not a loopback address"),
    ],
)
def test_an_address_that_cannot_be_is_refused(
    given: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--smtp", given])
    assert ended.value.code == 2
    assert text in capsys.readouterr().err
