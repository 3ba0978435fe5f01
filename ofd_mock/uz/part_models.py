"""Bodies of the operator's control operations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reference.runtime.control_models import CENTURY, Body
from reference.runtime.duration import Duration

Terminal = Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{12}$")]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class Target(Body):
    """Which modules: a glob over the TerminalID, and of those a fixed share."""

    terminal: str = Field(
        "*", min_length=1, max_length=64, description="TerminalID, a glob such as ZZ00*, or *"
    )
    share: float = Field(1.0, gt=0, le=1, description="of these modules; which ones depends on `seed` alone")
    seed: int = Field(0, description="another seed selects other modules for a share")


class Block(Target):
    """Operator block (OF-17)."""

    reason: int = Field(3, ge=0, le=255, description="1 unpaid, 2 deregistered, 3 other")
    notice: str = Field("", max_length=1024, description="shown to the user")


class PosUnlock(Target):
    """POS unlock (uz-fiscal §11.10)."""

    wanted: bool = Field(True, description="false takes an unused order back")


class MarkUnknown(Target):
    """NotFound (OF-16)."""

    unknown: bool = True


class MarkGeneration(Target):
    """Generation of the dialect that sends for these modules (G1-Z-09)."""

    generation: Literal[1, 2] = 1


class Notice(Target):
    """OKNotice (uz-fiscal §11.5)."""

    notice: str = Field("", max_length=1024)


class OneModule(Body):
    """One module."""

    terminal: Terminal


class Taxpayer(OneModule):
    """Whose module this is (UNK-32)."""

    tin: str = Field("", pattern=r"^([0-9]{9}|[0-9]{14})?$", description="STIR 9 digits, or PINFL 14")
    company: str = Field("", max_length=200)
    address: str = Field("", max_length=400)
    name: str = Field("", max_length=200, description="name of the till")


class Enroll(OneModule):
    """Keys of a module with a seed of its own (uz-fiscal §17.1), all hex."""

    seed: Hex32 | None = None
    public_key: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{128}$", description="x ‖ y")] | None = None
    transport_key: Hex32 | None = None


class Disturb(Body):
    """A fault rule aimed at modules (UZ-OFD-04)."""

    point: str
    action: str
    terminal: str = Field("*", max_length=64, description="glob over the TerminalID")
    share: float = Field(
        1.0, gt=0, le=1, description="of all modules, in hundredths; which ones: the run's seed"
    )
    file: str = Field("", description="glob over file types in hex, such as *02*")
    count: int | None = Field(None, ge=1, description="hits it acts on; null: every one")
    skip: int = Field(0, ge=0)
    probability: float = Field(1.0, ge=0, le=1)
    seed: int = 0
    seconds: Annotated[Duration, Field(gt=0, le=CENTURY)] | None = Field(
        None, description="lab time it lives"
    )
    delay: Annotated[Duration, Field(ge=0, le=CENTURY)] = 0.0
    value: str = ""


class ReceiptPage(OneModule):
    """A page of a module's receipts."""

    after: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=10_000)


class ZReportPage(OneModule):
    """A page of a module's Z-reports."""

    after: str = Field("", description="close time, 14 digits")
    limit: int = Field(100, ge=1, le=10_000)


class TracePage(Body):
    """Refused files, of one module or all."""

    terminal: Terminal | None = None
    limit: int = Field(100, ge=1, le=1000)
