"""Sentences in the languages of Uzbek shops and their owners."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One sentence in Uzbek, Russian and English."""

    uz: str
    ru: str
    en: str
