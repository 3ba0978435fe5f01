"""`kassalab demo`: everything once, on a fresh checkout, with a report at the end."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from conformance.lab import Lab, LabError
from reference.runtime.chance import fresh_seed
from reference.runtime.clock import real_elapsed
from tools.commands.run import judged
from tools.console import out
from tools.demo import DemoError, Outcome, run_day
from tools.demo_kz import KzOutcome, kz_lab, play_kz_day
from tools.demo_shop import ShopOutcome, run_shop_month
from tools.shop_month.plan import DAYS, RECEIPTS


def demo(
    report: Annotated[Path, typer.Option("--report", help="Folder of the report.")] = Path("lab-report"),
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of all chance.")] = None,
    days: Annotated[
        int, typer.Option("--days", min=3, max=DAYS, help="Days of the café; a whole month without it.")
    ] = DAYS,
) -> None:
    """Sell a day through each country's chain, play their troubles, judge every part, write a report."""
    began = real_elapsed()
    chosen = fresh_seed() if seed is None else seed
    story = report / "demo"
    shutil.rmtree(story, ignore_errors=True)
    story.mkdir(parents=True)
    out().print(Text(f"seed {chosen}", style="bold"))
    try:
        # Its portal takes seconds to start: they pass while the first day is played.
        with started_beside(kz_lab(story, chosen)) as kz_ready:
            _title("Uzbekistan: POS → drive service → fiscal module → operator")
            outcome = run_day(story, chosen, _say)
            _title("Kazakhstan: portal → register → operator")
            kz_outcome = play_kz_day(kz_ready(), story, _say)
        _title(f"{days} days of a café with two tills: point of sale → the Uzbek chain → the owner's portal")
        month = run_shop_month(story, chosen, _say, days, RECEIPTS * days // DAYS)
    except (DemoError, LabError) as error:
        raise DemoError(f"the demonstration failed: {error}") from error
    _title("Conformance suites against every part of both chains\n")
    status, summary = judged(chosen, report)
    _summary(outcome, kz_outcome, month, summary, report, real_elapsed() - began)
    raise typer.Exit(status)


@contextmanager
def started_beside(lab: Lab) -> Iterator[Callable[[], Lab]]:
    """Start a lab in a thread; the function given waits for it. It is stopped at the end of the block."""
    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(lab.start)
        try:
            yield starting.result
        finally:
            wait([starting])
            lab.stop()


def _title(text: str) -> None:
    out().print(Text(f"\n{text}", style="bold"), soft_wrap=True)


def _say(text: str) -> None:
    out().print(Text(f"  {text}"), soft_wrap=True)


def _summary(
    outcome: Outcome,
    kz: KzOutcome,
    month: ShopOutcome,
    summary: dict[str, Counter[str]],
    report: Path,
    seconds: float,
) -> None:
    lines = [
        f"café day      {outcome.receipts} receipts ({outcome.refunds} refund), "
        f"{outcome.delivered} at the operator; POS, module and operator agree",
        f"money         cash {_som(outcome.cash)}, card {_som(outcome.card)} so'm in the Z-report",
        f"outage        blocked after {outcome.blocked_after} without the operator, healed by sending",
        f"shop day      {kz.tickets} tickets ({kz.autonomous} autonomous), {kz.checked} on the check page; "
        "shop, register and operator agree",
        f"money         sold {_som(kz.sold)}, returned {_som(kz.returned)}, taken out {_som(kz.taken)} ₸",
        "portal        organisation, register and token, each signed with a test certificate; "
        f"{_som(kz.charged)} ₸ charged for its tariff",
        f"offline       refused after {kz.expired_after} without the operator, healed by delivery",
        f"café's {month.days} days {month.receipts} receipts ({month.refunds} refunds, "
        f"{month.cancelled} orders given up), played in {month.seconds:.0f} s; "
        "tills, modules, operator and owner's portal agree",
        f"money         cash {_som(month.cash)}, card and applications {_som(month.card)}, "
        f"of it surcharges {_som(month.surcharge)} so'm",
    ]
    for target, outcomes in summary.items():
        told = ", ".join(f"{count} {name}" for name, count in outcomes.most_common())
        lines.append(f"{target:<13} {told}")
    lines += [
        f"paper         {report / 'demo' / 'receipts'}, {report / 'demo' / 'tickets'} (all say TEST)",
        f"report        {report / 'report.html'}",
        f"took          {seconds:.0f} s",
    ]
    out().print(Text("\n" + "\n".join(f"  {line}" for line in lines)), soft_wrap=True)


def _som(hundredths: int) -> str:
    return f"{hundredths / 100:,.2f}".replace(",", " ")
