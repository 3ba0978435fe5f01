"""Records whose fields are declared in wire order with the specification's own names; all little endian.

    @dataclass(frozen=True, slots=True)
    class EndpointDescriptor(Record):
        bLength: U8 = 7
        …

A record ends with one `Rest` field at most, which takes all bytes that are left.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeAlias

from reference.protocol.usb.errors import UsbError

U8: TypeAlias = int
U16: TypeAlias = int
U32: TypeAlias = int
U64: TypeAlias = int
I32: TypeAlias = int
I64: TypeAlias = int
Two: TypeAlias = bytes
Three: TypeAlias = bytes
Eight: TypeAlias = bytes
Text32: TypeAlias = bytes
Path256: TypeAlias = bytes
Rest: TypeAlias = bytes

CODES: Final = {
    "U8": "B",
    "U16": "H",
    "U32": "I",
    "U64": "Q",
    "I32": "i",
    "I64": "q",
    "Two": "2s",
    "Three": "3s",
    "Eight": "8s",
    "Text32": "32s",
    "Path256": "256s",
    "Rest": "",
}
"""How each of these lies in bytes, in the letters of `struct`. A record's annotations are read by name."""


class Layout(NamedTuple):
    """How a record class lies in bytes: its fixed fields, then the name of its `Rest` field or "".

    `sized` are the fields of so many raw bytes: fewer are filled up with zeros, more do not fit.
    """

    names: tuple[str, ...]
    codes: tuple[str, ...]
    fixed: struct.Struct
    rest: str
    sized: tuple[tuple[str, int], ...]
    values: Callable[[Any], tuple[Any, ...]]


_LAYOUTS: dict[type, Layout] = {}


def layout_of(record: type[Record]) -> Layout:
    """Read the layout off the class's annotations, once."""
    known = _LAYOUTS.get(record)
    if known is None:
        known = _LAYOUTS[record] = _read_layout(record)
    return known


def _read_layout(record: type[Record]) -> Layout:
    marked = [(field.name, CODES[str(field.type)]) for field in fields(record)]  # type: ignore[arg-type]
    rest = marked.pop()[0] if marked and not marked[-1][1] else ""
    names, codes = tuple(name for name, _ in marked), tuple(code for _, code in marked)
    sized = tuple((name, int(code[:-1])) for name, code in zip(names, codes, strict=True) if code[-1] == "s")
    fixed = struct.Struct(record.BYTE_ORDER + "".join(codes))
    values = attrgetter(*names) if len(names) > 1 else lambda one: tuple(getattr(one, name) for name in names)
    return Layout(names, codes, fixed, rest, sized, values)


class Record:
    """Base of all records. `ERROR` is what a record of its kind raises, `RULE` the clause it names."""

    __slots__ = ()
    BYTE_ORDER: ClassVar[str] = "<"
    ERROR: ClassVar[type[UsbError]] = UsbError
    RULE: ClassVar[str] = ""

    @classmethod
    def size(cls) -> int:
        """Bytes of the fixed fields."""
        return layout_of(cls).fixed.size

    def encode(self) -> bytes:
        """The record's bytes; its ERROR for a value that its field cannot hold."""
        layout = layout_of(type(self))
        values = layout.values(self)
        try:
            data = layout.fixed.pack(*values)
        except struct.error:
            raise self._misfit(layout, values) from None
        for name, size in layout.sized:
            if len(getattr(self, name)) > size:
                raise self._misfit(layout, values)
        return data + getattr(self, layout.rest) if layout.rest else data

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The record these bytes are, all of them; its ERROR when there are too few or too many."""
        layout = layout_of(cls)
        size = layout.fixed.size
        if len(data) < size or (len(data) > size and not layout.rest):
            wanted = f"{size} bytes" + (" or more" if layout.rest else "")
            raise cls.ERROR(f"{len(data)} bytes, not {wanted}", field=cls.__name__, rule=cls.RULE)
        values: tuple[Any, ...] = layout.fixed.unpack_from(data)
        if layout.rest:
            values += (bytes(data[size:]),)
        return cls(*values)

    @classmethod
    def _misfit(cls, layout: Layout, values: tuple[Any, ...]) -> UsbError:
        for name, code, value in zip(layout.names, layout.codes, values, strict=True):
            size = struct.calcsize(code)
            try:
                struct.pack(cls.BYTE_ORDER + code, value)
                fits = code[-1] != "s" or len(value) <= size
            except struct.error:
                fits = False
            if not fits:
                text = f"{value!r} does not fit into {size} byte{'s' if size > 1 else ''}"
                return cls.ERROR(text, field=name, rule=cls.RULE)
        raise AssertionError("every value fits by itself")
