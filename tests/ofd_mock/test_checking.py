"""Verifying in a thread or in worker processes: the same intents, in the same order, whatever dies."""

from __future__ import annotations

import asyncio
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from ofd_mock.defects import rules_with_defects
from ofd_mock.uz import checking
from ofd_mock.uz.checking import Bundle, Checking, ProcessChecking, ThreadChecking, checking_for
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.values import Refusal, VerifiedReceipt
from tests.ofd_mock.till import TERMINAL, Till

SETTINGS = OperatorSettings()
RULES = rules_with_defects(SETTINGS)


def bundles(count: int, files: int) -> list[Bundle]:
    made = []
    for at in range(count):
        till = Till(f"ZZ{at:012d}")
        made.append(Bundle(till.terminal, False, None, tuple(till.bread().full() for _ in range(files))))
    return made


async def numbers(
    checker: Checking, wanted: list[Bundle], settings: OperatorSettings = SETTINGS
) -> list[Any]:
    await checker.start()
    try:
        found = await asyncio.gather(
            *(checker.verify(rules_with_defects(settings), settings, bundle) for bundle in wanted)
        )
        return [
            [(i.terminal, i.number) if isinstance(i, VerifiedReceipt) else i for i in intents]
            for intents in found
        ]
    finally:
        checker.close()


def expected(wanted: list[Bundle]) -> list[Any]:
    return [[(bundle.terminal, at + 1) for at in range(len(bundle.files))] for bundle in wanted]


@pytest.mark.parametrize("workers", [0, 1])
def test_order_is_kept_over_portions_and_bundles(workers: int) -> None:
    wanted = [*bundles(5, 3), *bundles(2, 40)]
    checker = checking_for(rules_with_defects, workers)
    assert isinstance(checker, ProcessChecking if workers else ThreadChecking)
    assert asyncio.run(numbers(checker, wanted)) == expected(wanted)


def test_workers_make_the_rules_of_the_settings() -> None:
    till = Till()
    odd = till.bread().full()
    bundle = Bundle(TERMINAL, False, None, (odd,))
    strict = SETTINGS.model_copy(update={"check_spic": True, "defects": ("any-version",)})
    work = [(strict.model_dump_json(), bundle), (SETTINGS.model_dump_json(), bundle)]
    checking.load(rules_with_defects)
    ((first,), (second,)) = checking.verify_elsewhere(rules_with_defects, work)
    assert isinstance(first, VerifiedReceipt)
    assert first == second
    from dataclasses import replace

    other = Bundle(TERMINAL, False, None, (replace(odd, version=9),))
    ((taken,), (refused,)) = checking.verify_elsewhere(
        rules_with_defects, [(strict.model_dump_json(), other), (SETTINGS.model_dump_json(), other)]
    )
    assert isinstance(taken, VerifiedReceipt)
    assert isinstance(refused, Refusal)


class DyingPool(ThreadPoolExecutor):
    """A pool whose worker dies at its first task."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:  # type: ignore[override]
        raise BrokenExecutor("a process died")


def test_work_of_a_dead_worker_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[Executor] = []

    def hire(_: ProcessChecking) -> Executor:
        pools.append(ThreadPoolExecutor(1) if len(pools) else DyingPool(1))
        return pools[-1]

    monkeypatch.setattr(ProcessChecking, "_hire", hire)
    monkeypatch.setattr(ProcessChecking, "start", ThreadChecking.start)
    wanted = bundles(4, 20)
    checker = ProcessChecking(rules_with_defects, 2)
    assert asyncio.run(numbers(checker, wanted)) == expected(wanted)
    assert len(pools) == 2


def test_a_failure_reaches_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(checking, "verify_bundles", wrong)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(numbers(ThreadChecking(), bundles(1, 1)))


def test_a_request_that_was_given_up_holds_nothing_up() -> None:
    async def work() -> list[Any]:
        checker = ThreadChecking()
        first, second = bundles(2, 3)
        given_up = asyncio.create_task(checker.verify(RULES, SETTINGS, first))
        await asyncio.sleep(0)
        given_up.cancel()
        found = await checker.verify(RULES, SETTINGS, second)
        await asyncio.sleep(0)
        checker.close()
        return [intent.number for intent in found if isinstance(intent, VerifiedReceipt)]

    assert asyncio.run(work()) == [1, 2, 3]
