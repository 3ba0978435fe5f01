"""States of a register and what leads from one to another (kz-ofd §15.5, §15.6)."""

from itertools import product

import pytest

from ofd_mock.portal.moves import (
    DEREGISTRATION_REASONS,
    MOVES,
    THEFT,
    Act,
    MoveRefusedError,
    acts_offered,
    after,
    move_of,
)
from reference.protocol.kz.device_states import DeviceState as S

WHOLE_LIFE = [
    (Act.SAVE, S.DRAFT),
    (Act.CHECK, S.DRAFT),
    (Act.SIGN_REGISTRATION, S.WAIT_REG),
    (Act.REGISTRATION_REFUSED, S.REG_REFUSED),
    (Act.RESUME_REGISTRATION, S.DRAFT),
    (Act.SIGN_REGISTRATION, S.WAIT_REG),
    (Act.REGISTERED, S.REG_NO_TARIFF),
    (Act.CHOOSE_TARIFF, S.READY),
    (Act.TOKEN, S.READY),
    (Act.DOCUMENT, S.ACTIVE),
    (Act.SUSPEND, S.ACTIVE),
    (Act.DOCUMENT, S.ACTIVE),
    (Act.MONTH_BEGINS, S.SUSPENDED),
    (Act.DOCUMENT, S.ACTIVE),
    (Act.REREGISTER, S.ACTIVE),
    (Act.DROP_TARIFF, S.REG_NO_TARIFF),
    (Act.SIGN_DEREGISTRATION, S.WAIT_DEREG),
    (Act.DEREGISTRATION_REFUSED, S.REG_NO_TARIFF),
    (Act.SIGN_DEREGISTRATION, S.WAIT_DEREG),
    (Act.DEREGISTERED, S.DEREGISTERED),
]


def test_a_register_s_whole_life() -> None:
    state: S | None = None
    for act, expected in WHOLE_LIFE:
        state = after(state, act)
        assert state is expected, act


@pytest.mark.parametrize("state", [S.READY, S.ACTIVE, S.SUSPENDED])
def test_a_block_leads_back_to_where_it_came_from(state: S) -> None:
    for block, lift in (
        (Act.BLOCK_FOR_MONEY, Act.MONEY_BACK),
        (Act.BLOCK_BY_OPERATOR, Act.OPERATOR_LIFTS),
    ):
        blocked = after(state, block)
        assert blocked in (S.BLOCKED_MONEY, S.BLOCKED_OFD)
        assert after(blocked, lift, before=state) is state
        with pytest.raises(ValueError, match="nobody remembers"):
            after(blocked, lift)


def test_money_never_lifts_the_operator_s_block() -> None:
    with pytest.raises(MoveRefusedError):
        after(S.BLOCKED_OFD, Act.MONEY_BACK, before=S.ACTIVE)


def test_a_deleted_draft_is_gone() -> None:
    assert after(S.DRAFT, Act.DELETE) is None


def test_every_pair_the_table_does_not_name_is_refused() -> None:
    named = {(state, move.act) for move in MOVES for state in (move.sources or (None,))}
    assert len(named) == sum(len(move.sources) or 1 for move in MOVES)
    refused = 0
    for state, act in product((None, *S), Act):
        if (state, act) in named:
            continue
        with pytest.raises(MoveRefusedError) as refusal:
            move_of(state, act)
        assert refusal.value.text.ru.startswith("В состоянии")
        refused += 1
    assert refused == 13 * len(Act) - len(named)


def test_a_register_out_of_the_books_can_do_nothing_more() -> None:
    assert acts_offered(S.DEREGISTERED) == ()
    for act in Act:
        with pytest.raises(MoveRefusedError):
            move_of(S.DEREGISTERED, act)


def test_what_is_offered_can_be_done() -> None:
    for state in S:
        for act in acts_offered(state):
            assert move_of(state, act)


def test_signed_are_exactly_the_applications() -> None:
    assert {move.act for move in MOVES if move.signed} == {
        Act.SIGN_REGISTRATION,
        Act.CHOOSE_TARIFF,
        Act.SUSPEND,
        Act.DROP_TARIFF,
        Act.REREGISTER,
        Act.SIGN_DEREGISTRATION,
    }


def test_messages_are_the_screen_s_own() -> None:
    sent = move_of(S.DRAFT, Act.SIGN_REGISTRATION).message
    assert sent is not None
    assert sent.ru == (
        "Запрос на регистрацию кассы отправлен. Обработка запроса может занять от 15 минут до 3-х дней. "
        "Следите за обновлением статуса кассы."
    )
    chosen = move_of(S.REG_NO_TARIFF, Act.CHOOSE_TARIFF).message
    assert chosen is not None
    assert chosen.ru == "Тариф успешно выбран"


def test_there_are_seven_reasons_to_leave_the_books() -> None:
    assert list(DEREGISTRATION_REASONS) == [1, 2, 3, 4, 5, 6, 7]
    assert DEREGISTRATION_REASONS[1].startswith("Прекращение осуществления деятельности")
    assert "Кража" in DEREGISTRATION_REASONS[THEFT]
