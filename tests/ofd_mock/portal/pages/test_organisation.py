"""«Данные организации» on pages: the facts for everybody of it, their change for the administrator."""

from __future__ import annotations

import re

import pytest

from ofd_mock.portal.members import Members
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import DETAILS, NUMBER, PASSWORD, Stand

JSON = {"Accept": "application/json"}


@pytest.fixture
def owner(stand: Stand) -> Visit:
    stand.enrol(bic="ALFAKZKA", iik="KZ86125KZT5004100100")
    return browse(stand).log_in()


def paymaster(stand: Stand) -> Visit:
    """A user of the organisation without its administrator's rights."""
    given = {"login": "kassir", "name": "Кассир", "role": 1, "password": PASSWORD}
    Members(stand.office).add_user(stand.visitor(), given | {"password_repeated": PASSWORD})
    visit = browse(stand).log_in("kassir")
    fresh = "Zyxwvu9?"
    visit.post("/me", {"old_password": PASSWORD, "password": fresh, "password_repeated": fresh})
    return browse(stand).log_in("kassir", fresh)


def test_the_facts(owner: Visit) -> None:
    text = seen(owner.get("/organisation"))
    for fact in (
        f"ИИН/БИН {NUMBER}",
        'Название организации (полное) АО "ТЕСТ"',
        "Лицевой счет 58968",
        'БИК ALFAKZKA Наименование банка АО "ДОЧЕРНИЙ БАНК "АЛЬФА-БАНК"',
        "ИИК KZ86125KZT5004100100",
        f"Юридический адрес {DETAILS['legal_address']}",
        f"Электронная почта (E-mail) {DETAILS['email']}",
        f"Телефоны {DETAILS['phones']}",
        f"Должность {DETAILS['head_position']} ФИО {DETAILS['head_name']}",
    ):
        assert fact in text


def test_details_are_changed_and_what_is_wrong_is_marked(owner: Visit) -> None:
    page = owner.get("/organisation/edit")
    assert "Данные организации / Изменить данные" in seen(page)
    bank = {"bic": "ALFAKZKA", "iik": "KZ00125KZT5004100100", "act": "save"}
    wrong = owner.post("/organisation/edit", DETAILS | bank, 422)
    assert re.findall(r'id="iik-finding">([^<]+)', wrong.text) == ["Контрольные цифры ИИК неверны"]
    right = DETAILS | {"head_name": "<b>Иванов</b>", "bic": "", "iik": "", "act": "save"}
    assert owner.post("/organisation/edit", right).location == "/organisation"
    page = owner.get("/organisation")
    assert "Данные сохранены" in seen(page)
    assert "БИК —" in seen(page)
    assert "&lt;b&gt;Иванов&lt;/b&gt;" in page.text


def test_a_new_email_by_its_code(stand: Stand, owner: Visit) -> None:
    new = {"email": "office@example.kz"}
    page = owner.post("/organisation/edit", DETAILS | new | {"act": "save"}, 422)
    assert "Подтвердите электронную почту кодом" in seen(page)
    assert owner.post("/organisation/email", new, 200, headers=JSON).json == {"done": True}
    wrong = owner.post("/organisation/code", new | {"code": "x"}, 422, headers=JSON)
    assert wrong.json == {"findings": {"code": "Неверный код"}}
    owner.post("/organisation/code", new | {"code": stand.mailed_code()}, 200, headers=JSON)
    owner.post("/organisation/edit", DETAILS | new | {"act": "save"})
    assert "office@example.kz" in seen(owner.get("/organisation"))


def test_windows_work_without_script(owner: Visit) -> None:
    page = owner.post("/organisation/edit", DETAILS | {"act": "banks"}, 200)
    assert re.search(r'<dialog id="window-banks"[^>]* open>', page.text)


def test_who_is_no_administrator_sees_but_changes_nothing(stand: Stand, owner: Visit) -> None:
    visit = paymaster(stand)
    page = visit.get("/organisation")
    assert DETAILS["phones"] in seen(page)
    assert "Изменить данные" not in seen(page)
    assert "Недостаточно прав" in seen(visit.get("/organisation/edit", 403))
    visit.post("/organisation/edit", DETAILS | {"phones": "+7 000 000"}, 403)
    visit.post("/organisation/email", {"email": "a@b.kz"}, 403, headers=JSON)
    visit.post("/organisation/code", {"email": "a@b.kz", "code": "1"}, 403, headers=JSON)
    assert DETAILS["phones"] in seen(owner.get("/organisation"))


def test_a_stranger_is_led_to_the_login(stand: Stand, owner: Visit) -> None:
    visit = browse(stand)
    for path in ("/organisation", "/organisation/edit"):
        assert visit.get(path, 303).location == f"/login?next={path}"
