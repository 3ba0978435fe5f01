"""What a program of the guest needs: the loader and the libraries its ELF file names (gABI, chapter 5)."""

from __future__ import annotations

import struct
from typing import Final

_MAGIC: Final = b"\x7fELF\x02\x01"
"""64 bits, little-endian: all that the guest runs."""
_PT_LOAD: Final = 1
_PT_DYNAMIC: Final = 2
_PT_INTERP: Final = 3
_DT_NULL: Final = 0
_DT_NEEDED: Final = 1
_DT_STRTAB: Final = 5
_PROGRAM_HEADER: Final = struct.Struct("<IIQQQQQQ")
_DYNAMIC: Final = struct.Struct("<qQ")


def is_elf(data: bytes) -> bool:
    """Whether these bytes are a 64-bit little-endian ELF file."""
    return data.startswith(_MAGIC)


def loader(data: bytes) -> str | None:
    """Path of the program that loads the file; None for a library or a static program."""
    for kind, _flags, offset, _start, _physical, length, *_rest in _program_headers(data):
        if kind == _PT_INTERP:
            return data[offset : offset + length].rstrip(b"\0").decode()
    return None


def needed(data: bytes) -> list[str]:
    """Names of the shared libraries the file asks for; none for a static one."""
    headers = _program_headers(data)
    dynamic = next((each for each in headers if each[0] == _PT_DYNAMIC), None)
    if dynamic is None:
        return []
    names, table = [], 0
    for tag, value in _DYNAMIC.iter_unpack(data[dynamic[2] : dynamic[2] + dynamic[5] // 16 * 16]):
        if tag == _DT_NULL:
            break
        if tag == _DT_NEEDED:
            names.append(value)
        elif tag == _DT_STRTAB:
            table = value
    start = _offset(headers, table)
    return [data[start + each : data.index(b"\0", start + each)].decode() for each in names]


def _program_headers(data: bytes) -> list[tuple[int, ...]]:
    (where,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return [_PROGRAM_HEADER.unpack_from(data, where + size * index) for index in range(count)]


def _offset(headers: list[tuple[int, ...]], address: int) -> int:
    for kind, _flags, offset, start, _physical, length, _memory, _align in headers:
        if kind == _PT_LOAD and start <= address < start + length:
            return offset + address - start
    raise ValueError(f"no segment of the file holds address {address:#x}")
