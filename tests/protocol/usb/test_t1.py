"""T=1 blocks and the card's side of the line, against a host written here (ISO 7816-3 §11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb.errors import TpduError
from reference.protocol.usb.t1 import ABORT, IFS, LONGEST_COMMAND, RESPONSE, RESYNCH, WTX, Block, Card


class Host:
    """The host's side: sends commands in chains, fetches answers in chains, may lose or garble blocks."""

    def __init__(self, card: Card, takes: int = 32) -> None:
        self.card = card
        self.number = 0
        self.expected = 0
        self.blocks = 0
        if takes != 32:
            assert self.say(Block(IFS, bytes((takes,)))) == Block(IFS | RESPONSE, bytes((takes,)))

    def say(self, block: Block) -> Block | None:
        self.blocks += 1
        answer = self.card.take(block.encode())
        return None if answer is None else Block.decode(answer)

    def send(self, command: bytes) -> None:
        """The whole command; the card has it afterwards."""
        pieces = [command[at : at + self.card.ifsc] for at in range(0, len(command), self.card.ifsc)] or [b""]
        for piece in pieces[:-1]:
            block = Block.information(self.number, piece, more=True)
            self.number ^= 1
            assert self.say(block) == Block.ready(self.number)
        assert self.say(Block.information(self.number, pieces[-1])) is None
        self.number ^= 1

    def fetch(self, first: bytes, *, garbled: bool = False) -> bytes:
        """The whole answer whose first block is given; every block is asked for twice if `garbled`."""
        block = Block.decode(first)
        gathered = b""
        while True:
            if garbled:
                assert self.say(Block.ready(self.expected, 1)) == block
            assert block.number == self.expected
            gathered += block.inf
            self.expected ^= 1
            if not block.more:
                return gathered
            following = self.say(Block.ready(self.expected))
            assert following is not None
            block = following

    def ask(self, command: bytes, response: bytes, **how: bool) -> bytes:
        self.send(command)
        assert self.card.command() == command
        return self.fetch(self.card.answer(response), **how)


@given(
    st.lists(st.tuples(st.binary(max_size=600), st.binary(min_size=2, max_size=600)), max_size=4),
    st.integers(1, 254),
    st.integers(1, 254),
    st.booleans(),
)
def test_any_exchange_comes_through_whole(
    exchanges: list[tuple[bytes, bytes]], card_takes: int, host_takes: int, garbled: bool
) -> None:
    host = Host(Card(card_takes), host_takes)
    for command, response in exchanges:
        assert host.ask(command, response, garbled=garbled) == response


def test_blocks_on_the_line() -> None:
    card = Card()
    assert card.take(bytes.fromhex("00c101fe3e")) == bytes.fromhex("00e101fe1e")
    assert card.take(bytes.fromhex("00000500ca9f7f002f")) is None
    assert card.command().hex() == "00ca9f7f00"
    assert card.answer(bytes.fromhex("9000")).hex() == "000002900092"
    assert card.take(bytes.fromhex("0040050000000000" + "45")) is None


def test_a_long_answer_is_not_longer_than_the_host_takes() -> None:
    host = Host(Card(), 254)
    assert host.ask(b"\x00" * 5, bytes(250) + b"\x90\x00") == bytes(250) + b"\x90\x00"
    assert host.blocks == 2
    host = Host(Card(), 10)
    assert host.ask(b"\x00" * 5, bytes(30)) == bytes(30)
    assert host.blocks == 4


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ("00000500ca9f7f0030", 1),  # check byte
        ("000005", 2),  # no block
        ("000006" + "00ca9f7f00" + "2c", 2),  # LEN
        ("008201" + "00" + "83", 2),  # an R-block has no INF
        ("000100" + "01", 2),  # a reserved bit
        ("00ff00" + "ff", 2),  # no S-block of any kind
    ],
)
def test_a_broken_block_is_asked_for_again(block: str, error: int) -> None:
    card = Card()
    assert card.take(bytes.fromhex(block)) == Block.ready(0, error).encode()
    assert Host(card).ask(b"command", b"\x90\x00") == b"\x90\x00"


def test_a_block_that_comes_twice_counts_once() -> None:
    card = Card()
    first = Block.information(0, b"abc", more=True).encode()
    assert card.take(first) == Block.ready(1).encode()
    assert card.take(first) == Block.ready(1, 2).encode()
    assert card.take(Block.information(1, b"def").encode()) is None
    assert card.command() == b"abcdef"


def test_more_than_the_card_takes_is_refused() -> None:
    card = Card()
    assert card.take(Block.information(0, bytes(33)).encode()) == Block.ready(0, 2).encode()


def test_a_command_longer_than_any_is_refused() -> None:
    card = Card(254)
    number = 0
    for _ in range(LONGEST_COMMAND // 254):
        assert card.take(Block.information(number, bytes(254), more=True).encode()) is not None
        number ^= 1
    assert card.take(Block.information(number, bytes(254)).encode()) == Block.ready(number, 2).encode()


def test_a_new_command_is_refused_while_an_answer_is_on_its_way() -> None:
    host = Host(Card())
    host.send(b"command")
    host.card.command()
    host.card.answer(bytes(100))
    assert host.say(Block.information(host.number, b"other")) == Block.ready(host.number, 2)


def test_abort_forgets_both_chains() -> None:
    host = Host(Card())
    host.say(Block.information(0, b"half", more=True))
    host.number = 1
    assert host.say(Block(ABORT)) == Block(ABORT | RESPONSE)
    assert host.ask(b"whole", b"\x90\x00") == b"\x90\x00"


def test_resynchronisation_begins_anew() -> None:
    host = Host(Card())
    host.ask(b"one", bytes(40))
    assert host.say(Block(RESYNCH)) == Block(RESYNCH | RESPONSE)
    host.number = host.expected = 0
    assert host.ask(b"two", b"\x90\x00") == b"\x90\x00"


@pytest.mark.parametrize(
    "block",
    [
        Block(IFS),
        Block(IFS, b"\x00"),
        Block(IFS, b"\xff"),
        Block(WTX, b"\x01"),
        Block(WTX | RESPONSE, b"\x01"),
    ],
)
def test_s_blocks_that_make_no_sense_are_refused(block: Block) -> None:
    assert Host(Card()).say(block) == Block.ready(0, 2)


def test_an_r_block_before_anything_was_said_is_refused() -> None:
    assert Host(Card()).say(Block.ready(0)) == Block.ready(0, 2)


def test_nodes_are_answered_the_other_way_round() -> None:
    assert Host(Card()).say(Block(RESYNCH, nad=0x21)) == Block(RESYNCH | RESPONSE, nad=0x12)


def test_a_block_holds_254_bytes() -> None:
    assert Block.decode(Block.information(1, bytes(254)).encode()) == Block(0x40, bytes(254))
    with pytest.raises(TpduError, match="INF: 255 bytes, at most 254"):
        Block.information(1, bytes(255)).encode()
