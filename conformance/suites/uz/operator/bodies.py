"""Receipt files whose body is not what was signed, or does not add up (uz-fiscal OF-19, RC-07, RC-08)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.terminal import Issued, Terminal
from conformance.suites.uz.operator.exchange import errored, full, taken, unstored
from reference.protocol.uz import gost, standin
from reference.protocol.uz.message import File
from reference.protocol.uz.receipt import Item, Receipt
from reference.protocol.uz.total_block import TotalBlock

Change = Callable[[Context, Issued], bytes]


def _bit(at: int) -> Change:
    return lambda _, issued: issued.body[:at] + bytes((issued.body[at] ^ 0x20,)) + issued.body[at:][1:]


BODIES: dict[str, Change] = {
    "first-byte": _bit(0),
    "byte-in-the-middle": lambda ctx, issued: _bit(ctx.rng.randrange(1, len(issued.body) - 1))(ctx, issued),
    "last-byte": _bit(-1),
    "block-missing": lambda _, issued: issued.body[:-8],
    "block-more": lambda _, issued: issued.body + bytes(8),
    "byte-missing": lambda _, issued: issued.body[:-1],
    "byte-more": lambda _, issued: issued.body + b"\0",
    "missing": lambda *_: b"",
    "in-clear": lambda _, issued: issued.tlv,
    "blocks-swapped": lambda _, issued: issued.body[8:16] + issued.body[:8] + issued.body[16:],
    "random": lambda ctx, issued: ctx.rng.randbytes(len(issued.body)),
    "under-another-key": lambda ctx, issued: gost.encrypt(ctx.rng.randbytes(32), issued.tlv),
}
"""Bodies that are not what was signed, the header being genuine."""


@family(
    "uz.operator.body.{key}",
    rows=BODIES,
    target="operator",
    clauses=["OF-19", "CR-02", "CR-03"],
    level="stand-in",
    requirements=["UZ-OFD-01", "UZ-DEV-01"],
    needs=["test-keys"],
    description="A receipt's header is genuine, its encrypted body is not: {key}.",
    expectation="Error with the name of a trace, nothing stored; the genuine receipt is taken afterwards.",
)
def other_body(ctx: Context, change: Change) -> None:
    """One changed byte is enough."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    errored(ctx, terminal, replace(issued.full, body=change(ctx, issued)))
    unstored(ctx, terminal, issued, "OF-19")


@family(
    "uz.operator.body.of-another-receipt.{key}",
    rows={"same-module": True, "other-module": False},
    target="operator",
    clauses=["OF-19", "CR-02"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A receipt comes with the body of another one of the {key}.",
    expectation="Error with the name of a trace, nothing stored.",
)
def body_of_another(ctx: Context, own: bool) -> None:
    """Both are genuine, they only do not belong together."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    other = terminal.issue() if own else ctx.operator.terminal().issue()
    errored(ctx, terminal, replace(issued.full, body=other.body))
    unstored(ctx, terminal, issued, "OF-19")


@family(
    "uz.operator.body.hash.{key}",
    rows={
        "zero": lambda _: bytes(32),
        "reversed": lambda digest: digest[::-1],
        "one-bit": lambda digest: digest[:-1] + bytes((digest[-1] ^ 1,)),
    },
    target="operator",
    clauses=["OF-19", "CR-02"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A module has signed another hash than that of the receipt: {key}.",
    expectation="Error with the name of a trace, nothing stored.",
)
def hash_differs(ctx: Context, change: Callable[[bytes], bytes]) -> None:
    """The signature is genuine, since the judge is the module."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    block = replace(issued.block, items_hash=change(issued.block.items_hash))
    errored(ctx, terminal, terminal.sign_block(issued.receipt, issued.tlv, block, issued.seq).full)
    unstored(ctx, terminal, issued, "OF-19")


DISAGREEMENTS: dict[str, Callable[[TotalBlock], TotalBlock]] = {
    "time-later": lambda block: replace(block, time=block.time + timedelta(seconds=1)),
    "time-earlier": lambda block: replace(block, time=block.time - timedelta(days=1)),
    "cash": lambda block: replace(block, cash=block.cash + 1),
    "card": lambda block: replace(block, card=block.card + 1),
    "cash-and-card-swapped": lambda block: replace(block, cash=block.card + 7, card=block.cash),
    "vat": lambda block: replace(block, vat=block.vat + 1),
    "refund-as-sale": lambda block: replace(block, operation=1 - block.operation),
}
"""Records whose values are not those of the body that they are signed for."""


@family(
    "uz.operator.body.disagrees.{key}",
    rows=DISAGREEMENTS,
    target="operator",
    clauses=["OF-19"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A module has signed a record that says otherwise than the receipt in the body: {key}.",
    expectation="Error with the name of a trace, nothing stored.",
)
def disagrees(ctx: Context, change: Callable[[TotalBlock], TotalBlock]) -> None:
    """Hash and signature are right, so only the comparison can find it."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    forged = terminal.sign_block(issued.receipt, issued.tlv, change(issued.block), issued.seq)
    errored(ctx, terminal, forged.full)
    unstored(ctx, terminal, issued, "OF-19")


def _cipher_key_differs(terminal: Terminal, issued: Issued) -> File:
    record = replace(issued.record, cipher_key=bytes(32))
    file = standin.make_receipt_file(terminal.keys, terminal.id, issued.seq, record, 0)
    return replace(issued.full, header=file.encode())


def _signed_content(content: Callable[[Issued], bytes]) -> Callable[[Terminal, Issued], File]:
    """A module signed bytes that are no receipt, with their true hash."""

    def make(terminal: Terminal, issued: Issued) -> File:
        tlv = gost.pad(content(issued))
        block = replace(issued.block, items_hash=gost.digest(tlv))
        return terminal.sign_block(issued.receipt, tlv, block, issued.seq).full

    return make


@family(
    "uz.operator.body.unreadable.{key}",
    rows={
        "key-in-record": _cipher_key_differs,
        "cut": _signed_content(lambda issued: issued.tlv[: len(issued.tlv) // 2]),
        "no-receipt-element": _signed_content(lambda issued: b"\x8e" + issued.tlv[1:]),
        "text": _signed_content(lambda _: b"a receipt over two loaves"),
        "cash-missing": _signed_content(lambda issued: issued.tlv.replace(b"\x01", b"\x6f", 1)),
        "empty": _signed_content(lambda _: b""),
    },
    target="operator",
    clauses=["OF-19", "S-8.1"],
    level="stand-in",
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="What a module has signed is no receipt that its table can read: {key}.",
    expectation="Error with the name of a trace, nothing stored.",
)
def unreadable(ctx: Context, make: Callable[[Terminal, Issued], File]) -> None:
    """Hash, signature and record are right."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    errored(ctx, terminal, make(terminal, issued))
    unstored(ctx, terminal, issued, "OF-19")


def _items(*items: Item) -> Callable[[Receipt], Receipt]:
    """One receipt of these items, paid in cash to the tiyin."""
    owed = sum(item.price - item.discount - item.other for item in items)
    return lambda receipt: replace(receipt, items=items, received_cash=max(owed, 0), received_card=0)


def _paid(difference: int) -> Callable[[Receipt], Receipt]:
    """Two loaves for 500 000 tiyin, paid with that much more."""
    loaves = _items(Item(name="Non", price=300_000, amount=1000), Item(name="Non", price=200_000, amount=500))
    return lambda receipt: replace(loaves(receipt), received_cash=500_000 + difference)


def _by_card(difference: int) -> Callable[[Receipt], Receipt]:
    return lambda receipt: replace(
        _paid(0)(receipt), received_cash=200_000, received_card=300_000 + difference
    )


@family(
    "uz.operator.sums.wrong.{key}",
    rows={
        "paid-10001-more": _paid(10_001),
        "paid-10001-less": _paid(-10_001),
        "card-10001-more": _by_card(10_001),
        "card-10001-less": _by_card(-10_001),
        "not-paid": _paid(-500_000),
        "discount-above-price": _items(
            Item(name="Non", price=1000, discount=1001), Item(name="Choy", price=600_000)
        ),
        "other-above-price": _items(
            Item(name="Non", price=1000, other=1001), Item(name="Choy", price=600_000)
        ),
        "discount-and-other-above-price": _items(
            Item(name="Choy", price=600_000), Item(name="Non", price=1000, discount=600, other=401)
        ),
    },
    target="operator",
    clauses=["OF-19", "RC-07", "RC-08"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A genuine receipt does not add up: {key}.",
    expectation="Error with the name of a trace, nothing stored.",
)
def wrong_sums(ctx: Context, change: Callable[[Receipt], Receipt]) -> None:
    """Signed by the module as it is, so that nothing else is wrong with it."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    errored(ctx, terminal, terminal.sign(change(issued.receipt), issued.seq).full)
    unstored(ctx, terminal, issued, "OF-19")


@family(
    "uz.operator.sums.right.{key}",
    rows={
        "to-the-tiyin": _paid(0),
        "paid-10000-more": _paid(10_000),
        "paid-10000-less": _paid(-10_000),
        "card-10000-more": _by_card(10_000),
        "card-10000-less": _by_card(-10_000),
        "given-away": _items(Item(name="Non", price=1000, discount=600, other=400)),
        "vat-as-somebody-rounds": _items(Item(name="Non", price=19_000, vat=2_037, vat_percent=12)),
        "greatest": _items(Item(name="Oltin", price=9_999_999_999_999_999)),
    },
    target="operator",
    clauses=["RC-07", "RC-08", "RC-13"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="A genuine receipt adds up within the limits: {key}.",
    expectation="Acknowledge.",
)
def right_sums(ctx: Context, change: Callable[[Receipt], Receipt]) -> None:
    """A difference of 10000 tiyin is still allowed in both directions, and VAT is nobody's business."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue(change(terminal.issue().receipt))
    taken(ctx, terminal, full(issued))
