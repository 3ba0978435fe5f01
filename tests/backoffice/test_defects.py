"""Deliberate mistakes are put in by name, taken out again, and refused when nobody knows them (HAR-08)."""

from pathlib import Path

import pytest

from reference.backoffice.defects import DEFECTS, UnknownDefectError, put_in
from reference.backoffice.desks import Desks, desks_of
from reference.backoffice.part import BackofficePart
from reference.backoffice.process import make_parser
from reference.backoffice.secrets import Seal
from reference.runtime.control import ControlError
from tests.backoffice.conftest import Back


@pytest.fixture
def desks(back: Back, tmp_path: Path) -> Desks:
    return desks_of(back.office, Seal(tmp_path / "seal.key"))


def kinds(desks: Desks) -> set[type]:
    return {type(getattr(desks, name)) for name in Desks.__dataclass_fields__}


def test_each_mistake_is_a_desk_with_one_thing_done_otherwise(desks: Desks) -> None:
    sound = kinds(desks)
    for name, defect in DEFECTS.items():
        put_in(desks, [name])
        changed = kinds(desks) - sound
        assert [issubclass(kind, defect.desk) for kind in changed] == [True], name
    put_in(desks, [])
    assert kinds(desks) == sound


def test_two_mistakes_of_one_desk_go_together(desks: Desks) -> None:
    put_in(desks, ["codes-endless", "tries-uncounted"])
    for name in ("codes-endless", "tries-uncounted"):
        assert isinstance(desks.entrance, DEFECTS[name].desk)


def test_nobody_knows_other_mistakes(desks: Desks) -> None:
    with pytest.raises(UnknownDefectError, match="'kind' is not one of"):
        put_in(desks, ["kind"])
    with pytest.raises(ControlError) as caught:
        BackofficePart(desks).reset({"defects": ["kind"]})
    assert (caught.value.field, caught.value.rule) == ("defects", "known")
    with pytest.raises(SystemExit):
        make_parser().parse_args(["--defect", "kind"])


def test_a_reset_takes_them_out_again(desks: Desks) -> None:
    part = BackofficePart(desks)
    part.reset({"defects": ["gaps-taken"]})
    assert isinstance(desks.intake, DEFECTS["gaps-taken"].desk)
    assert part.state()["settings"]["defects"] == ["gaps-taken"]
    part.reset({})
    assert not isinstance(desks.intake, DEFECTS["gaps-taken"].desk)


def test_every_mistake_has_a_sentence_and_a_requirement() -> None:
    assert len(DEFECTS) >= 20
    for defect in DEFECTS.values():
        assert defect.requirement.startswith("BX-"), defect.name
        assert " " in defect.sentence, defect.name
