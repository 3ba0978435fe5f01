"""Every sentence of the pages stands in the Kazakh and the English catalogue, with its placeholders."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from ofd_mock.portal.pages import words

PAGES = Path(words.__file__).parent
OTHERS = [code for code in words.LANGUAGES if code != words.DEFAULT]
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"templates/**.html": {"silent": "false"}}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CYRILLIC = re.compile("[А-Яа-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі]")


@cache
def sentences() -> dict[str, str]:
    """Sentence → where it stands. Of a sentence with a number, its singular."""
    found = extract_from_dir(PAGES, method_map=_METHODS, options_map=_OPTIONS)
    return {
        (message if isinstance(message, str) else message[0]): f"{path}:{line}"
        for path, line, message, _, _ in found
    }


def translations(language: str) -> dict[str, str]:
    """Sentence → its translation, of all catalogues of a language."""
    known: dict[str, str] = {}
    for path in (PAGES / "translations" / language).glob("*.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                one = message.id if isinstance(message.id, str) else message.id[0]
                said = message.string if isinstance(message.string, str) else message.string[0]
                assert not message.fuzzy, (path.name, one)
                known[one] = said
    known.pop("", None)
    return known


def test_the_extraction_sees_templates_and_sources() -> None:
    """Guards the test below: an extraction that finds nothing would let everything pass."""
    places = {sentence: place.split(":")[0] for sentence, place in sentences().items()}
    assert places["Зарегистрироваться"].endswith(".html")
    assert places["Организация зарегистрирована"] == "enrolment.py"


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    known = translations(language)
    missing = {sentence: place for sentence, place in sentences().items() if not known.get(sentence)}
    assert missing == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_has_lost_its_sentence(language: str) -> None:
    assert sorted(set(translations(language)) - set(sentences())) == []


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_are_those_of_the_sentence(language: str) -> None:
    for sentence, said in translations(language).items():
        assert sorted(_PLACEHOLDER.findall(said)) == sorted(_PLACEHOLDER.findall(sentence)), sentence


def test_english_is_english() -> None:
    """Names in their own script aside."""
    allowed = {"РУС", "ҚАЗ"}
    said = translations("en")
    wrong = {one: text for one, text in said.items() if text not in allowed and _CYRILLIC.search(text)}
    assert wrong == {}


def test_templates_say_nothing_past_the_catalogues() -> None:
    """No Russian stands bare between the marks; names that are the same in every language aside."""
    bare = {}
    for path in (PAGES / "templates").rglob("*.html"):
        text = _JINJA.sub("", path.read_text(encoding="utf-8")).replace("ОФД", "")
        if _CYRILLIC.search(text):
            bare[path.name] = [line.strip() for line in text.splitlines() if _CYRILLIC.search(line)]
    assert bare == {}


def test_russian_stands_in_the_sources_alone() -> None:
    assert not (PAGES / "translations" / words.DEFAULT).exists()
