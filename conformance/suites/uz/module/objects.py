"""The objects a0 … a5: tags and sizes, tag lists, flags, shortest lengths (uz-fiscal §2.4, §2.5, §5.5)."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.module.books import begin, unchanged
from reference.protocol.uz import apdu, tlv
from reference.protocol.uz.apdu import Command
from reference.protocol.uz.errors import UzError

VARIES = -1
"""Any size will do."""
ACCOUNT = {0x01: 8, 0x02: 8}
TABLES: Mapping[str, tuple[int, Mapping[int, int | Mapping[int, int]]]] = {
    "info": (
        0xA0,
        {
            0x01: 2, 0x02: 42, 0x0A: VARIES, 0x03: 8, 0x04: 8, 0x05: 1, 0x06: 2, 0x07: 1, 0x08: 1,
            0x09: 1,
            0x80: {0x01: 2, 0x02: 2, 0x03: 2},
        },
    ),
    "memory": (
        0xA1,
        {
            0x01: 8, 0x02: 8, 0x03: 8, 0x04: 8, 0x05: 2, 0x06: 2, 0x07: 2, 0x08: 2, 0x09: 2, 0x0A: 2,
            0x0B: 2, 0x0C: 2, 0x0D: 2, 0x80: ACCOUNT, 0x81: ACCOUNT, 0x82: ACCOUNT,
        },
    ),
    "shift": (
        0xA2,
        {
            0x01: 8, 0x02: 8, 0x03: 8, 0x04: 2, 0x05: 2, 0x08: 8, 0x06: 8, 0x07: 8,
            0x80: ACCOUNT, 0x81: ACCOUNT, 0x82: ACCOUNT,
        },
    ),
    "receipt": (
        0xA3,
        {
            0x01: 8, 0x02: 8, 0x03: 8, 0x04: 6, 0x05: 1, 0x06: 1, 0x07: 8, 0x08: 8, 0x09: 8, 0x0A: 2,
            0x0C: 32, 0x0E: VARIES, 0x0F: 32,
        },
    ),
    "shift-file": (0xA4, {0x01: 8, 0x02: 8, 0x03: VARIES, 0x04: VARIES, 0x05: 2}),
    "receipt-file": (0xA5, {0x01: 8, 0x02: 8, 0x03: VARIES, 0x04: VARIES, 0x05: 1, 0x06: 2}),
}  # fmt: skip
"""Object tag, then sizes by tag, in the order of the guide's tables."""
COMMANDS = {
    "info": Command(0, 0x00, 0x01, 0),
    "memory": Command(0, 0x00, 0x02, 0),
    "shift": Command(0, 0x01, 0, 0),
    "receipt": Command(0, 0x05, 0, 0),
    "shift-file": Command(0, 0x02, 0, 1),
    "receipt-file": Command(0, 0x06, 0, 0),
}
CIPHER_KEY, LOCKED, POS_LOCKED, POS_AUTH = 0x0C, 0x05, 0x08, 0x09
TAGGED = {name: name for name in ("info", "memory", "shift", "receipt")}


def _furnish(ctx: Context) -> None:
    """A closed shift behind an open one, and a held receipt with an EXTRA: every object can be read."""
    books = begin(ctx, "fresh")
    books.sell()
    books.next_shift()
    books.sell(cash=700, card=500, vat=90, extra=b"\x04\x03abc")


def _value(ctx: Context, name: str, tags: bytes = b"") -> list[tuple[int, bytes]]:
    """Top-level elements of the object's answer to a tag list."""
    answer = ctx.module.demand(COMMANDS[name]._replace(data=tags))
    try:
        ((tag, value),) = tlv.elements(answer.data)
        inner = tlv.elements(value)
    except (UzError, ValueError) as error:
        ctx.fail(f"the answer to {name} is no object: {error}", clause="S-5.5")
    ctx.check(TABLES[name][0], tag, f"object tag of {name}", clause="S-5.5")
    ctx.check(tlv.element(tag, value), answer.data, f"{name} in shortest form", clause="TLV-02")
    shortest = b"".join(tlv.element(tag, data) for tag, data in inner)
    ctx.check(shortest, value[: len(shortest)], f"elements of {name} in shortest form", clause="TLV-02")
    return inner


@family(
    "uz.module.objects.sizes.{key}",
    rows={name: name for name in TABLES},
    target="module",
    clauses=["S-5.5", "TY-02", "TLV-02"],
    requirements=["UZ-DEV-07"],
    description="Object {key} is read whole and taken apart.",
    expectation=(
        "Known tags only once, in the table's order, each with its full size: 8 bytes a BCD, 2 a short, 1"
        " a byte."
    ),
)
def sizes(ctx: Context, name: str) -> None:
    """Hosts reject every other size."""
    _furnish(ctx)
    table = TABLES[name][1]
    found = _value(ctx, name)
    order = [tag for tag in table if tag in {tag for tag, _ in found}]
    ctx.check(
        [f"{tag:02x}" for tag in order], [f"{tag:02x}" for tag, _ in found if tag in table], "order of tags"
    )
    for tag, value in found:
        wanted = table.get(tag, VARIES)
        if isinstance(wanted, Mapping):
            inner = {inner: len(data) for inner, data in tlv.elements(value)}
            ctx.check(dict(wanted), inner, f"sizes inside tag {tag:02x}")
        elif wanted != VARIES:
            ctx.check(wanted, len(value), f"size of tag {tag:02x}")


@case(
    "uz.module.objects.flags",
    target="module",
    clauses=["S-5.5"],
    requirements=["UZ-OFF-05"],
    needs=["test-keys"],
    description="The lock, POS lock and POS authentication flags are read as bytes while free and while set.",
    expectation="Bytes ff for no, 00 for yes.",
)
def flags(ctx: Context) -> None:
    """The other way round than most would guess."""
    books = begin(ctx, "fresh")
    no, yes = b"\xff", b"\x00"
    tags = bytes((LOCKED, POS_LOCKED, POS_AUTH))
    ctx.check([no, no, no], [value for _, value in _value(ctx, "info", tags)], "flags of a free module")
    secret = ctx.rng.randbytes(32)
    ctx.module.demand(apdu.pos_lock(secret))
    ctx.module.demand(apdu.pos_auth(secret, ctx.module.demand(apdu.pos_challenge()).data))
    books.must(books.sync(books.ledger.last_operation, lock=True), "locking sync")
    ctx.check([yes, yes, yes], [value for _, value in _value(ctx, "info", tags)], "flags, all of them set")


@family(
    "uz.module.objects.tags-alone.{key}",
    rows=TAGGED,
    target="module",
    clauses=["S-5.2", "S-5.5"],
    description="Every tag of object {key} is asked for alone.",
    expectation="The object with that one element, its content the same as in the whole object.",
)
def tags_alone(ctx: Context, name: str) -> None:
    """A tag that the whole object lacks is lacking alone, too."""
    _furnish(ctx)
    whole = dict(_value(ctx, name))
    for tag in TABLES[name][1]:
        if tag == CIPHER_KEY and name == "receipt":
            continue
        expected = [(tag, whole[tag])] if tag in whole else []
        ctx.check(
            expected, _value(ctx, name, bytes((tag,))), f"answer to tag {tag:02x} alone", clause="S-5.2"
        )


@family(
    "uz.module.objects.tags-listed.{key}",
    rows=TAGGED,
    target="module",
    clauses=["TAG-01"],
    requirements=["UZ-DEV-07"],
    description=(
        "Object {key} is asked for by tag lists: backwards, doubled, with tags that do not exist, with "
        "none that do."
    ),
    expectation=(
        "The order of the table, each element once, what does not exist passed over, an empty object for "
        "the last."
    ),
)
def tags_listed(ctx: Context, name: str) -> None:
    """Whatever the order asked."""
    _furnish(ctx)
    whole = [row for row in _value(ctx, name) if not (name == "receipt" and row[0] == CIPHER_KEY)]
    tags = bytes(tag for tag, _ in whole)
    ctx.check(whole, _value(ctx, name, tags[::-1]), "all tags backwards")
    ctx.check(whole[:2], _value(ctx, name, tags[:2] * 3), "two tags, three times each")
    ctx.check(whole[-2:], _value(ctx, name, b"\x7f" + tags[-2:] + b"\xff\x66"), "two tags among unknown ones")
    ctx.check([], _value(ctx, name, b"\x7f\x66\xff"), "unknown tags alone")


@case(
    "uz.module.objects.cipher-key",
    target="module",
    clauses=["UNK-25", "S-5.5"],
    requirements=["UZ-DEV-01"],
    description="A held receipt is read without tags, by tag 0c, and by 02 and 0c.",
    expectation="No 0c without its name; by its name the 32 bytes that the registration answered.",
)
def cipher_key(ctx: Context) -> None:
    """The key of the full receipt is not shown to whoever asks for everything."""
    ctx.module.ready("open")
    sold = ctx.module.sell()
    ctx.check(None, ctx.module.receipt(0).cipher_key, "cipher key without tags", clause="UNK-25")
    alone = ctx.module.receipt(0, (CIPHER_KEY,))
    ctx.check(sold.sign.cipher_key, alone.cipher_key, "cipher key by name", clause="S-5.5")
    both = ctx.module.receipt(0, (CIPHER_KEY, 0x02))
    ctx.check((sold.seq, sold.sign.cipher_key), (both.receipt_seq, both.cipher_key), "number and key by name")


@case(
    "uz.module.objects.changes-nothing",
    target="module",
    clauses=["FM-I-06"],
    requirements=["UZ-DEV-03"],
    description="Everything that can be read is read twice.",
    expectation="The second answers are the first ones byte for byte, and nothing has changed.",
)
def changes_nothing(ctx: Context) -> None:
    """Signatures included: they were made once and are kept."""
    _furnish(ctx)
    commands = [*COMMANDS.values(), apdu.get_version(), apdu.get_unack_zreports(), apdu.pos_challenge()]
    with unchanged(ctx):
        first = [ctx.module.demand(command).data for command in commands]
        second = [ctx.module.demand(command).data for command in commands]
    ctx.check(first, second, "second answers")
