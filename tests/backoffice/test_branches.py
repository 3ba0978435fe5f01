"""Branches within the plan's limit, and their points of sale (BX-BRN)."""

import pytest

from reference.backoffice.branches import Device
from reference.runtime.refusals import InvalidError, RefusedError, StrangerError, UnknownError
from tests.backoffice.conftest import Back


def test_branches_fill_the_plan(back: Back) -> None:
    """BX-BRN-01"""
    visitor = back.owner(plan="trial")
    back.branches.add(visitor, {"name": "Markaziy", "address": "Chilonzor", "phone": "+998711234567"})
    listed = back.branches.all(visitor)
    assert (listed.used, listed.most, listed.branches[0].name) == (1, 1, "Markaziy")
    with pytest.raises(RefusedError) as caught:
        back.branches.add(visitor, {"name": "Ikkinchi"})
    assert caught.value.rule == "branches"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "M"}, "name"),
        ({"name": "Mm", "phone": "12"}, "phone"),
        ({"name": "Mm", "colour": 1}, "colour"),
    ],
)
def test_wrong_fields_are_named(back: Back, given: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        back.branches.add(back.owner(), given)
    assert caught.value.findings[0].field == field


def test_a_pos_is_linked_by_its_code_once(back: Back) -> None:
    """BX-BRN-02"""
    visitor = back.owner()
    branch = back.branches.add(visitor, {"name": "Markaziy"})[0].id
    code, key = back.branches.offer(Device("Kassa 1", "identity of Kassa 1"))
    with pytest.raises(StrangerError):
        back.branches.linked(key)
    link = back.branches.take_offer(visitor, branch, code)
    assert (back.branches.linked(key).branch, link.live) == (branch, False)
    with pytest.raises(RefusedError):
        back.branches.take_offer(visitor, branch, code)
    late, _ = back.branches.offer(Device("Kassa 2", "identity of Kassa 2"))
    back.advance(601)
    with pytest.raises(RefusedError) as caught:
        back.branches.take_offer(visitor, branch, late)
    assert caught.value.rule == "offer"


def test_a_pos_is_linked_by_login_and_cut(back: Back) -> None:
    """BX-BRN-02"""
    visitor = back.owner()
    branch, password = back.branches.add(visitor, {"name": "Markaziy"})
    with pytest.raises(RefusedError):
        back.branches.link_by_login(branch.login, "wrong", Device("Kassa", "identity of Kassa"))
    with pytest.raises(RefusedError):
        back.branches.link_by_login("pos-00000000", password, Device("Kassa", "identity of Kassa"))
    key = back.branches.link_by_login(branch.login, password, Device("Kassa", "identity of Kassa"))
    linked = back.branches.linked(key)
    back.branches.cut(visitor, branch.id, linked.link)
    with pytest.raises(StrangerError) as caught:
        back.branches.linked(key)
    assert "not linked any more" in str(caught.value)
    with pytest.raises(UnknownError):
        back.branches.cut(visitor, branch.id, linked.link)
    assert back.branches.one(visitor, branch.id).links == ()
    again = back.branches.new_password(visitor, branch.id)
    with pytest.raises(RefusedError):
        back.branches.link_by_login(branch.login, password, Device("Kassa", "identity of Kassa"))
    assert back.branches.link_by_login(branch.login, again, Device("Kassa", "identity of Kassa"))


def test_terminals_fill_the_plan_and_an_inactive_branch_takes_none(back: Back) -> None:
    visitor = back.owner(plan="start")
    linked = back.link(visitor)
    code, _ = back.branches.offer(Device("Kassa 2", "identity of Kassa 2"))
    with pytest.raises(RefusedError) as caught:
        back.branches.take_offer(visitor, linked.branch, code)
    assert caught.value.rule == "terminals"
    back.branches.cut(visitor, linked.branch, linked.link)
    back.branches.change(visitor, linked.branch, {"active": False})
    with pytest.raises(RefusedError) as caught:
        back.branches.take_offer(visitor, linked.branch, code)
    assert caught.value.rule == "branch"


def test_another_owners_branch_is_not_there(back: Back) -> None:
    mine, other = back.owner(), back.owner("+998907654321")
    linked = back.link(mine)
    code, _ = back.branches.offer(Device("Kassa", "identity of Kassa"))
    for act in (
        lambda: back.branches.one(other, linked.branch),
        lambda: back.branches.change(other, linked.branch, {"name": "Mening"}),
        lambda: back.branches.new_password(other, linked.branch),
        lambda: back.branches.take_offer(other, linked.branch, code),
        lambda: back.branches.cut(other, linked.branch, linked.link),
        lambda: back.reports.dashboard(other, linked.branch, None, None),
        lambda: back.merchants.view(other, linked.branch),
    ):
        with pytest.raises(UnknownError):
            act()
    assert back.branches.all(other).branches == ()
