"""The demonstration's café: a month of sales made by the point of sale itself, seen by its owner.

Every receipt goes through drive, module and operator; the owner's portal shows the month. The books of all of
them are laid side by side at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from conformance.lab_nursery import WarmNursery, nurseries_work
from reference.runtime.clock import real_elapsed
from tools.demo import Say
from tools.shop_month.books import agreed, read_books, summed
from tools.shop_month.pace import BrokenOffError, Pace
from tools.shop_month.plan import DAYS, RECEIPTS, plan_month
from tools.shop_month.play import MonthPlay
from tools.shop_month.stand import BRANCHES, Stand, shop_lab


@dataclass(frozen=True, slots=True)
class ShopOutcome:
    """What the month came to, tiyin where it is money; every book of it agrees.

    `seconds` are the real ones that playing it took, without starting the parts and comparing the books.
    """

    days: int
    tills: int
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
    tills: int = len(BRANCHES),
    nursery: WarmNursery | None = None,
) -> ShopOutcome:
    """Play the month in a lab of its own below `folder`; DemoError when the books do not agree.

    Each branch of the café has a till, with fiscal service and module of its own; they sell side by side.
    Without a `nursery` there is one for the month: parts are started again in it.
    """
    with ExitStack() as open_things:
        if nursery is None and nurseries_work():
            nursery = open_things.enter_context(WarmNursery())
        lab = open_things.enter_context(shop_lab(folder / "lab-shop", seed, tills, nursery))
        stand = Stand(lab, tills)
        try:
            stand.open()
            dishes = len(stand.tills[0].dishes)
            say(f"owner registered, tills of {tills} branches linked by QR code, {dishes} dishes on the menu")
            plays = _planned(stand, seed, days, receipts, say)
            began = real_elapsed()
            _played(plays)
            seconds = real_elapsed() - began
            first, last = plays[0].days[0].on, plays[0].days[-1].on
            books = read_books(stand, [play.paper for play in plays], first, last)
            sums = summed([agreed(each) for each in books])
            module = summed([each["module"] for each in books])
            memory = {part: peak_megabytes(lab.pid(part)) for part in lab.addresses}
        finally:
            stand.close()
    say(f"tills, modules, operator and owner's portal agree on {sums.receipts} receipts to the tiyin")
    return ShopOutcome(
        days,
        tills,
        sums.sales or 0,
        sums.refunds or 0,
        sum(play.paper["cancelled"] for play in plays),
        module.cash or 0,
        module.card or 0,
        sums.surcharge or 0,
        seconds,
        memory,
    )


def _planned(stand: Stand, seed: int, days: int, receipts: int, say: Say) -> list[MonthPlay]:
    """A play for each till, with an even share of the receipts."""
    tills, count = stand.tills, len(stand.tills)
    pace = Pace(stand.lab.clock, count)
    shares = [receipts * number // count - receipts * (number - 1) // count for number in range(1, count + 1)]
    plans = [
        plan_month(seed, till.tastes(), days, share, till=number)
        for number, (till, share) in enumerate(zip(tills, shares, strict=True), 1)
    ]
    return [MonthPlay(till, plan, say, pace) for till, plan in zip(tills, plans, strict=True)]


def _played(plays: Sequence[MonthPlay]) -> None:
    """Play them side by side; what one of them meets ends all, and is raised."""
    with ThreadPoolExecutor(len(plays), "till") as threads:
        try:
            running = [threads.submit(_play, play) for play in plays]
            done = [future.exception() for future in running]
        except BaseException:
            plays[0].pace.break_off()
            raise
    met = [error for error in done if error is not None]
    for error in sorted(met, key=lambda each: isinstance(each, BrokenOffError)):
        raise error


def _play(play: MonthPlay) -> None:
    try:
        play.play()
    except BaseException:
        play.pace.break_off()
        raise
    play.pace.leave()


def peak_megabytes(pid: int) -> float:
    """The most megabytes that a process ever held resident."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilobytes) / 1000
