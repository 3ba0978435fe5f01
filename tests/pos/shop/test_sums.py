"""Sums of orders: nothing is lost or made by spreading discounts."""

from hypothesis import given
from hypothesis import strategies as st

from reference.pos.shop.sums import LineSum, spread, sum_order

WEIGHTS = st.lists(st.integers(0, 10**9), max_size=8)


@given(WEIGHTS, st.data())
def test_parts_are_the_whole_and_fit(weights: list[int], data: st.DataObject) -> None:
    whole = data.draw(st.integers(0, sum(weights)))
    parts = spread(whole, weights)
    assert sum(parts) == whole
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@given(
    st.lists(st.builds(LineSum, st.integers(0, 10**9), st.integers(1, 10**6)), min_size=1, max_size=6),
    st.integers(0, 10**9),
    st.integers(0, 10_000),
)
def test_an_order_comes_to_its_lines(lines: list[LineSum], discount: int, surcharge: int) -> None:
    sums = sum_order(lines, discount, surcharge)
    assert sums.goods - sums.discount == sum(sums.lines)
    assert sums.total - sums.surcharge == sum(sums.lines)
    assert all(part >= 0 for part in sums.lines)


def test_a_surcharge_is_taken_after_discounts() -> None:
    sums = sum_order([LineSum(100_00, 2000, 20_00, 50_00)], 30_00, 10_00)
    assert (sums.goods, sums.discount, sums.lines, sums.surcharge) == (200_00, 30_00, (150_00,), 15_00)
    assert (sums.total, sums.profit) == (165_00, 65_00)
