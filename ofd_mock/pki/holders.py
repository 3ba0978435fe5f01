"""Who holds a certificate: from a made-up person to a certificate's subject and back (CA-03…CA-05)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

_NUMBER: Final = re.compile(r"[0-9]{12}")
_TEST: Final = re.compile(r"test|тест|mock", re.IGNORECASE)
_LONGEST: Final = {NameOID.COMMON_NAME: 64, NameOID.ORGANIZATION_NAME: 64, NameOID.SURNAME: 40}


class HolderError(ValueError):
    """A person or organisation that no certificate can be made for; `field` and `rule` say why."""

    def __init__(self, field: str, rule: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Holder:
    """A person, and the organisation he signs for; `bin` and `organisation` are None for a natural person.

    `common_name` is surname and name, `iin` and `bin` are 12 digits (the check digit is not asked for: the
    public test certificates break it, kz-ofd `iin_check_digit`).
    """

    common_name: str = "ТЕСТОВ ТЕСТ"
    surname: str = "ТЕСТОВ"
    patronymic: str = "ТЕСТОВИЧ"
    iin: str = "123456789011"
    organisation: str | None = None
    bin: str | None = None

    @property
    def taxpayer(self) -> str:
        """The number of the account: BIN, for a natural person IIN."""
        return self.bin or self.iin


ORGANISATION: Final = Holder(organisation='АО "ТЕСТ"', bin="123456789021")
PERSON: Final = Holder()


def subject_of(holder: Holder) -> x509.Name:
    """The subject, attributes in the national order. HolderError names a field that cannot stand there.

    TEST (or ТЕСТ) must stand in the person's or the organisation's name: nobody may take it for a real one
    (ID-05).
    """
    _check(holder)
    pairs = [
        (NameOID.COMMON_NAME, holder.common_name),
        (NameOID.SURNAME, holder.surname),
        (NameOID.SERIAL_NUMBER, f"IIN{holder.iin}"),
        (NameOID.COUNTRY_NAME, "KZ"),
    ]
    if holder.organisation is not None:
        pairs.append((NameOID.ORGANIZATION_NAME, holder.organisation))
        pairs.append((NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{holder.bin}"))
    if holder.patronymic:
        pairs.append((NameOID.GIVEN_NAME, holder.patronymic))
    return x509.Name([x509.NameAttribute(name, value) for name, value in pairs])


def holder_of(subject: x509.Name) -> Holder:
    """Who a certificate names. Numbers that are missing or not 12 digits come back empty, never guessed.

    A serialNumber that begins with BIN counts as the organisation's number, too (CA-04).
    """
    serial = _value(subject, NameOID.SERIAL_NUMBER)
    units = [str(each.value) for each in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    bins = [number for text in (*units, serial) if (number := _number(text, "BIN"))]
    organisation = _value(subject, NameOID.ORGANIZATION_NAME)
    return Holder(
        common_name=_value(subject, NameOID.COMMON_NAME),
        surname=_value(subject, NameOID.SURNAME),
        patronymic=_value(subject, NameOID.GIVEN_NAME),
        iin=_number(serial, "IIN"),
        organisation=organisation or None,
        bin=bins[0] if bins else None,
    )


def readable(name: x509.Name) -> str:
    """A distinguished name in the order of the certificate, as the national software writes it."""
    shown = []
    for attribute in name:
        label = _LABELS.get(attribute.oid, attribute.oid.dotted_string)
        value = re.sub(r'([,+"\\<>;])', r"\\\1", str(attribute.value))
        shown.append(f"{label}={value}")
    return ",".join(shown)


_LABELS: Final = {
    NameOID.COMMON_NAME: "CN",
    NameOID.SURNAME: "SURNAME",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
    NameOID.COUNTRY_NAME: "C",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.GIVEN_NAME: "G",
}


def _check(holder: Holder) -> None:
    if not _NUMBER.fullmatch(holder.iin):
        raise HolderError("iin", "digits", f"an IIN has 12 digits, not {holder.iin!r}")
    if (holder.organisation is None) != (holder.bin is None):
        raise HolderError("bin", "together", "an organisation has both a name and a BIN, a person neither")
    if holder.bin is not None and not _NUMBER.fullmatch(holder.bin):
        raise HolderError("bin", "digits", f"a BIN has 12 digits, not {holder.bin!r}")
    texts = {
        "common_name": (holder.common_name, NameOID.COMMON_NAME),
        "surname": (holder.surname, NameOID.SURNAME),
        "organisation": (holder.organisation or "-", NameOID.ORGANIZATION_NAME),
    }
    for field, (value, kind) in texts.items():
        if not 1 <= len(value) <= _LONGEST[kind]:
            raise HolderError(field, "length", f"1 to {_LONGEST[kind]} characters, not {len(value)}")
    if not _TEST.search(holder.common_name) and not _TEST.search(holder.organisation or ""):
        raise HolderError("common_name", "test", "TEST must stand in the name of the person or organisation")


def _value(subject: x509.Name, kind: x509.ObjectIdentifier) -> str:
    found = subject.get_attributes_for_oid(kind)
    return str(found[0].value) if found else ""


def _number(text: str, prefix: str) -> str:
    number = text.removeprefix(prefix)
    return number if text.startswith(prefix) and _NUMBER.fullmatch(number) else ""
