"""The error hierarchy: what each error says and carries."""

from __future__ import annotations

from enum import IntEnum

import pytest

from reference.protocol.uz import errors


class Code(IntEnum):
    BAD = 0x65


def test_codec_error_names_field_and_clause():
    error = errors.CodecError("value -1 is negative", field="price", clause="uz-fiscal RC-12")
    assert str(error) == "price: value -1 is negative (uz-fiscal RC-12)"
    assert str(errors.CodecError("odd")) == "odd"


def test_within_places_the_field_and_keeps_the_class():
    inner = errors.TlvError("tag occurs twice", field="8c", clause="uz-fiscal TLV-04").within("8d")
    assert type(inner) is errors.TlvError
    assert (inner.field, inner.text, inner.clause) == ("8d.8c", "tag occurs twice", "uz-fiscal TLV-04")
    assert errors.CodecError("odd").within("a0").field == "a0"


def test_receipt_error_text_is_exactly_the_wire_text():
    error = errors.ReceiptError("receipt has no iteems", clause="uz-fiscal RC-04", field="Items")
    assert str(error) == error.text == "receipt has no iteems"
    assert (error.clause, error.field) == ("uz-fiscal RC-04", "Items")


def test_message_error_carries_the_status_code():
    error = errors.MessageError("no file", code=Code.BAD, clause="uz-fiscal OF-12")
    assert error.code is Code.BAD
    assert (str(error), error.clause) == ("no file", "uz-fiscal OF-12")


def test_standin_error_carries_the_reason():
    error = errors.StandinError("bad", reason=errors.StandinReason.SIGNATURE, clause="uz-fiscal §17.5")
    assert error.reason is errors.StandinReason.SIGNATURE
    assert (str(error), error.clause) == ("bad", "uz-fiscal §17.5")


@pytest.mark.parametrize("leaf", ["CodecError", "TlvError", "ReceiptError", "MessageError", "StandinError"])
def test_one_root(leaf):
    assert issubclass(getattr(errors, leaf), errors.UzError)
