"""Whether a text can be an e-mail address at all; that it is one shows the mailed code."""

from __future__ import annotations

import re
from typing import Final

from ofd_mock.portal.findings import FieldFinding
from reference.protocol.kz.results import Texts

LONGEST: Final = 254
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""What browsers take in a field of type email, with at least one dot in the domain."""
_WRONG: Final = Texts(
    "Неверный адрес электронной почты", "Электрондық пошта мекенжайы қате", "This is no e-mail address"
)


def check_email(text: str, *, field: str = "email") -> FieldFinding | None:
    """What is wrong with it, None if nothing."""
    if len(text) > LONGEST or not _ADDRESS.fullmatch(text):
        return FieldFinding(field, "shape", _WRONG)
    return None
