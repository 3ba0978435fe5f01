"""The demonstration's café: a month of sales made by the point of sale itself, seen by its owner.

Every receipt goes through drive, module and operator; the owner's portal shows the month. The books of all of
them are laid side by side at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.lab_nursery import WarmNursery
from reference.runtime.clock import real_elapsed
from tools.demo import Say
from tools.shop_month.books import agreed, read_books
from tools.shop_month.plan import DAYS, RECEIPTS, plan_month
from tools.shop_month.play import MonthPlay
from tools.shop_month.stand import Stand, shop_lab


@dataclass(frozen=True, slots=True)
class ShopOutcome:
    """What the month came to, tiyin where it is money; every book of it agrees.

    `seconds` are the real ones that playing it took, without starting the parts and comparing the books.
    """

    days: int
    sales: int
    refunds: int
    cancelled: int
    cash: int
    card: int
    surcharge: int
    seconds: float
    memory: Mapping[str, float]
    """The most megabytes that each part ever held resident."""

    @property
    def receipts(self) -> int:
        """Of sales and refunds."""
        return self.sales + self.refunds


def run_shop_month(
    folder: Path,
    seed: int,
    say: Say,
    days: int = DAYS,
    receipts: int = RECEIPTS,
    nursery: WarmNursery | None = None,
) -> ShopOutcome:
    """Play the month in a lab of its own below `folder`; DemoError when the books do not agree."""
    with shop_lab(folder / "lab-shop", seed, nursery) as lab:
        stand = Stand(lab)
        try:
            stand.open()
            say(f"owner registered, till linked by its QR code, {len(stand.dishes)} dishes on the menu")
            plan = plan_month(seed, stand.tastes(), days, receipts)
            play = MonthPlay(stand, plan, say)
            began = real_elapsed()
            play.play()
            seconds = real_elapsed() - began
            books = read_books(stand, play.paper, plan[0].on, plan[-1].on)
            sums, module = agreed(books), books["module"]
            memory = {part: peak_megabytes(lab.pid(part)) for part in lab.addresses}
        finally:
            stand.close()
    say(f"till, module, operator and owner's portal agree on {sums.receipts} receipts to the tiyin")
    return ShopOutcome(
        days,
        sums.sales or 0,
        sums.refunds or 0,
        play.paper["cancelled"],
        module.cash or 0,
        module.card or 0,
        sums.surcharge or 0,
        seconds,
        memory,
    )


def peak_megabytes(pid: int) -> float:
    """The most megabytes that a process ever held resident."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilobytes) / 1000
