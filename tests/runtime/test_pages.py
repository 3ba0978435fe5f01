"""What server-rendered pages share: a secret that stays and is nobody else's, catalogues, ways inside."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError

from reference.runtime.pages import kept_secret, own_path, read_catalogue

HEAD = 'msgid ""\nmsgstr ""\n"Language: ru\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "pages.secret"
    made = kept_secret(path)
    assert len(made) >= 32
    assert kept_secret(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_secret(tmp_path / "another") != made


def test_catalogues_of_a_language_are_merged(tmp_path: Path) -> None:
    folder = tmp_path / "ru"
    folder.mkdir()
    (folder / "a.po").write_text(f'{HEAD}\nmsgid "Kirish"\nmsgstr "Войти"\n', encoding="utf-8")
    (folder / "b.po").write_text(f'{HEAD}\nmsgid "Chiqish"\nmsgstr "Выйти"\n', encoding="utf-8")
    known = read_catalogue(tmp_path, "ru")
    assert [known.gettext(each) for each in ("Kirish", "Chiqish", "Orqaga")] == ["Войти", "Выйти", "Orqaga"]
    assert read_catalogue(tmp_path, "en").gettext("Kirish") == "Kirish"


def test_a_broken_catalogue_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "ru").mkdir()
    (tmp_path / "ru" / "a.po").write_text(f'{HEAD}\nmsgid "Kirish"\nwhat is this\n', encoding="utf-8")
    with pytest.raises(PoFileError, match="misformatted keyword"):
        read_catalogue(tmp_path, "ru")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("/orders?state=open", "/orders?state=open"),
        ("/", "/"),
        ("//elsewhere.test", "/home"),
        ("https://elsewhere.test/", "/home"),
        ("/\\elsewhere.test", "/home"),
        ("javascript:alert(1)", "/home"),
        ("elsewhere", "/home"),
        ("", "/home"),
    ],
)
def test_ways_stay_inside(wanted: str, found: str) -> None:
    assert own_path(wanted, "/home") == found
