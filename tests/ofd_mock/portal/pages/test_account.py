"""«Лицевой счет» on its pages: balance, forecast, statement, files, the bank and its word (KZ-TRF-04)."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ofd_mock.portal import tables
from ofd_mock.portal.charges import Charges
from ofd_mock.portal.errors import InvalidError, RefusedError
from ofd_mock.portal.moves import Act
from ofd_mock.portal.paging import MOST_ROWS, PAGE
from ofd_mock.portal.payments import PAID, REFUSED, BankWord, Payments
from ofd_mock.portal.tariffs import TARIFFS
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import HEAD, NUMBER, OTHER_NUMBER, Stand

CREDIT, DAILY = 1_000_000, TARIFFS[2].price
_ATTEMPT = re.compile(r'name="attempt" value="([^"]+)"')


@pytest.fixture
def owner(stand: Stand) -> Any:
    return stand.owner()


@pytest.fixture
def visit(stand: Stand, owner: Any) -> Visit:
    return browse(stand).log_in()


def attempt(visit: Visit) -> str:
    found = _ATTEMPT.search(visit.get("/account").text)
    assert found is not None
    return found[1]


def order(visit: Visit, amount: str = "500") -> str:
    answer = visit.post("/account", {"amount": amount, "attempt": attempt(visit)})
    assert re.fullmatch(r"/bank/[0-9a-f]{32}", answer.location)
    return str(answer.location)


def balance(visit: Visit) -> str:
    found = re.search(r'id="balance">([^<]+)<', visit.get("/account").text)
    assert found is not None
    return found[1]


# --- what it shows ------------------------------------------------------------------------------------------


def test_a_login_by_password_opens_the_account(stand: Stand) -> None:
    stand.enrol()
    visit = browse(stand)
    answer = visit.post("/login", {"login": NUMBER, "password": "Abcdef1!"})
    assert answer.location == "/account"
    text = seen(visit.get("/account"))
    assert "Лицевой счет № 58968" in text
    assert "10000 ₸" in text
    assert "Сейчас ничего не списывается." in text


def test_balance_forecast_and_charges_by_register(stand: Stand, owner: Any) -> None:
    card = stand.registered(owner, name="Касса у входа")
    stand.keeper.run()
    visit = browse(stand).log_in()
    text = seen(visit.get("/account"))
    lasts = stand.office.today + timedelta(days=(CREDIT - DAILY) // DAILY)
    assert f"Касс с тарифом: 1. За 30 дней спишется {29 * DAILY // 100} ₸." in text
    assert f"Денег хватит по {lasts:%d.%m.%Y} включительно." in text
    assert "Касса у входа Магазин №1 TEST Online ККМ, день, 60 ₸ в день Зарегистрирована 60 ₸" in text
    assert "Списание : TEST Online ККМ, день" in text or "Списание: TEST Online ККМ, день" in text
    stand.do(owner, card, Act.SUSPEND)
    assert "приостановится 01.10.2026" in seen(visit.get("/account"))
    assert "приостановится 01.10.2026" in seen(visit.get("/tariffs"))


def test_the_forecast_is_what_the_days_bring(stand: Stand, owner: Any) -> None:
    """Reckoned beforehand, and then lived through: a daily and a monthly tariff side by side."""
    charges = Charges(stand.office)
    outlet = stand.outlet(owner)
    stand.registered(owner, outlet=outlet)
    second = stand.draft(owner, outlet, serial="2")
    stand.do(owner, second, Act.SIGN_REGISTRATION)
    stand.advance(hours=72)
    stand.do(owner, second, Act.CHOOSE_TARIFF, tariff=1)
    stand.keeper.run()
    last = charges.forecast(owner).last
    assert last is not None
    stand.advance(days=(last - stand.office.today).days)
    assert stand.accounts.balance(owner) >= 0
    stand.advance(days=1)
    assert stand.accounts.balance(owner) < 0
    assert (charges.forecast(owner).registers, charges.forecast(owner).last) == (0, None)


def test_a_suspension_lengthens_the_forecast(stand: Stand, owner: Any) -> None:
    card = stand.registered(owner)
    stand.keeper.run()
    assert Charges(stand.office).forecast(owner).last is not None
    stand.do(owner, card, Act.SUSPEND)
    assert Charges(stand.office).forecast(owner).last is None


def test_days_and_months_add_up_to_the_lines(stand: Stand, owner: Any) -> None:
    stand.registered(owner)
    stand.accounts.top_up(owner, {"amount": 77, "payment": "x"})
    stand.advance(days=40)
    charges, lines = Charges(stand.office), stand.accounts.statement(owner)
    for by in ("day", "month"):
        totals = charges.totals(owner, by)
        assert sum(each.charged for each in totals) == -sum(one.amount for one in lines if one.amount < 0)
        assert sum(each.topped_up for each in totals) == sum(one.amount for one in lines if one.amount > 0)
        assert [each.span for each in totals] == sorted((each.span for each in totals), reverse=True)
    assert charges.registers(owner)[0].charged == sum(-one.amount for one in lines if one.amount < 0)
    september = charges.registers(owner, date(2026, 9, 1), date(2026, 9, 30))[0]
    assert september.charged == 18 * DAILY
    visit = browse(stand).log_in()
    assert "09.2026 1080 ₸ 10077 ₸" in seen(visit.get("/account?by=month"))
    assert "14.09.2026 60 ₸ 0 ₸" in seen(visit.get("/account?by=day&first=14.09.2026&last=14.09.2026"))


def test_the_statement_is_paged_and_filtered(stand: Stand, owner: Any) -> None:
    stand.registered(owner)
    stand.advance(days=PAGE + 20)
    visit = browse(stand).log_in()
    first = visit.get("/account").text
    rows = re.findall(r'data-label="Дата">(\d\d\.\d\d\.\d{4})<', first)
    link = re.search(r'href="([^"]+)" rel="next"', first)
    assert link is not None
    again = re.findall(
        r'data-label="Дата">(\d\d\.\d\d\.\d{4})<', visit.get(link[1].replace("&amp;", "&")).text
    )
    assert len(rows) == PAGE
    whole = [f"{line.day:%d.%m.%Y}" for line in stand.accounts.statement(owner)]
    assert rows + again == whole
    few = visit.get("/account?first=14.09.2026&last=2026-09-16").text
    assert re.findall(r'data-label="Дата">(\d\d)\.', few) == ["16", "15", "14"]
    wrong = visit.get("/account?first=31.02.2026", 422)
    assert "Дата пишется так: ДД.ММ.ГГГГ" in seen(wrong)
    assert 'value="31.02.2026"' in wrong.text


def test_rows_of_a_page_are_bounded(stand: Stand, owner: Any) -> None:
    for limit in (0, MOST_ROWS + 1):
        with pytest.raises(InvalidError) as wrong:
            stand.accounts.statement(owner, limit=limit)
        assert wrong.value.findings[0].field == "limit"


def test_the_statement_as_files(stand: Stand, owner: Any) -> None:
    outlet = stand.outlet(owner)
    stand.registered(owner, outlet=outlet, name="=HYPERLINK(1)")
    stand.accounts.top_up(owner, {"amount": 77, "payment": "-1"})
    stand.advance(days=3)
    visit = browse(stand).log_in()
    answer = visit.get("/account/statement.csv?first=13.09.2026")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement.csv"'
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";"))
    assert rows[0] == ["Дата", "Операция", "Касса", "Сумма, ₸", "Остаток, ₸"]
    assert [row[3] for row in rows[1:]] == ["-60.00"] * 3 + ["77.00", "-60.00"] or len(rows) == 6
    assert sum(float(row[3]) for row in rows[1:]) == 77 - 4 * 60
    assert {row[2][:2] for row in rows[1:] if row[2]} == {"'="}
    pdf = visit.get("/account/statement.pdf")
    assert pdf.data.startswith(b"%PDF-1.7")
    assert visit.get("/account/statement.csv?first=x", 422).mimetype == "text/html"


# --- the bank -----------------------------------------------------------------------------------------------


def test_a_top_up_goes_through_the_bank(visit: Visit) -> None:
    bank = order(visit)
    page = seen(visit.get(bank))
    assert "Банк стенда: настоящих денег здесь нет" in page
    assert "Платеж на 500 ₸" in page
    answer = visit.post(bank, {"do": "pay", "tell": "now"})
    assert answer.location == bank.replace("/bank/", "/account/payments/")
    assert "Платеж принят, деньги на счете." in seen(visit.get(answer.location))
    assert balance(visit) == "10500 ₸"


def test_the_form_sent_twice_is_one_payment(stand: Stand, visit: Visit) -> None:
    form = {"amount": "500", "attempt": attempt(visit)}
    first, second = (visit.post("/account", form).location for _ in range(2))
    assert first == second
    other = visit.post("/account", form | {"amount": "600"}, 409)
    assert "Платеж с этим номером уже принят на другую сумму" in seen(other)
    with stand.office.reading() as session:
        assert len(session.scalars(select(tables.Payment)).all()) == 1


@pytest.mark.parametrize("tell", ["twice", "now", "later"])
def test_the_bank_s_word_may_come_twice_or_late(stand: Stand, visit: Visit, tell: str) -> None:
    bank = order(visit)
    visit.post(bank, {"do": "pay", "tell": tell})
    if tell == "later":
        assert balance(visit) == "10000 ₸"
        payment = bank.replace("/bank/", "/account/payments/")
        assert "Банк еще не ответил." in seen(visit.get(payment))
        assert "Портал этого еще не знает." in seen(visit.get(bank))
        stand.lab.advance(5 * 60)
    for _ in range(3):
        visit.post(bank, {"do": "tell"})
    assert balance(visit) == "10500 ₸"
    assert "Вы отказались" not in seen(visit.get(bank))
    assert visit.post(bank, {"do": "refuse"}, 409).status_code == 409
    assert balance(visit) == "10500 ₸"


def test_a_refused_payment_changes_nothing_and_can_be_paid_yet(visit: Visit) -> None:
    bank = order(visit)
    answer = visit.post(bank, {"do": "refuse"})
    assert "Банк отклонил платеж, счет не изменился." in seen(visit.get(answer.location))
    assert balance(visit) == "10000 ₸"
    visit.post(bank, {"do": "pay"})
    assert balance(visit) == "10500 ₸"


def test_words_that_the_bank_did_not_sign_are_refused(stand: Stand, owner: Any) -> None:
    desk = Payments(stand.office)
    number, other = (desk.order(owner, {"amount": amount}) for amount in (500, 9))
    word, refused = desk.decide(number, PAID), desk.decide(other, REFUSED)
    for forged in (
        replace(word, amount=word.amount * 10),
        replace(word, signature=""),
        replace(word, signature="я"),
        replace(word, payment=other),
        replace(word, payment="nobody's"),
        replace(refused, status=PAID),
        replace(word, status="x"),
        BankWord("", 0, PAID, ""),
    ):
        with pytest.raises(RefusedError) as wrong:
            desk.notified(forged)
        assert wrong.value.rule == "signature"
    assert stand.accounts.balance(owner) == CREDIT
    assert desk.notified(refused).state == REFUSED
    assert [desk.notified(word).state for _ in range(2)] == [PAID, PAID]
    assert stand.accounts.balance(owner) == CREDIT + 50_000


def test_a_refusal_after_the_money_takes_nothing_back(stand: Stand, owner: Any) -> None:
    desk = Payments(stand.office)
    number = desk.order(owner, {"amount": 500})
    late, word = desk.decide(number, REFUSED), desk.decide(number, PAID)
    desk.notified(word)
    assert desk.notified(late).state == PAID
    assert stand.accounts.balance(owner) == CREDIT + 50_000


def test_the_same_attempt_of_another_organisation_is_another_payment(stand: Stand, owner: Any) -> None:
    desk = Payments(stand.office)
    stranger = stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    numbers = {desk.order(each, {"amount": 500, "attempt": "same"}) for each in (owner, stranger)}
    assert len(numbers) == 2


def test_a_wrong_sum_is_told_at_its_field(visit: Visit) -> None:
    for amount, finding in (
        ("", "Обязательное поле"),
        ("0", "Сумма: от 1 до 1 000 000 тенге"),
        ("1000001", "Сумма: от 1 до 1 000 000 тенге"),
        ("-5", "Целое число без знаков и пробелов"),
        ("1.5", "Целое число без знаков и пробелов"),
        ("9" * 30, "Целое число без знаков и пробелов"),
    ):
        answer = visit.post("/account", {"amount": amount, "attempt": "a"}, 422)
        assert finding in seen(answer), amount
        assert f'value="{amount}"' in answer.text


def test_a_debt_says_what_to_do(stand: Stand, owner: Any) -> None:
    stand.registered(owner)
    stand.advance(days=CREDIT // DAILY + 2)
    visit = browse(stand).log_in()
    assert "Долг: кассы заблокированы, пока счет не пополнен." in seen(visit.get("/account"))
    visit.post(order(visit, "1000"), {"do": "pay"})
    assert "Долг" not in seen(visit.get("/account"))
