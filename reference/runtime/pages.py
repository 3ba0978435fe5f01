"""What server-rendered pages of every part share: their secret, their catalogues, ways that stay inside."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from reference.runtime.chance import secret


def kept_secret(path: Path) -> str:
    """The secret that forms are signed with: made once, readable by its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(made := secret())
    return made


def read_catalogue(folder: Path, language: str) -> NullTranslations:
    """All sentences of `<folder>/<language>/*.po`, merged; nothing when there is no file.

    Read from the text itself, so that no compiled copy can be older than what it was made from.
    """
    whole: NullTranslations = NullTranslations()
    for path in sorted((folder / language).glob("*.po")):
        with path.open("rb") as file:
            known = read_po(file, locale=language, abort_invalid=True)
        compiled = io.BytesIO()
        write_mo(compiled, known)
        compiled.seek(0)
        read = Translations(compiled, domain=path.stem)
        whole = whole.merge(read) if isinstance(whole, Translations) else read
    return whole


def own_path(wanted: str, otherwise: str) -> str:
    """The path of this site that a request wants to go on to; `otherwise` for whatever leads elsewhere."""
    parts = urlsplit(wanted)
    safe = wanted.startswith("/") and not parts.scheme and not parts.netloc
    return wanted if safe and "\\" not in wanted and not wanted.startswith("//") else otherwise
