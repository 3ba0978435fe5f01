"""Every sentence of the pages stands in the Russian and the English catalogue, with its placeholders."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from reference.backoffice.pages import words

PAGES = Path(words.__file__).parent
OTHERS = [code for code in words.LANGUAGES if code != words.DEFAULT]
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"templates/**.html": {"silent": "false"}}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SAID = re.compile(r">([^<>]+)<|(?:aria-label|placeholder|title|alt)=\"([^\"]+)\"")
NAMES = {
    "TEST",
    "Kassalab",
    "Biznes",
    "API",
    "K",
    "Multicard",
    "Store",
    "Application",
    "ID",
    "Secret",
    "ATMOS",
    "Payme",
    "Click",
}
"""What is called the same in every language."""


@cache
def sentences() -> dict[str, str]:
    """Sentence → where it stands. Of a sentence with a number, its singular."""
    found = extract_from_dir(PAGES, method_map=_METHODS, options_map=_OPTIONS)
    return {
        (message if isinstance(message, str) else message[0]): f"{path}:{line}"
        for path, line, message, _, _ in found
    }


def translations(language: str) -> dict[str, tuple[str, ...]]:
    """Sentence → its translation with all its plurals, of all catalogues of a language."""
    known: dict[str, tuple[str, ...]] = {}
    for path in (PAGES / "translations" / language).glob("*.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                one = message.id if isinstance(message.id, str) else message.id[0]
                said = message.string if isinstance(message.string, tuple) else (str(message.string),)
                assert not message.fuzzy, (path.name, one)
                known[one] = said
    known.pop("", None)
    return known


def test_the_extraction_sees_templates_and_sources() -> None:
    """Guards the test below: an extraction that finds nothing would let everything pass."""
    places = {sentence: place.split(":")[0] for sentence, place in sentences().items()}
    assert places["Kirish"].endswith(".html")
    assert places["Kod qayta yuborildi"] == "enrolment.py"


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    known = translations(language)
    missing = {text: place for text, place in sentences().items() if not all(known.get(text, ("",)))}
    assert missing == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_has_lost_its_sentence(language: str) -> None:
    assert sorted(set(translations(language)) - set(sentences())) == []


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_are_those_of_the_sentence(language: str) -> None:
    for sentence, forms in translations(language).items():
        for said in forms:
            assert sorted(_PLACEHOLDER.findall(said)) == sorted(_PLACEHOLDER.findall(sentence)), sentence


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=str(path.relative_to(PAGES)))
        for path in sorted((PAGES / "templates").rglob("*.html"))
    ],
)
def test_templates_say_nothing_past_the_catalogues(path: Path) -> None:
    """What stands between tags, or in a label, is either translated or a name."""
    bare = _JINJA.sub("", path.read_text(encoding="utf-8"))
    bare = re.sub(r"<title>.*?</title>", "", bare)
    said = {
        word for found in _SAID.findall(bare) for text in found for word in re.findall(r"[^\W\d_]+", text)
    }
    assert said - NAMES <= {"XXXXXXXXX"}
