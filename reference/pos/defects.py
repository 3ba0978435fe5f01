"""Deliberate mistakes of a point of sale, by name: what a conformance suite must be able to find (HAR-08).

Each is a part of it with one thing done otherwise (`--defects NAME`, or `defects` when it is reset).
None of the code that sells knows about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reference.pos import faulty, faulty_gen1
from reference.pos.fiscal.qpos import QposService
from reference.pos.fiscal.rest import RestService
from reference.pos.fiscal.rpc1 import Rpc1Service
from reference.pos.shop.desks import Desks
from reference.pos.shop.fiscal_desk import FiscalDesk
from reference.pos.shop.orders import Orders
from reference.pos.shop.reporting import Reporter
from reference.pos.till import Till


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what the point of sale does wrong, the clause it breaks, and the class that does it."""

    name: str
    sentence: str
    clause: str
    part: type[Any]


class UnknownDefectError(ValueError):
    """There is no defect of that name, or none for the dialect that is spoken."""


def put_in(desks: Desks, reporter: Reporter | None, names: Iterable[str]) -> tuple[str, ...]:
    """Make these mistakes and no others; their names. UnknownDefectError leaves everything as it is."""
    wanted = tuple(dict.fromkeys(names))
    parts = _parts(desks, reporter)
    for name in wanted:
        if name not in DEFECTS:
            raise UnknownDefectError(f"{name!r} is not one of {', '.join(DEFECTS)}")
        if not any(issubclass(DEFECTS[name].part, base) for base, _ in parts):
            raise UnknownDefectError(f"{name!r} is about a part that this point of sale does not have")
    for base, part in parts:
        wrong = tuple(DEFECTS[name].part for name in wanted if issubclass(DEFECTS[name].part, base))
        part.__class__ = type(base.__name__, wrong, {}) if wrong else base
    return wanted


def _parts(desks: Desks, reporter: Reporter | None) -> list[tuple[type[Any], Any]]:
    till = desks.fiscal.till
    found: list[tuple[type[Any], Any]] = [(Till, till), (FiscalDesk, desks.fiscal), (Orders, desks.orders)]
    found += [(each, till.drive) for each in _SERVICES.values() if isinstance(till.drive, each)]
    if reporter is not None:
        found.append((Reporter, reporter))
    return found


def defects_of(target: str) -> list[str]:
    """Names of the defects that are about a kind of target: `pos-rpc` and `pos-qpos` those of the dialect,
    `pos` all others."""
    own = _SERVICES[target] if target in _DIALECTS else None
    others = tuple(_SERVICES[each] for each in _DIALECTS)
    return sorted(
        name
        for name, defect in DEFECTS.items()
        if (issubclass(defect.part, own) if own else not issubclass(defect.part, others))
    )


_SERVICES: Final[Mapping[str, type[Any]]] = {
    "pos": RestService,
    "pos-rpc": Rpc1Service,
    "pos-qpos": QposService,
}
_DIALECTS: Final = ("pos-rpc", "pos-qpos")
_TABLE: Final = (
    Defect("unit-price", "writes the price of one unit as the sum of a line", "PS-05", faulty.UnitPrice),
    Defect("vat-on-top", "reckons VAT on the net sum, not inside it", "PS-06", faulty.VatOnTop),
    Defect("whole-pieces", "writes amounts in units, not thousandths", "PS-05", faulty.WholePieces),
    Defect("discount-lost", "takes a discount off and does not name it", "PS-05", faulty.DiscountLost),
    Defect("card-as-cash", "books cards and applications as cash", "PS-07", faulty.CardAsCash),
    Defect("kind-lost", "makes advance and credit a purchase", "S-4.4", faulty.KindLost),
    Defect("mxik-as-number", "loses the first zeros of a MXIK", "PS-05", faulty.CodeAsNumber),
    Defect("label-lost", "does not send the marking code", "HB-15", faulty.LabelLost),
    Defect("refund-all-cash", "gives everything back in cash", "HB-17", faulty.RefundAllCash),
    Defect("refund-dashes", "names the sale's time with dashes", "RC-10", faulty.RefundDashes),
    Defect("refund-given-up", "gives a refund up before its sale is sent", "G2-S-04", faulty.RefundGivenUp),
    Defect("sign-as-number", "loses the first zeros of a sign", "PS-02", faulty.SignAsNumber),
    Defect("world-time", "writes times of UTC", "TM-01", faulty.WorldTime),
    Defect("new-receipt-on-cut", "sells again when an answer is lost", "PS-04", faulty.NewReceiptOnCut),
    Defect("gives-up-on-cut", "forgets an order when an answer is lost", "PS-03", faulty.GivesUpOnCut),
    Defect("newest-first", "registers the newest order first", "PS-03", faulty.NewestFirst),
    Defect("no-state-sync", "never syncs the state", "HB-04", faulty.SyncsNothing),
    Defect("no-sending", "never has unsent receipts sent", "HB-11", faulty.SendsNothing),
    Defect("lock-unread", "does not look whether the module is locked", "HB-06", faulty.LockUnread),
    Defect("any-module", "uses whatever module is there", "PS-17", faulty.AnyModule),
    Defect("opens-early", "opens a shift that nobody needs", "PS-11", faulty.OpensEarly),
    Defect(
        "open-shift-ends-order",
        "gives an order up when its shift is open already",
        "HB-02",
        faulty.OpenShiftEndsOrder,
    ),
    Defect("yesterday-unseen", "takes yesterday's shift for today's", "PS-12", faulty.YesterdayUnseen),
    Defect("unsent-hidden", "shows that everything is sent", "PS-10", faulty.UnsentHidden),
    Defect("three-days", "shows a day too much until the block", "PS-10", faulty.ThreeDays),
    Defect("sells-anything", "sells expired goods and a code twice", "PS-15", faulty.SellsAnything),
    Defect(
        "acknowledgements-unasked",
        "never learns what the operator has",
        "PS-22",
        faulty.AcknowledgementsUnasked,
    ),
    Defect("from-the-beginning", "reports everything anew each time", "PS-19", faulty.FromTheBeginning),
    Defect("skips-on-error", "takes any answer for an acknowledgement", "PS-19", faulty.SkipsOnError),
    Defect("gap-ignored", "does not go back to the number wanted", "PS-20", faulty.GapIgnored),
    Defect("cut-unnoticed", "does not say that the link was cut", "PS-21", faulty.CutUnnoticed),
    Defect("rpc-sells-again", "sells again when an answer is lost", "G1-R-08", faulty_gen1.RpcSellsAgain),
    Defect("rpc-refund-as-sale", "sends refunds as sales", "PS-14", faulty_gen1.RpcRefundAsSale),
    Defect("rpc-rest-texts", "looks for the reasons of REST", "HB-02", faulty_gen1.RpcRestTexts),
    Defect("rpc-open-shift-closed", "closes a shift that is open", "HB-02", faulty_gen1.RpcOpenShiftClosed),
    Defect("rpc-sends-nothing", "never asks to send", "HB-01", faulty_gen1.RpcSendsNothing),
    Defect("rpc-newest-unsent", "takes the newest unsent for the oldest", "HB-01", faulty_gen1.RpcNewest),
    Defect("rpc-slot-taken-for-open", "takes any current slot for open", "G1-Z-01", faulty_gen1.RpcAnySlot),
    Defect("qpos-number-anew", "gives every try its own number", "QP-01", faulty_gen1.QposNumberAnew),
    Defect("qpos-number-reused", "numbers all sales alike", "QP-01", faulty_gen1.QposNumberReused),
    Defect("qpos-code-alone", "reads the code of an error alone", "QP-03", faulty_gen1.QposCodeAlone),
    Defect("qpos-open-shift-closed", "closes a shift that is open", "HB-02", faulty_gen1.QposOpenShiftClosed),
    Defect("qpos-advance-as-sale", "sells advances as sales", "G1-Z-09", faulty_gen1.QposAdvanceAsSale),
    Defect("qpos-sign-as-number", "loses the first zeros of a sign", "PS-02", faulty_gen1.QposSignAsNumber),
)

DEFECTS: Final[Mapping[str, Defect]] = {defect.name: defect for defect in _TABLE}
"""Every defect by its name."""
