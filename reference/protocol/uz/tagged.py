"""Records coded by a table of tagged fields: the machinery under the module's objects (uz-fiscal §5.5).

A subclass of `TaggedObject` states its TABLE; from it come encoding, decoding and the selection by tag list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, ClassVar, Final, NamedTuple, Self

from reference.protocol.uz import values
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.tlv import element, elements, encode_length, fields

NO_INDEX: Final = 0xFFFF
"""Content of an absolute-index tag when there is no such record."""


class Field(NamedTuple):
    """One row of a tag table; `write` gives the whole element of a value, `read` the value of its bytes."""

    tag: int
    name: str
    kind: str
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def _fixed(
    kind: str, size: int, encode: Callable[[Any, str], bytes], decode: Callable[[bytes, str], Any]
) -> Callable[[int, str], Field]:
    """Maker of fields whose value always has `size` bytes; its encoder checks the size by itself."""

    def make(tag: int, name: str) -> Field:
        head = bytes((tag, size))
        return Field(tag, name, kind, lambda v: head + encode(v, name), lambda data: decode(data, name))

    return make


def _sized(size: int | range) -> Callable[[bytes, str], bytes]:
    sizes = size if isinstance(size, range) else range(size, size + 1)

    def check(data: bytes, name: str) -> bytes:
        if len(data) not in sizes:
            wanted = f"{sizes[0]}…{sizes[-1]}" if len(sizes) > 1 else f"{sizes[0]}"
            raise CodecError(f"{len(data)} bytes, not {wanted}", field=name, clause="uz-fiscal §5.5")
        return bytes(data)

    return check


def raw_field(tag: int, name: str, size: int | range) -> Field:
    """A field of bytes whose size is `size` or lies in that range."""
    check = _sized(size)
    kind = f"bytes {size}" if isinstance(size, int) else "bytes"
    return Field(tag, name, kind, lambda v: element(tag, check(v, name)), lambda data: check(data, name))


def _encode_word(value: int, name: str) -> bytes:
    if value == NO_INDEX:
        return b"\xff\xff"
    return values.encode_short(value, name)


def _decode_word(data: bytes, name: str) -> int:
    return NO_INDEX if data == b"\xff\xff" else values.decode_short(data, name)


short_field = _fixed("short", 2, values.encode_short, values.decode_short)
index_field = _fixed("short, FFFF = none", 2, _encode_word, _decode_word)
byte_field = _fixed("byte", 1, values.encode_byte, values.decode_byte)
bcd_field = _fixed("BCD", 8, values.encode_bcd8, values.decode_bcd8)
time_field = _fixed("BCDDateTime", 8, values.encode_time, values.decode_time)
terminal_field = _fixed("TerminalID", 8, values.encode_terminal_id, values.decode_terminal_id)
sign_field = _fixed("FiscalSign", 6, values.encode_sign, values.decode_sign)
flag_field = _fixed("flag", 1, lambda v, _: values.encode_flag(v), values.decode_flag)


class TaggedObject:
    """A record coded by its TABLE; subclasses are frozen dataclasses whose fields are named there."""

    __slots__ = ()
    TAG: ClassVar[int]
    TABLE: ClassVar[tuple[Field, ...]]
    ON_REQUEST: ClassVar[frozenset[int]] = frozenset()
    """Tags that an empty tag list does not mean (uz-fiscal §5.2, UNK-25)."""
    COMPLETE: ClassVar[bool] = False
    """Whether every field must be there."""
    _all: ClassVar[Callable[[Any], tuple[Any, ...]]]
    _writers: ClassVar[tuple[tuple[int, Callable[[Any], bytes]], ...]]
    _readers: ClassVar[dict[int, tuple[str, Callable[[bytes], Any]]]]

    def __init_subclass__(cls) -> None:
        cls._all = attrgetter(*(field.name for field in cls.TABLE))
        cls._writers = tuple((field.tag, field.write) for field in cls.TABLE)
        cls._readers = {field.tag: (field.name, field.read) for field in cls.TABLE}

    def parts(self) -> dict[int, bytes]:
        """Whole element of every present field by tag, in the order of the table.

        CodecError, its field named `a1.receipt_seq`, for a value that does not fit.
        """
        try:
            return {
                tag: write(value)
                for (tag, write), value in zip(self._writers, type(self)._all(self), strict=True)
                if value is not None
            }
        except CodecError as error:
            raise error.within(f"{self.TAG:02x}") from None

    @classmethod
    def join(cls, parts: Mapping[int, bytes], tags: bytes | None = None) -> bytes:
        """The object made of `parts`: all of them for None, else what a tag list asks for.

        Order is that of the table whatever the order asked; unknown and doubled tags are ignored; an empty
        list means all but ON_REQUEST (uz-fiscal §5.2).
        """
        if tags:
            value = b"".join([part for tag, part in parts.items() if tag in tags])
        elif tags is None or not cls.ON_REQUEST:
            value = b"".join(parts.values())
        else:
            value = b"".join([part for tag, part in parts.items() if tag not in cls.ON_REQUEST])
        return b"%c%b%b" % (cls.TAG, encode_length(len(value)), value)

    def encode(self, tags: bytes | None = None) -> bytes:
        """The object's bytes: every present field for None, else the answer to that tag list (see `join`)."""
        return self.join(self.parts(), tags)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The object in `data`; unknown tags are skipped, missing fields are None.

        CodecError when it is not exactly this one object, a tag is doubled or a value has a wrong size or
        content. Numbers must have their full 8 bytes: hosts reject others (uz-fiscal §5.5, TY-02).
        """
        try:
            top = elements(data)
        except CodecError as error:
            raise error.within(f"{cls.TAG:02x}") from None
        if len(top) != 1 or top[0][0] != cls.TAG:
            found = " ".join(f"{tag:02x}" for tag, _ in top) or "nothing"
            raise CodecError(f"{found} instead", field=f"{cls.TAG:02x}", clause="uz-fiscal §5.5")
        try:
            return cls.from_value(top[0][1])
        except CodecError as error:
            raise error.within(f"{cls.TAG:02x}") from None

    @classmethod
    def from_value(cls, value: bytes) -> Self:
        """The object whose elements are `value`, without its own tag and length."""
        readers = cls._readers
        found = {}
        for tag, data in fields(value).items():
            if tag in readers:
                name, read = readers[tag]
                found[name] = read(data)
        if cls.COMPLETE and len(found) < len(readers):
            missing = next(name for name, _ in readers.values() if name not in found)
            raise CodecError("is missing", field=missing, clause="uz-fiscal §5.5")
        return cls(**found)


def nested_field(tag: int, name: str, kind: type[TaggedObject]) -> Field:
    """A field that is itself a tagged object; `tag` stands in place of that object's own."""

    def write(value: TaggedObject) -> bytes:
        try:
            return element(tag, b"".join(value.parts().values()))
        except CodecError as error:
            raise CodecError(error.text, field=f"{name}.{error.field[3:]}", clause=error.clause) from None

    def read(data: bytes) -> TaggedObject:
        try:
            return kind.from_value(data)
        except CodecError as error:
            raise error.within(name) from None

    return Field(tag, name, kind.__name__, write, read)
