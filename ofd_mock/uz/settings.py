"""What a person may set at the operator; every stand-in behaviour is here with the default of the
specification.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_FRAME = 1 + 1 + 3 + 0x1FFFFF + 4  # version, tag, three length bytes, the longest element, CRC


class OperatorSettings(BaseModel):
    """Settings of one operator process; `reset` of the control API takes the same names.

    Durations are seconds of the operator's lab clock.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: Literal["test", "production"] = Field(
        "test",
        description="which modules are served: those whose id starts with ZZ, or all others, whose keys must "
        "be enrolled (ID-06)",
    )
    max_message: int = Field(
        1 << 20, ge=16, le=MAX_FRAME, description="longest frame in bytes; above it status 66 (OF-15, UNK-19)"
    )
    max_files: int = Field(
        32, ge=1, le=1000, description="most files of one message; above it status 68 (OF-14)"
    )
    half_frame_seconds: float = Field(
        30.0, gt=0, description="an unfinished frame is given up after this (OF-04)"
    )
    keep_open_seconds: float = Field(
        5.0, ge=0, description="after an answer the next request may come this late (OF-05)"
    )
    max_connections: int = Field(2000, ge=1, description="connections above this are closed at once")
    blocked_serves_sync: bool = Field(
        True, description="queries c8 and c9 are served while a module is blocked (OF-17, UNK-18)"
    )
    check_spic: bool = Field(
        False, description="every item needs a SPIC of 17 digits, else file status 02 (UNK-20)"
    )
    count_advance_credit: bool = Field(
        True,
        description="advance and credit receipts count in the totals a Z-report is compared with (UNK-09)",
    )
    check_signature: bool = Field(
        False, description="POST /api/payment needs X-Timestamp and X-Signature (CK-02)"
    )
    check_key: str = Field(
        "kassalab-check-test", min_length=1, description="key of X-Signature (CK-02); ours, not a real one"
    )
    check_clock_seconds: float = Field(300.0, gt=0, description="most that X-Timestamp may be off (CK-02)")
    max_traces: int = Field(
        10_000, ge=0, description="trace files of refused files kept, oldest dropped first"
    )
    change_lock_state: bool = Field(
        False,
        description="what the state page says at first for all modules: ChangeLockState (uz-fiscal §11.10)",
    )
    lock_state: Literal["Lock", "Unlock"] = Field(
        "Unlock", description="what the state page says at first for all modules: LockState"
    )
    generation_1: tuple[str, ...] = Field(
        (),
        description="globs over TerminalIDs whose unsigned advance and credit receipts are taken (G1-Z-09)",
    )
    defects: tuple[str, ...] = Field((), description="deliberate mistakes, names of ofd_mock/defects.py")

    def serves(self, terminal: str) -> bool:
        """Whether modules of this identity are known here at all (uz-fiscal ID-06, OF-16)."""
        return terminal.startswith("ZZ") == (self.identity == "test")
