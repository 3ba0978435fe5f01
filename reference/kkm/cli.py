"""Keys of a running register from the command line.

Exit status: 0 done or queued; 1 the register refused; 2 wrong usage; 3 no register answers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from reference.kkm.client import BadOrderError, RegisterClient, RegisterUnreachableError
from reference.kkm.order_words import ticket_order, tiyn_of
from reference.kkm.qr import qr_lines
from reference.protocol.kz.money import money_text
from reference.runtime.process import TOKEN_VARIABLE

URL: Final = "http://127.0.0.1:7780"
REFUSED, USAGE, UNREACHABLE = 1, 2, 3
app = typer.Typer(
    name="python -m reference.kkm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Press keys of a running reference register. Nothing printed is a legal receipt. Sums are tenge.",
)


class Width(StrEnum):
    """Characters in a line of paper."""

    NARROW = "32"
    WIDE = "48"


class _Asked:
    """Where the register is and how its answer is shown; set by the options before the command."""

    url = URL
    token: str | None = None
    as_json = False
    client: RegisterClient | None = None


_asked = _Asked()

Items = Annotated[
    list[str],
    typer.Option(
        "--item", help='A line NAME:PRICE[:QUANTITY[:VAT%]], such as "Чай:350.00:2:16"; repeatable.'
    ),
]
Cash = Annotated[str | None, typer.Option(help="Cash handed over; the change is counted. Without: exact.")]
Card = Annotated[str | None, typer.Option(help="Paid by card.")]
Mobile = Annotated[str | None, typer.Option(help="Paid by telephone.")]
Discount = Annotated[str | None, typer.Option(help="Discount of the whole ticket.")]
Markup = Annotated[str | None, typer.Option(help="Markup of the whole ticket.")]
Iin = Annotated[str, typer.Option(help="The buyer's IIN or BIN.")]
Of = Annotated[int, typer.Option("--of", help="The register's own number of the ticket given back.")]
Sum = Annotated[str, typer.Argument(metavar="SUM", help="Tenge, such as 5000 or 5000.50.")]


@app.callback()
def _root(
    url: Annotated[str, typer.Option(help="The register.")] = URL,
    token: Annotated[
        str | None,
        typer.Option("--control-token", envvar=TOKEN_VARIABLE, help="Asked for beyond this machine."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Show answers as JSON.")] = False,
) -> None:
    _asked.url, _asked.token, _asked.as_json = url, token, as_json


@app.command()
def sell(
    item: Items,
    cash: Cash = None,
    card: Card = None,
    mobile: Mobile = None,
    discount: Discount = None,
    markup: Markup = None,
    iin: Iin = "",
) -> None:
    """Sell."""
    _press("sell", ticket_order(item, cash, card, mobile, discount, markup, iin))


@app.command()
def buy(
    item: Items,
    cash: Cash = None,
    card: Card = None,
    mobile: Mobile = None,
    discount: Discount = None,
    markup: Markup = None,
    iin: Iin = "",
) -> None:
    """Buy from a customer."""
    _press("buy", ticket_order(item, cash, card, mobile, discount, markup, iin))


@app.command("sell-return")
def sell_return(item: Items, of: Of, cash: Cash = None, card: Card = None, mobile: Mobile = None) -> None:
    """Take a sold thing back."""
    _press("sell-return", ticket_order(item, cash, card, mobile, None, None, "") | {"parent": _parent(of)})


@app.command("buy-return")
def buy_return(item: Items, of: Of, cash: Cash = None, card: Card = None, mobile: Mobile = None) -> None:
    """Give a bought thing back."""
    _press("buy-return", ticket_order(item, cash, card, mobile, None, None, "") | {"parent": _parent(of)})


@app.command()
def deposit(total: Sum) -> None:
    """Put cash into the drawer."""
    _press("deposit", {"sum": tiyn_of(total, "SUM")})


@app.command()
def withdraw(total: Sum) -> None:
    """Take cash out of the drawer."""
    _press("withdraw", {"sum": tiyn_of(total, "SUM")})


@app.command()
def x() -> None:
    """Print the X report."""
    _press("x", {})


@app.command()
def z(
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take all cash out first.")] = False,
) -> None:
    """Close the shift and print the Z report."""
    _press("z", {"withdraw": withdraw})


@app.command()
def token(number: Annotated[int, typer.Argument(help="What the portal shows.")]) -> None:
    """Type a token in."""
    _press("token", {"token": number})


@app.command()
def info() -> None:
    """Ask the operator for INFO."""
    _press("info", {})


@app.command()
def nomenclature(barcode: Annotated[str, typer.Option(help="Only this one, since 2.0.3.")] = "") -> None:
    """Fetch the operator's goods."""
    _press("nomenclature", {"barcode": barcode})


@app.command()
def cancel(
    number: Annotated[int | None, typer.Argument(help="Own number; without: the last ticket.")] = None,
) -> None:
    """Cancel the last ticket, up to 2.0.2."""
    _press("cancel", {} if number is None else {"number": number})


@app.command()
def qr(
    total: Annotated[str | None, typer.Option("--sum", help="Make a payment code for this sum.")] = None,
    invoice: Annotated[int | None, typer.Option(help="Number of the payment.")] = None,
) -> None:
    """Make or look up a QR payment, in 2.0.4."""
    order: dict[str, Any] = {} if invoice is None else {"invoice": invoice}
    _press("qr", order if total is None else order | {"sum": tiyn_of(total, "--sum")})


@app.command()
def auth(login: str, password: str) -> None:
    """Check a cashier's name and password at the operator."""
    _press("auth", {"login": login, "password": password})


@app.command()
def address(server: Annotated[str, typer.Argument(metavar="HOST:PORT")]) -> None:
    """Set the operator's address."""
    _press("address", {"server": server})


@app.command("remove-head")
def remove_head() -> None:
    """Remove the refused message at the head of the queue."""
    _press("remove-head", {})


@app.command("service-reset")
def service_reset() -> None:
    """Start a halted register again."""
    _press("service-reset", {})


@app.command()
def pulse() -> None:
    """Wait until the background sender is idle."""
    _press("pulse", {})


@app.command()
def state() -> None:
    """Show what the register shows."""
    client = _client()
    found = client.state()
    _write(_text(found) if _asked.as_json else _state_text(found))


@app.command()
def documents(
    after: Annotated[int, typer.Option(help="Numbered above this.")] = 0,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
) -> None:
    """List printed documents."""
    found = _client().documents(after, limit)
    if _asked.as_json:
        _write(_text(found))
        return
    for one in found:
        name = one["operation"] or one["kind"]
        signed = f"{one['sign']}{' autonomous' if one['autonomous'] else ''}"
        _write(f"{one['number']:>6}  {one['time']}  {name:<12} {money_text(one['total']):>14}  {signed}")


@app.command()
def tape(
    number: Annotated[int | None, typer.Argument(help="Own number; without: the last document.")] = None,
    width: Annotated[Width, typer.Option(help="Characters in a line.")] = Width.NARROW,
) -> None:
    """Print a document again, with its QR code."""
    client = _client()
    if number is None:
        number = _last_number(client)
    sys.stdout.write(client.tape(number, int(width)))


def sorted_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the options that every command takes, wherever they stand, and the other words."""
    common: list[str] = []
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word.partition("=")[0] in ("--url", "--json", "--control-token"):
            common.append(word)
            if word in ("--url", "--control-token"):
                common += [value for value in [next(left, None)] if value is not None]
        else:
            rest.append(word)
    return common, rest


def main(words: list[str]) -> int:
    """Do one command; gives the exit status."""
    common, rest = sorted_words(words)
    try:
        app([*common, *rest], prog_name=app.info.name, standalone_mode=True)
    except BadOrderError as error:
        sys.stderr.write(f"error: {error}\n")
        return USAGE
    except RegisterUnreachableError as error:
        sys.stderr.write(f"error: {error}\n")
        return UNREACHABLE
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    finally:
        if _asked.client is not None:
            _asked.client.close()
            _asked.client = None
    return 0


def commands() -> list[tuple[str, str]]:
    """Return the commands with what they do, for the help of the process."""
    return [
        (str(command.name or command.callback.__name__), (command.callback.__doc__ or "").strip())
        for command in app.registered_commands
        if command.callback is not None
    ]


def _client() -> RegisterClient:
    if _asked.client is None:
        _asked.client = RegisterClient(_asked.url, _asked.token)
    return _asked.client


def _press(key: str, order: Mapping[str, Any]) -> None:
    answer = _client().press(key, order)
    shown = _text(answer) if _asked.as_json else _answer_text(answer)
    if shown:
        _write(shown)
    if answer["outcome"] == "refused":
        _explain(answer)
        raise typer.Exit(REFUSED)


def _answer_text(answer: Mapping[str, Any]) -> str:
    lines = list(answer["tape"])
    document = answer["document"] or {}
    if document.get("qr"):
        lines += qr_lines(document["qr"])
    lines += [f"{name}: {value}" for name, value in answer.get("details", {}).items()]
    if answer["outcome"] != "refused":
        lines.append(f"{answer['outcome']} ({answer['mode']}) {answer['text']}".rstrip())
    return "\n".join(lines)


def _explain(answer: Mapping[str, Any]) -> None:
    why = answer["local"] or f"code {answer['code']}"
    sys.stderr.write(f"refused: {why} in {answer['mode']}: {answer['text']}\n")
    for finding in answer["findings"]:
        sys.stderr.write(f"  {finding['field']}: {finding['text']} ({finding['rule']})\n")


def _state_text(found: Mapping[str, Any]) -> str:
    shift, queue = found["shift"], found["queue"]
    lines = [
        f"TEST register {found['device_id']}, version {found['version']}, at {found['server']}",
        f"mode     {found['mode']}",
        f"token    {'known' if found['token_known'] else 'none: type one in'}, last REQNUM {found['reqnum']}",
        f"shift    {shift['number']} {'open since ' + str(shift['opened']) if shift['open'] else 'closed'}",
        f"drawer   {money_text(found['cash'])}",
        f"queue    {queue['length']}{_in_flight(found['in_flight'])}",
    ]
    if found["offline_since"]:
        left = found["offline_left_seconds"]
        lines.append(f"offline  since {found['offline_since']}, {_hours(left)} left")
    lines += [f"! {found[name]}" for name in ("refused", "warning") if found.get(name)]
    return "\n".join(lines)


def _in_flight(packet: Mapping[str, Any] | None) -> str:
    if packet is None:
        return ""
    return f", in flight {packet['kind']} {packet['number']} under REQNUM {packet['reqnum']}"


def _hours(seconds: float | None) -> str:
    left = max(0, round(seconds or 0))
    return f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"


def _parent(number: int) -> dict[str, Any]:
    sold = _client().document(number)
    return {
        "number": sold["sign"],
        "time": sold["time"],
        "total": sold["total"],
        "offline": sold["autonomous"],
    }


def _last_number(client: RegisterClient) -> int:
    last = int(client.state().get("printed", 0))
    if not last:
        raise BadOrderError("number", "nothing has been printed yet")
    return last


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
