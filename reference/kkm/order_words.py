"""Orders as a person writes them on a command line: lines as NAME:PRICE, sums in tenge."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import typer

from reference.kkm.orders import thousandths
from reference.protocol.kz.money import MAX_TIYN, TIYN, line_sum, money_text

_ITEM: Final = re.compile(
    r"(?P<name>.+?):(?P<price>[0-9]+(?:[.,][0-9]{1,2})?)"
    r"(?::(?P<quantity>[0-9]+(?:[.,][0-9]{1,3})?))?(?::(?P<vat>[0-9]{1,2})%?)?"
)


def ticket_order(
    items: list[str],
    cash: str | None,
    card: str | None,
    mobile: str | None,
    discount: str | None,
    markup: str | None,
    iin: str,
) -> dict[str, Any]:
    """Return the body of a sale: the lines, and cash for all that was not paid otherwise; BadParameter."""
    lines = [_item(text) for text in items]
    total = sum(line_sum(line["price"], thousandths(line["quantity"])) for line in lines)
    given = {name: tiyn_of(text, f"--{name}") for name, text in (("card", card), ("mobile", mobile)) if text}
    order: dict[str, Any] = {"items": lines}
    for name, text in (("discount", discount), ("markup", markup)):
        if text is not None:
            order[name] = tiyn_of(text, f"--{name}")
    total += order.get("markup", 0) - order.get("discount", 0)
    rest = total - sum(given.values())
    if rest < 0:
        raise typer.BadParameter(f"the ticket is {money_text(total)}, less than what was paid without cash")
    payments = [{"type": "cash", "sum": rest}] if rest else []
    order["payments"] = payments + [{"type": name, "sum": paid} for name, paid in given.items()]
    if cash is not None:
        order["taken"] = tiyn_of(cash, "--cash")
        if order["taken"] < rest:
            raise typer.BadParameter(f"--cash: {money_text(rest)} is to be paid in cash, {cash} is less")
    return order | ({"customer_iin": iin} if iin else {})


def _item(text: str) -> dict[str, Any]:
    found = _ITEM.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"--item: {text!r} is not NAME:PRICE[:QUANTITY[:VAT%]]")
    vat = found["vat"]
    return {
        "name": found["name"],
        "price": tiyn_of(found["price"], "--item"),
        "quantity": (found["quantity"] or "1").replace(",", "."),
        "vat": None if vat is None else int(vat),
    }


def tiyn_of(text: str, name: str) -> int:
    """Return the tiyn of a sum in tenge, such as 1000 or 999.50; BadParameter."""
    try:
        tiyn = Decimal(text.replace(",", ".")) * TIYN
    except InvalidOperation:
        tiyn = Decimal(-1)
    if not tiyn.is_finite() or not 0 <= tiyn <= MAX_TIYN or tiyn != int(tiyn):
        raise typer.BadParameter(f"{name}: {text!r} is no sum of tenge such as 1000 or 999.50")
    return int(tiyn)
