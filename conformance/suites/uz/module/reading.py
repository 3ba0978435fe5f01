"""What can be asked at any time: objects, tag lists, indexes (uz-fiscal §5.2, §5.4, §5.5)."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.module.books import OK, begin, fresh, refused, unchanged
from reference.protocol.uz import apdu, tlv
from reference.protocol.uz.apdu import Command, StatusWord
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
CIPHER_KEY = 0x0C
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
    return inner


@family(
    "uz.module.reading.sizes.{key}",
    rows={name: name for name in TABLES},
    target="module",
    clauses=["S-5.5", "TY-02"],
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


@family(
    "uz.module.reading.tags-alone.{key}",
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
    "uz.module.reading.tags-listed.{key}",
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
    "uz.module.reading.cipher-key",
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


@family(
    "uz.module.reading.index.{key}",
    rows={"shift-info": 0x01, "shift-file": 0x02, "receipt-info": 0x05, "receipt-file": 0x06},
    target="module",
    clauses=["FM-I-01", "FM-I-02", "FM-I-04"],
    requirements=["UZ-DEV-07"],
    description="The {key} is asked for by indexes from 7FFF to FFFF.",
    expectation="9020 up to 7FFF, 9011 from 8000 on; nothing has changed.",
)
def index_bounds(ctx: Context, ins: int) -> None:
    """An index is a short that is not negative."""
    ctx.module.ready("open")
    with unchanged(ctx):
        for index in (0x7FFE, 0x7FFF):
            answer = ctx.module.transmit(Command(0, ins, index >> 8, index & 0xFF))
            expected = StatusWord.NOT_FOUND
            ctx.check(expected, answer.sw, f"status word for index {index:04X}", clause="FM-I-02")
        for index in (0x8000, 0x8001, 0xC000, 0xFFFE, 0xFFFF):
            answer = ctx.module.transmit(Command(0, ins, index >> 8, index & 0xFF))
            ctx.check(
                StatusWord.INVALID_INDEX, answer.sw, f"status word for index {index:04X}", clause="FM-I-01"
            )


@case(
    "uz.module.reading.last-shift-index",
    target="module",
    clauses=["FM-I-02", "FM-I-03"],
    requirements=["UZ-SHF-06"],
    description="The oldest shift is read by the highest index there is, and the one beyond it.",
    expectation="The oldest shift answers, the next index is 9020 for information and file alike.",
)
def last_shift_index(ctx: Context) -> None:
    """As many shifts as fiscal memory counts."""
    module = ctx.module
    module.ready("open")
    count = module.memory().zreports_count or 0
    ctx.check(OK, module.transmit(apdu.get_zreport_info(count - 1)).sw, "oldest shift", clause="FM-I-02")
    ctx.check(
        StatusWord.NOT_FOUND, module.transmit(apdu.get_zreport_info(count)).sw, "beyond it", clause="FM-I-02"
    )
    file = module.transmit(apdu.get_zreport_file(count))
    ctx.check(StatusWord.NOT_FOUND, file.sw, "file beyond the oldest", clause="FM-I-03")


@case(
    "uz.module.reading.open-shift-file",
    target="module",
    clauses=["FM-I-03"],
    requirements=["UZ-SHF-06"],
    description="The file of the open shift is asked for.",
    expectation="9022.",
)
def open_shift_file(ctx: Context) -> None:
    """A shift has no file before its close."""
    ctx.module.ready("open")
    refused(ctx, apdu.get_zreport_file(0), StatusWord.ZREPORT_IS_NOT_CLOSED)


@case(
    "uz.module.reading.before-the-first-shift",
    target="module",
    clauses=["FM-I-02", "FM-I-03", "FM-I-04", "FM-I-05"],
    requirements=["UZ-DEV-07"],
    needs=["fresh-module"],
    description=(
        "A module that never had a shift is asked for shifts, their files, receipts and what is "
        "unacknowledged."
    ),
    expectation="9020 for the shift, 9021 for its file, 9020 for receipt and receipt file, an empty list.",
)
def before_the_first_shift(ctx: Context) -> None:
    """Each has its own word."""
    ctx.module.fresh()
    ask = ctx.module.transmit
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_zreport_info(0)).sw, "shift 0", clause="FM-I-02")
    ctx.check(
        StatusWord.ZREPORT_IS_NOT_OPENED, ask(apdu.get_zreport_file(0)).sw, "its file", clause="FM-I-03"
    )
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_receipt_info(0)).sw, "receipt 0", clause="FM-I-04")
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_receipt_file(0)).sw, "receipt file 0", clause="FM-I-04")
    ctx.check(StatusWord.NOT_FOUND, ask(apdu.get_receipt_file(seq=1)).sw, "receipt file 1", clause="FM-I-04")
    ctx.check(
        b"\x00\x00", ctx.module.demand(apdu.get_unack_zreports()).data, "unacknowledged", clause="FM-I-05"
    )


@case(
    "uz.module.reading.receipt-indexes",
    target="module",
    clauses=["FM-I-04", "TAG-02"],
    requirements=["UZ-OFF-06"],
    needs=["test-keys"],
    description=(
        "Six receipts are held, the first and two in the middle are acknowledged, and all indexes are read."
    ),
    expectation="Index 0 is the newest held one, then downwards without gaps, and 9020 after the last.",
)
def receipt_indexes(ctx: Context) -> None:
    """A host reads 0, 1, 2 … until 9020 and has seen all."""
    books = begin(ctx)
    sold = [books.sell() for _ in range(6)]
    for at in (0, 2, 3):
        books.acknowledge(sold[at].seq)
    left = [sold[at].seq for at in (5, 4, 1)]
    ctx.check(
        left,
        [ctx.module.receipt(index).receipt_seq for index in range(3)],
        "numbers by index",
        clause="TAG-02",
    )
    files = [ctx.module.receipt_file(index).receipt_seq for index in range(3)]
    ctx.check(left, files, "numbers of files by index", clause="TAG-02")
    for command in (apdu.get_receipt_info(3), apdu.get_receipt_file(3)):
        ctx.check(StatusWord.NOT_FOUND, ctx.module.transmit(command).sw, "index 3", clause="FM-I-04")


@case(
    "uz.module.reading.receipt-file-by-number",
    target="module",
    clauses=["S-5.2", "FM-I-04"],
    requirements=["UZ-OFF-06"],
    needs=["test-keys"],
    description=(
        "Receipt files are asked for by number, with any P1 P2; then by numbers never given or acknowledged."
    ),
    expectation="The file of that number whatever P1 P2 say; 9020 for the others.",
)
def receipt_file_by_number(ctx: Context) -> None:
    """P1 P2 are ignored beside a number, also where they would be no index."""
    books = begin(ctx)
    sold = [books.sell() for _ in range(3)]
    for receipt in sold:
        for index in (0, 2, 0x7FFF, 0xFFFF):
            file = ctx.module.receipt_file(index, receipt.seq)
            ctx.check(receipt.seq, file.receipt_seq, f"number of the file, P1 P2 {index:04X}", clause="S-5.2")
    books.acknowledge(sold[1].seq)
    for seq in (sold[1].seq, sold[2].seq + 1, 0, 9_999_999_999_999_999):
        answer = ctx.module.transmit(apdu.get_receipt_file(seq=seq))
        ctx.check(StatusWord.NOT_FOUND, answer.sw, f"status word for number {seq}", clause="FM-I-04")


@family(
    "uz.module.reading.receipt-file-data.{key}",
    rows={
        "one-byte": ("01", StatusWord.WRONG_LENGTH),
        "seven-bytes": ("01000000000000", StatusWord.WRONG_LENGTH),
        "nine-bytes": ("010000000000000000", StatusWord.WRONG_LENGTH),
        "nibble-a-first": ("a000000000000000", StatusWord.INVALID_BCD),
        "nibble-f-last": ("100000000000000f", StatusWord.INVALID_BCD),
    },
    target="module",
    clauses=["FM-S-09", "TY-01"],
    requirements=["UZ-DEV-07"],
    description=lambda row: f"A receipt file is asked for with the data {row[0]}.",
    expectation=lambda row: f"{row[1]:04X}, and nothing has changed.",
)
def receipt_file_data(ctx: Context, row: tuple[str, StatusWord]) -> None:
    """Empty or a number of eight bytes."""
    ctx.module.ready("open")
    ctx.module.sell()
    refused(ctx, Command(0, 0x06, 0, 0, bytes.fromhex(row[0])), row[1], clause="FM-S-09")


@family(
    "uz.module.reading.data-where-none-belongs.{key}",
    rows={
        "version": Command(0, 0x00, 0x00, 0),
        "unacknowledged-list": Command(0, 0x00, 0x03, 0),
        "shift-file": Command(0, 0x02, 0, 0),
        "pos-challenge": Command(0, 0x0C, 0x01, 0),
        "rescan": Command(0, 0x17, 0x01, 0),
    },
    target="module",
    clauses=["FM-S-09"],
    requirements=["UZ-DEV-07"],
    description="Command {key} is given one byte, and eight, of data that it does not take.",
    expectation="6700 both times, and nothing has changed.",
)
def data_where_none_belongs(ctx: Context, command: Command) -> None:
    """Not ignored, so that a misbuilt command is noticed."""
    ctx.module.ready()
    for data in (b"\x01", bytes(8)):
        refused(ctx, command._replace(data=data), StatusWord.WRONG_LENGTH)


@case(
    "uz.module.reading.unacknowledged-shifts",
    target="module",
    clauses=["FM-I-05", "FM-A-03"],
    requirements=["UZ-SHF-07"],
    needs=["test-keys"],
    description="Three shifts are closed, a fourth is open; the middle one is acknowledged, then the others.",
    expectation=(
        "The list holds closed, unacknowledged shifts in ascending reverse index, never the open one."
    ),
)
def unacknowledged_shifts(ctx: Context) -> None:
    """After every step."""
    books = begin(ctx, "fresh")
    module = ctx.module
    for _ in range(3):
        books.sell()
        books.next_shift()
    ctx.check([1, 2, 3], module.unacknowledged_shifts(), "three closed shifts", clause="FM-I-05")
    for index, left in ((2, [1, 3]), (1, [3]), (3, [])):
        close_time = books.ledger.shift(index).close_time
        assert close_time is not None
        books.acknowledge_shift(close_time)
        ctx.check(left, module.unacknowledged_shifts(), f"without shift {index}", clause="FM-A-03")


@case(
    "uz.module.reading.sixteen-oldest-shifts",
    target="module",
    clauses=["FM-I-05"],
    requirements=["UZ-SHF-07"],
    needs=["fresh-module"],
    description="Eighteen shifts are closed and none is acknowledged, then the oldest is.",
    expectation="The list names the sixteen oldest, and after the acknowledgement the next sixteen.",
)
def sixteen_oldest_shifts(ctx: Context) -> None:
    """What one answer holds; the newest wait for their turn."""
    books = fresh(ctx, "open")
    for _ in range(17):
        books.sell()
        books.next_shift()
    books.sell()
    books.close()
    ctx.check(list(range(2, 18)), ctx.module.unacknowledged_shifts(), "sixteen oldest of eighteen")
    oldest = books.ledger.shifts[0].close_time
    assert oldest is not None
    books.acknowledge_shift(oldest)
    ctx.check(list(range(1, 17)), ctx.module.unacknowledged_shifts(), "sixteen oldest of the rest")


@case(
    "uz.module.reading.changes-nothing",
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


@case(
    "uz.module.reading.rescan",
    target="module",
    clauses=["UNK-24"],
    requirements=["UZ-OFF-06"],
    needs=["test-keys"],
    description="A rescan is asked for with receipts held, and with none.",
    expectation="9000 without data, and the oldest unsent time stays the true one.",
)
def rescan(ctx: Context) -> None:
    """It only looks again."""
    books = begin(ctx)
    for held in (2, 0):
        for _ in range(held):
            books.sell()
        with unchanged(ctx, "UNK-24"):
            answer = ctx.module.transmit(apdu.receipt_rescan())
            ctx.check((b"", OK), (answer.data, answer.sw), f"rescan with {held} receipts held")
        books.acknowledge_all()
