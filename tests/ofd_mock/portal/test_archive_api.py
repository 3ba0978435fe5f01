"""Archives over HTTP: lists, papers as printed, downloads that can be taken up again (KZ-ARC-01…04)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pypdf
import pytest
from flask.testing import FlaskClient
from PIL import Image

from ofd_mock.portal.web.app import make_portal
from ofd_mock.portal.web.desks import Desks, desks_of
from reference.protocol.kz.documents import ReportAsk
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import to_almaty
from tests.ofd_mock.kz.counter import Modifier, TaxEntry, deposit, line, ticket
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, PASSWORD, Stand
from tests.waiting import eventually


class Shop:
    """An owner at the API and his register, with a day of documents."""

    def __init__(self, stand: Stand, client: FlaskClient) -> None:
        self.stand, self.client = stand, client
        owner = stand.owner()
        self.card = stand.registered(owner)
        stand.token(owner, self.card)
        now = stand.counter.now = to_almaty(stand.office.now)
        stand.send(self.card, deposit(5_000_00, now))
        goods = (
            line(1_050_00, "Нан «Әже»", taxes=(TaxEntry(12000, 112_50),)),
            line(300_00, "=СУММ(A1)"),
            Modifier(5, "", 50_00),
        )
        sold = ticket(1_300_00, time=now, items=goods, taken=2_000_00, change=700_00)
        self.sign = stand.send(self.card, sold).sign
        assert self.sign
        stand.send(self.card, ReportAsk(ReportKind.X, now))
        stand.close_shift(self.card)
        self.head = self.log_in(owner.login)

    def log_in(self, login: str) -> dict[str, str]:
        made = self.client.post("/api/login", json={"login": login, "password": PASSWORD})
        assert made.json is not None
        return {"Authorization": f"Bearer {made.json['session']}"}

    def get(self, path: str, status: int = 200, head: dict[str, str] | None = None, **more: Any) -> Any:
        answer = self.client.get(
            f"/api/cards/{self.card}{path}",
            headers=self.head | (head or {}),
            query_string=more,
            buffered=True,
        )
        assert answer.status_code == status, answer.text
        return answer

    def order(self, status: int = 202, **body: Any) -> Any:
        answer = self.client.post(f"/api/cards/{self.card}/archives", json=body, headers=self.head)
        assert answer.status_code == status, answer.text
        return answer.json

    def ready(self, **body: Any) -> Any:
        key = self.order(**body)["key"]
        return eventually(
            lambda: (
                view if (view := self.get(f"/archives/{key}").json)["state"] in ("ready", "failed") else None
            ),
            60,
        )


@pytest.fixture
def desks(stand: Stand) -> Iterator[Desks]:
    made = desks_of(stand.office)
    yield made
    made.archives.close()


@pytest.fixture
def shop(stand: Stand, desks: Desks) -> Iterator[Shop]:
    with make_portal(desks).test_client() as client:
        yield Shop(stand, client)


def test_lists_come_with_texts_in_three_languages_and_tiyn(shop: Shop) -> None:
    listed = shop.get("/transactions", first="2026-09-13", last="2026-09-13", shift="1").json
    assert [row["text"]["ru"] for row in listed["rows"]] == [
        "Z-отчет",
        "Закрытие смены № 0001",
        "X-отчет",
        "Продажа, наличные",
        "Внесение",
    ]
    assert listed["rows"][3]["sum"] == 1_300_00
    assert listed["rows"][3]["text"]["kk"] == "Сату, қолма-қол"
    assert shop.get("/transactions", shift="2").json["rows"] == []
    assert shop.get("/z-reports").json["rows"][0]["non_nullable"]["2"] == 1_300_00
    assert shop.get("/x-reports").json["rows"][0]["revenue"] == 1_300_00
    assert shop.get("/shifts").json["rows"][0]["documents"] == 3


@pytest.mark.parametrize("query", [{"shift": "x"}, {"first": "1.9"}, {"limit": "0"}, {"place": "-"}])
def test_a_wrong_filter_is_told(shop: Shop, query: dict[str, str]) -> None:
    told = shop.get("/transactions", 422, **query).json["error"]
    assert told["fields"][0]["field"] == next(iter(query))


def test_a_ticket_is_shown_as_printed(shop: Shop) -> None:
    form = shop.get("/documents/2").json
    heading = {pair["label"]["ru"]: pair["value"] for pair in form["heading"]}
    registration = shop.stand.counter.ledger.device(shop.card)
    assert registration is not None
    known = registration.profile.registration
    assert heading == {
        "Организация": 'АО "ТЕСТ"',
        "ИИН/БИН": known.org_inn,
        "ЗНМ": known.serial,
        "РНМ": known.rnm,
        "Адрес": known.pos_address,
        "Вид операции": "Продажа, наличные",
        "Смена": "1",
        "ФП": shop.sign,
        "Дата и время": "13.09.2026 11:00:00",
        "Кассир": "Айгүл (1)",
    }
    assert [(item["name"], item["country"], item["sum"]) for item in form["items"]] == [
        ("Нан «Әже»", "", 1_050_00),
        ("=СУММ(A1)", "", 300_00),
        ("Скидка", "", -50_00),
    ]
    totals = {pair["label"]["ru"]: pair["value"] for pair in form["totals"]}
    assert totals == {
        "Наличные": "1300.00",
        "Получено": "2000.00",
        "Сдача": "700.00",
        "ИТОГО": "1300.00",
        "в т.ч. НДС 12 %": "112.50",
    }
    assert f"i={shop.sign}" in form["qr"]


def test_reports_and_money_are_shown_as_printed(shop: Shop) -> None:
    assert shop.get("/documents/1").json["totals"][0]["value"] == "5000.00"
    z = shop.get("/documents/3").json
    assert z["title"]["ru"] == "Z-отчет"
    totals = {pair["label"]["ru"]: pair["value"] for pair in z["totals"]}
    assert totals == {
        "Количество чеков": "1",
        "Итоговая выручка": "1300.00",
        "Наличных в кассе": "6300.00",
    }
    sections = {
        one["title"]["ru"]: {p["label"]["ru"]: p["value"] for p in one["pairs"]} for one in z["sections"]
    }
    assert sections["Продажа"]["За смену: 1"] == "1300.00"
    assert sections["Необнуляемый итог"]["Продаж"] == "1300.00"
    entry = shop.get("/x-reports").json["rows"][0]["number"]
    assert shop.get(f"/x-reports/{entry}").json["title"]["ru"] == "X-отчет"


@pytest.mark.parametrize("paper", ["/documents/2", "/documents/3", "/x-reports/1"])
def test_a_paper_can_be_loaded_as_pdf_and_picture(shop: Shop, paper: str) -> None:
    pdf = shop.get(f"{paper}/pdf", language="kk")
    assert pdf.mimetype == "application/pdf"
    text = pypdf.PdfReader(io.BytesIO(pdf.data)).pages[0].extract_text()
    assert "СЫНАҚ, ЧЕК ЕМЕС" in text
    assert "ЖСН/БСН" in text
    picture = shop.get(f"{paper}/png")
    image = Image.open(io.BytesIO(picture.data))
    assert (picture.mimetype, image.format) == ("image/png", "PNG")
    assert image.getextrema() == (0, 255)
    shop.get(f"{paper}/pdf", 422, language="de")


def test_what_there_is_not_is_not_found(shop: Shop) -> None:
    for path in ("/documents/9", "/documents/0", "/documents/x", "/x-reports/99", "/archives/none"):
        shop.get(path, 404)
    shop.get("/archives/none/file", 404)


def test_a_broken_download_is_taken_up_again(shop: Shop) -> None:
    view = shop.ready(table="transactions")
    assert (view["state"], view["formats"], view["rows"]) == ("ready", ["json", "csv", "xlsx"], 5)
    path = f"/archives/{view['key']}/file"
    whole = shop.get(path)
    etag = whole.headers["ETag"]
    assert (whole.mimetype, whole.headers["Accept-Ranges"]) == ("application/zip", "bytes")
    assert whole.headers["Content-Disposition"] == f"attachment; filename=transactions-{shop.card}.zip"
    assert len(whole.data) == view["size"]
    half = shop.get(path, 206, {"Range": "bytes=100-", "If-Range": etag})
    assert half.data == whole.data[100:]
    assert half.headers["Content-Range"] == f"bytes 100-{view['size'] - 1}/{view['size']}"
    assert shop.get(path, 200, {"Range": "bytes=100-", "If-Range": '"another"'}).data == whole.data
    shop.get(path, 416, {"Range": "bytes=99999999-"})
    packed = zipfile.ZipFile(io.BytesIO(whole.data))
    assert json.loads(packed.read("archive.json"))["register"]["id"] == shop.card


def test_archives_are_listed_and_thrown_away(shop: Shop) -> None:
    view = shop.ready(table="shifts", formats=["pdf"])
    assert [one["key"] for one in shop.get("/archives").json] == [view["key"]]
    gone = shop.client.delete(f"/api/cards/{shop.card}/archives/{view['key']}", headers=shop.head)
    assert gone.json == {"done": True}
    assert shop.get("/archives").json == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"table": "tickets"}, "table"),
        ({"table": "shifts", "formats": ["doc"]}, "formats"),
        ({"table": "shifts", "formats": 5}, "formats"),
        ({"table": "shifts", "shift": 0}, "shift"),
        ({"table": "shifts", "first": "2026-09-02", "last": "2026-09-01"}, "first"),
        ({}, "table"),
    ],
)
def test_a_wrong_order_is_told_by_field(shop: Shop, body: dict[str, Any], field: str) -> None:
    assert shop.order(422, **body)["error"]["fields"][0]["field"] == field


def test_another_organisation_s_archive_is_not_found(shop: Shop) -> None:
    view = shop.ready(table="transactions")
    shop.stand.enrol(replace(HEAD, number=OTHER_NUMBER, name="ТОО MOCK", key="k2"))
    shop.head = shop.log_in(OTHER_NUMBER)
    for path in (
        f"/archives/{view['key']}",
        f"/archives/{view['key']}/file",
        "/archives",
        "/documents/2/pdf",
    ):
        shop.get(path, 404)
