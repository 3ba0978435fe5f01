"""Orders about modules: the latest that covers a module holds, whatever its kind of target."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ofd_mock.uz.registry import (
    ALL,
    Directive,
    DirectiveKind,
    Registry,
    Selector,
    share_point,
    superseded,
)

IDS = [f"ZZ{at:012d}" for at in range(6)]
SELECTORS = st.builds(
    Selector,
    st.sampled_from([ALL, "ZZ*", "ZZ00000000000[0-2]", *IDS]),
    st.sampled_from([1.0, 0.5]),
    st.integers(0, 1),
)


def orders(kinds: list[DirectiveKind]) -> st.SearchStrategy[list[Directive]]:
    given_ = st.tuples(st.sampled_from(kinds), SELECTORS, st.booleans(), st.booleans())
    return st.lists(given_, max_size=25).map(
        lambda rows: [
            Directive(at, kind, selector, on, locked, reason=at, notice=f"n{at}")
            for at, (kind, selector, on, locked) in enumerate(rows, 1)
        ]
    )


@given(orders(list(DirectiveKind)))
def test_the_latest_order_that_covers_a_module_holds(given_: list[Directive]) -> None:
    registry = Registry(1, tuple(given_))
    for terminal in IDS:
        standing = registry.standing(terminal)

        def latest(kind: DirectiveKind, terminal: str = terminal) -> Directive | None:
            covering = [d for d in given_ if d.kind == kind and d.selector.covers(terminal)]
            return covering[-1] if covering else None

        block = latest(DirectiveKind.BLOCK)
        assert (standing.block is not None) == (block is not None and block.on)
        if standing.block is not None and block is not None:
            assert (standing.block.reason, standing.block.notice) == (block.reason, block.notice)
        unknown, gen1 = latest(DirectiveKind.UNKNOWN), latest(DirectiveKind.GENERATION_1)
        assert standing.unknown == (unknown is not None and unknown.on)
        assert standing.generation_1 == (gen1 is not None and gen1.on)
        unlock = latest(DirectiveKind.POS_UNLOCK)
        assert standing.pos_unlock == (unlock.number if unlock is not None and unlock.on else 0)
        lock = latest(DirectiveKind.LOCK)
        assert (standing.change_lock, standing.locked) == (
            (lock.on, lock.locked) if lock is not None else (False, False)
        )


@given(orders([DirectiveKind.BLOCK, DirectiveKind.LOCK]))
def test_dropping_superseded_orders_changes_nothing(given_: list[Directive]) -> None:
    kept: list[Directive] = []
    for order in given_:
        gone = superseded(kept, order)
        kept = [entry for entry in kept if entry.number not in gone] + [order]
    for terminal in IDS:
        assert Registry(1, tuple(kept)).standing(terminal) == Registry(1, tuple(given_)).standing(terminal)


def test_an_order_for_all_leaves_one_order() -> None:
    held = [Directive(at, DirectiveKind.BLOCK, Selector(pattern), True) for at, pattern in enumerate(IDS, 1)]
    held.append(Directive(7, DirectiveKind.LOCK, Selector(), True))
    assert superseded(held, Directive(8, DirectiveKind.BLOCK, Selector(), False)) == (1, 2, 3, 4, 5, 6)


def test_shares_are_even() -> None:
    points = sorted(share_point(f"ZZ{at:012d}", 0) for at in range(2000))
    assert 0 <= points[0] < 0.01
    assert 0.45 < points[1000] < 0.55
    assert 0.99 < points[-1] < 1


def test_a_picture_remembers_no_more_modules_than_it_should(monkeypatch: object) -> None:
    registry = Registry()
    assert registry.standing(IDS[0]) is registry.standing(IDS[0])
