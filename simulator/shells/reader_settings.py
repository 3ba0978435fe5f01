"""What kind of reader the emulated module sits in: exchange level, message size, ATR, clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reference.protocol.usb.atr import Atr
from reference.protocol.usb.descriptors import EXCHANGE_LEVELS, CcidDescriptor, CcidFeatures
from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR

ATRS: Final = {"iso": ATR_ISO, "vendor": ATR_VENDOR}
"""Stacks that verify the check byte need the first (uz-fiscal FM-S-07)."""
LEVELS: Final = {
    "tpdu": CcidFeatures.TPDU_LEVEL,
    "short": CcidFeatures.SHORT_APDU_LEVEL,
    "extended": CcidFeatures.EXTENDED_APDU_LEVEL,
}
SMALLEST_MESSAGE: Final = 271
"""A header and the longest short APDU, 261 bytes (CCID 1.1 table 5.1-1)."""
LARGEST_MESSAGE: Final = 65_554
AUTOMATIC: Final = (
    CcidFeatures.AUTO_PARAMETERS
    | CcidFeatures.AUTO_VOLTAGE
    | CcidFeatures.AUTO_CLOCK
    | CcidFeatures.AUTO_BAUD_RATE
    | CcidFeatures.AUTO_PPS
    | CcidFeatures.CLOCK_STOP
)


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """One kind of reader. `max_message` is dwMaxCCIDMessageLength; below 271 it makes even short APDUs chain,
    which only the extended level can. `extension` is lab seconds between two time extensions. `mechanical` is
    dwMechanical. `clocks` in kHz and `data_rates` in bit/s begin with the default.
    """

    level: CcidFeatures = CcidFeatures.SHORT_APDU_LEVEL
    max_message: int = SMALLEST_MESSAGE
    atr: bytes = ATR_ISO
    verify_atr: bool = False
    extension: float = 1.0
    mechanical: int = 0
    clocks: tuple[int, ...] = (4000,)
    data_rates: tuple[int, ...] = (10_752, 21_505, 43_010, 86_021, 172_043, 344_086)

    def __post_init__(self) -> None:
        if self.level not in LEVELS.values():
            raise ValueError(f"level: {self.level!r} is none of {', '.join(LEVELS)}")
        least = 11 if self.level == CcidFeatures.EXTENDED_APDU_LEVEL else SMALLEST_MESSAGE
        if not least <= self.max_message <= LARGEST_MESSAGE:
            raise ValueError(f"max_message: {self.max_message} is not {least} to {LARGEST_MESSAGE}")

    @property
    def protocols(self) -> tuple[int, ...]:
        """T of the protocols it speaks; at TPDU level the host makes the blocks of T=1."""
        return (0, 1)

    def protocol_for(self, atr: Atr) -> int | None:
        """The first protocol of the card that this reader speaks, None when there is none."""
        return next((t for t in atr.protocols if t in self.protocols), None)

    def descriptor(self, slots: int) -> CcidDescriptor:
        """The class descriptor of such a reader with that many slots, which can all work at once."""
        level = self.level & EXCHANGE_LEVELS
        ifsd = CcidFeatures(0) if level == CcidFeatures.TPDU_LEVEL else CcidFeatures.AUTO_IFSD
        return CcidDescriptor(
            bMaxSlotIndex=slots - 1,
            dwProtocols=sum(1 << t for t in self.protocols),
            dwDefaultClock=self.clocks[0],
            dwMaximumClock=max(self.clocks),
            bNumClockSupported=len(self.clocks) if len(self.clocks) > 1 else 0,
            dwDataRate=self.data_rates[0],
            dwMaxDataRate=max(self.data_rates),
            bNumDataRatesSupported=len(self.data_rates) if len(self.data_rates) > 1 else 0,
            dwMechanical=self.mechanical,
            dwFeatures=AUTOMATIC | ifsd | level,
            dwMaxCCIDMessageLength=self.max_message,
            bMaxCCIDBusySlots=slots,
        )
