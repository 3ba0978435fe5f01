"""A ticket as plain values, one class for each message of kz-ofd §11 that the ledger and the counters read.

Sums are whole tiyn, quantities and percents thousandths, times naive local time. What a message left out is
None (numbers, times) or empty (texts, lists): a missing field is for the checks to find, not for the reader.
Enum fields hold plain numbers, named in `kinds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Operator:
    """A cashier."""

    code: int | None = None
    name: str = ""


NOBODY: Final = Operator()
"""A message without an operator."""


@dataclass(frozen=True, slots=True)
class TaxEntry:
    """One tax of a line, a modifier or the ticket; `inside`: the sum it stands on contains it."""

    percent: int | None
    sum: int | None
    inside: bool | None = True
    tax_type: int | None = 100
    taxation_type: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A commodity, or its storno (`type`). `sum` is price × quantity, taxes inside, modifiers not."""

    type: int
    name: str = ""
    section: str = ""
    quantity: int | None = None
    price: int | None = None
    sum: int | None = None
    taxes: tuple[TaxEntry, ...] = ()
    measure_unit: str = ""
    code: int | None = None
    barcode: str = ""
    ntin: str = ""
    product_id: str = ""
    physical_label: str = ""
    excise_stamp: str = ""
    excise_stamps: tuple[str, ...] = ()
    commodity_type: int | None = None
    auxiliary: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Modifier:
    """A discount or markup, of a line (`type` is its ItemType) or of the whole ticket (`type` None)."""

    type: int | None = None
    name: str = ""
    sum: int | None = None
    taxes: tuple[TaxEntry, ...] = ()
    auxiliary: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Misfit:
    """An item without a type, or without the sub-message of its type (kz-ofd T02)."""

    type: int | None = None


Item = Line | Modifier | Misfit


@dataclass(frozen=True, slots=True)
class CardFields:
    """What a payment terminal said, since 2.0.3."""

    terminal_id: str = ""
    card_type: str = ""
    authorization_code: int | None = None
    rrn: int | None = None
    receipt_number: int | None = None


@dataclass(frozen=True, slots=True)
class MobileFields:
    """What a QR payment said, since 2.0.3."""

    qr_type: str = ""
    qr_id: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """Money of one kind; cash is net of change. `type` None: absent, or a number the version lacks."""

    type: int | None
    sum: int | None
    card: CardFields | None = None
    mobile: MobileFields | None = None


@dataclass(frozen=True, slots=True)
class ParentTicket:
    """The ticket that a return gives back, since 2.0.3; `rnm` is that of the original register."""

    number: str = ""
    time: datetime | None = None
    rnm: str = ""
    total: int | None = None
    is_offline: bool | None = None
    bad_time: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A TICKET document (kz-ofd §10.1).

    `bad_time` holds the figures of a time that is no date, `bad_money` the places whose bills or coins are
    out of range. `domain` is the number of the trade, None without one. `bare_strings` is what hybrids of
    kz-ofd §12.1 write where pairs belong; in 1.2.4 twelve digits among them are `customer_iin`.
    """

    operation: int | None
    time: datetime | None
    operator: Operator
    items: tuple[Item, ...]
    payments: tuple[Payment, ...]
    total: int | None
    taken: int | None = None
    change: int | None = None
    markup: Modifier | None = None
    discount: Modifier | None = None
    taxes: tuple[TaxEntry, ...] = ()
    domain: int | None = None
    offline_number: int | None = None
    printed_number: int | None = None
    printed_text: str = ""
    shift_number: int | None = None
    shift_document_number: int | None = None
    parent: ParentTicket | None = None
    customer_iin: str = ""
    customer_email: str = ""
    customer_phone: str = ""
    auxiliary: tuple[tuple[str, str], ...] = ()
    bare_strings: tuple[str, ...] = ()
    bad_time: str = ""
    bad_money: tuple[str, ...] = ()

    @property
    def is_offline(self) -> bool:
        """Whether the register made it in autonomous mode: it carries its own number (kz-ofd §13.2)."""
        return self.offline_number is not None

    def paid(self, kind: int) -> int:
        """The sum of the payments of one kind, in tiyn."""
        return sum(payment.sum or 0 for payment in self.payments if payment.type == kind)
