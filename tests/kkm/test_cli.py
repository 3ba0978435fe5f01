"""`python -m reference.kkm KEY`: what is typed, what is shown, and the exit status."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import typer

from reference.kkm import cli
from reference.kkm.__main__ import main
from reference.kkm.order_words import ticket_order, tiyn_of
from reference.kkm.orders import KEY_BODIES, TicketBody
from tests.kkm.shop import Shop, open_shop

Run = Callable[..., int]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(opened: Shop) -> Shop:
    opened.fresh()
    return opened


@pytest.fixture
def run(shop: Shop) -> Run:
    return lambda *words: main([*words, "--url", shop.base])


def order(*items: str, **given: str) -> dict[str, object]:
    told: dict[str, str | None] = dict.fromkeys(("cash", "card", "mobile", "discount", "markup"))
    return ticket_order(list(items), **{**told, "iin": "", **given})  # type: ignore[arg-type]


def test_every_key_has_a_command() -> None:
    names = {name for name, _ in cli.commands()}
    assert set(KEY_BODIES) <= names
    assert names - set(KEY_BODIES) == {"state", "documents", "tape"}
    assert all(text.endswith(".") for _, text in cli.commands())


def test_a_sale_shows_its_paper_and_the_change(
    run: Run, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sell", "--item", "Чай:350.00:2:16", "--item", "Нан:180", "--cash", "1000") == 0
    shown = capsys.readouterr().out
    assert shown.lstrip().startswith("*** TEST ***")
    assert "ИТОГО/БАРЛЫҒЫ             880.00" in shown
    assert "Сдача/Қайтарым            120.00" in shown
    assert "█▀▀▀▀▀█" in shown, "the QR code"
    assert shown.rstrip().endswith("done (ONLINE)")
    assert shop.state()["cash"] == 880_00


def test_mixed_payments_discount_and_a_return(
    run: Run, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sell", "--item", "Ет:1000", "--discount", "100", "--card", "500", "--mobile", "100,50") == 0
    assert "Наличные/Қолма-қол ақша   299.50" in capsys.readouterr().out
    assert run("sell-return", "--of", "1", "--item", "Ет:200", "--cash", "200") == 0
    sign = shop.process.control.register.document(1).sign
    assert sign in capsys.readouterr().out
    assert run("buy", "--item", "Сүт:50") == 0
    assert run("buy-return", "--of", "3", "--item", "Сүт:50") == 0


def test_a_sale_without_a_line_is_done_too(run: Run, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.lose_line()
    assert run("sell", "--item", "Нан:180") == 0
    shown = capsys.readouterr().out
    assert "АВТОНОМНЫЙ" in shown
    assert "queued (OFFLINE)" in shown
    assert run("state") == 0
    state = capsys.readouterr().out
    assert "mode     OFFLINE" in state
    assert "71:59:" in state
    assert "queue    1, in flight ticket 1 under REQNUM 2" in state


def test_what_the_register_refuses(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("withdraw", "5000") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("refused: ")
    assert "Недостаточно наличных" in told.err


def test_shift_money_and_papers(run: Run, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("deposit", "5000.50") == 0
    assert run("x") == 0
    assert run("z", "--withdraw") == 0
    assert "Z-ОТЧЁТ/Z-ЕСЕП" in capsys.readouterr().out
    assert run("tape", "1", "--width", "48") == 0
    assert "СУММА/СОМАСЫ                             5000.50" in capsys.readouterr().out
    assert run("tape") == 0
    assert "Z-ОТЧЁТ/Z-ЕСЕП" in capsys.readouterr().out
    assert run("documents", "--after", "1") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2", "3"]
    assert run("info") == 0
    assert run("pulse") == 0
    assert run("address", f"127.0.0.1:{shop.operator.port}") == 0
    assert run("token", "5") == 1, "the operator does not know it"


def test_json_for_programs(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "deposit", "1") == 0
    assert json.loads(capsys.readouterr().out)["document"]["total"] == 100
    assert run("state", "--json") == 0
    assert json.loads(capsys.readouterr().out)["cash"] == 100
    assert run("documents", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sell"], "Missing option '--item'"),
        (["sell", "--item", "Нан"], "'Нан' is not NAME:PRICE"),
        (["sell", "--item", "Нан:1.234"], "is not NAME:PRICE"),
        (["sell", "--item", "Нан:100", "--cash", "99"], "100.00 is to be paid in cash"),
        (["sell", "--item", "Нан:100", "--card", "101"], "less than what was paid"),
        (["deposit", "much"], "'much' is no sum"),
        (["deposit", "1e999"], "is no sum"),
        (["token", "x"], "python -m reference.kkm token"),
        (["tape", "77"], "there is no document 77"),
        (["tape"], "nothing has been printed yet"),
        (["sell", "--item", "Нан:1:1:13"], "items.0.vat"),
        (["token", "0"], "token:"),
    ],
)
def test_wrong_usage(run: Run, capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    assert run(*words) == 2
    assert told in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["state", "--url", "http://127.0.0.1:1"]) == 3
    assert "no register answers at http://127.0.0.1:1" in capsys.readouterr().err


def test_something_else_there(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["state", "--url", f"{shop.operator.base}"]) == 3
    assert "not as a register" in capsys.readouterr().err


def test_help_names_keys_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "service-reset" in shown
    assert "--transaction-seconds" in shown
    assert main(["sell", "--help"]) == 0


def test_items_as_people_write_them() -> None:
    made = order("Чай 1:2 литра:350,50:0,5:12%", "Нан:180")
    assert made["items"] == [
        {"name": "Чай 1:2 литра", "price": 350_50, "quantity": "0.5", "vat": 12},
        {"name": "Нан", "price": 180_00, "quantity": "1", "vat": None},
    ]
    assert made["payments"] == [{"type": "cash", "sum": 355_25}]
    TicketBody.model_validate(made)


def test_nothing_is_left_for_cash() -> None:
    made = order("Нан:180", card="180", iin="990140000017")
    assert made["payments"] == [{"type": "card", "sum": 180_00}]
    assert made["customer_iin"] == "990140000017"


@pytest.mark.parametrize("text", ["", "-1", "1.001", "nan", "inf", "1e30", "12 000"])
def test_sums_that_are_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no sum"):
        tiyn_of(text, "SUM")


def test_common_options_stand_anywhere() -> None:
    assert cli.sorted_words(["sell", "--url=u", "--item", "a:1", "--json", "--control-token", "t"]) == (
        ["--url=u", "--json", "--control-token", "t"],
        ["sell", "--item", "a:1"],
    )
    assert cli.sorted_words(["state", "--url"]) == (["--url"], ["state"])
