from __future__ import annotations

from collections import Counter
from pathlib import Path

import jsonschema
import pytest

import conformance.clauses
from conformance.clauses import UnknownClauseError, book, cited, read_json
from conformance.diagnoses import diagnoses
from conformance.outcomes import Level

FILES = sorted(path.name for path in Path(conformance.clauses.__file__).with_name("clauses").glob("*.json"))


def misfits(name: str, schema: str) -> list[str]:
    """What the schema has against the file; a schema that is none itself is an error."""
    rules = read_json(schema)
    judge = jsonschema.validators.validator_for(rules)  # type: ignore[arg-type]
    judge.check_schema(rules)  # type: ignore[arg-type]
    return [f"{error.json_path}: {error.message}" for error in judge(rules).iter_errors(read_json(name))]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FILES)
def test_clauses_fit_their_schema(name: str) -> None:
    assert misfits(f"clauses/{name}", "schema/clauses.schema.json") == []


def test_requirements_fit_their_schema() -> None:
    assert misfits("requirements.json", "schema/requirements.schema.json") == []


def test_no_id_stands_twice() -> None:
    clauses = [row["id"] for name in FILES for row in read_json(f"clauses/{name}")["clauses"]]  # type: ignore[index, call-overload]
    requirements = [row["id"] for row in read_json("requirements.json")["requirements"]]  # type: ignore[index, call-overload]
    for ids in (clauses, requirements):
        assert [each for each, count in Counter(ids).items() if count > 1] == []


def test_clauses_name_requirements_that_exist() -> None:
    known = book()
    for clause in known.clauses.values():
        for requirement in clause.requirements:
            assert known.requirement(requirement).id == requirement


def test_a_rule_on_a_stand_in_alone_is_one() -> None:
    for clause in book().clauses.values():
        assert (clause.level is Level.STAND_IN) == (clause.mark in ("S", "DEC")), clause.id


def test_every_rule_family_of_generation_two_is_there() -> None:
    families = {clause.rpartition("-")[0] for clause in book().clauses}
    assert families >= {
        *("ID", "TM", "TY", "TLV", "G2-T", "G2-S", "G2-P", "FM-S", "FM-C", "FM-R", "FM-Z", "FM-T", "FM-I"),
        *("FM-A", "FM-Y", "FM-P", "FM-Q", "MEM", "EM", "RC", "NM", "CR", "ZR", "QR", "CK", "OF", "CL", "HB"),
    }


def test_every_kazakh_rule_is_there_by_the_id_of_its_specification() -> None:
    known = book().clauses
    counted = dict.fromkeys(("FR", "CA"), 13) | dict.fromkeys(("RG", "SV", "PG", "SG"), 7)
    counted |= dict.fromkeys(("NO", "H24", "QR", "RS"), 5) | dict.fromkeys(("IN", "H72", "ID", "NA"), 6)
    counted |= dict.fromkeys(("RF", "RX", "NL"), 9) | dict.fromkeys(("RP", "AR"), 3)
    counted |= {"TR": 10, "MD": 12, "KF": 4, "PT": 18, "NC": 8, "NB": 15}
    for family, count in counted.items():
        assert {f"KZ-{family}-{number:02d}" for number in range(1, count + 1)} <= known.keys(), family
    for family, count in {"TK": 4, "PA": 5, "OQ": 14, "ZR": 18, "CP": 6, "TP": 18, "DR": 7}.items():
        assert {f"KZ-{family}-{number}" for number in range(1, count + 1)} <= known.keys(), family
    codes = {*range(20), 254, 255}
    assert {f"KZ-RC-{code}" for code in codes} <= known.keys()
    assert {f"KZ-CM-{code}" for code in (*range(10), 100, 101, 127)} <= known.keys()
    assert {f"KZ-HD-{offset}" for offset in (0, 2, 4, 8, 12, 16)} <= known.keys()
    checks = [f"T{number:02d}" for number in range(1, 25)] + ["M01", "M02", "C01", "R01"]
    assert {f"KZ-TI-{check}" for check in checks} <= known.keys()
    assert {
        f"KZ-TK-{row}" for row in ("D1", "D2", "D3", "D4", "D5", "D6", "S1", "S2", "S3", "S4")
    } <= known.keys()
    assert "KZ-ZR-EX" in known


def test_a_kazakh_case_may_leave_its_chain_out_of_a_citation() -> None:
    assert cited("kz.operator.frame.appcode", "FR-03") == "KZ-FR-03"
    assert cited("kz.operator.frame.appcode", "KZ-FR-03") == "KZ-FR-03"
    assert cited("uz.module.shift.open", "ZR-02") == "ZR-02"
    assert cited("kz.operator.frame.appcode", "") == ""


def test_the_most_binding_clause_gives_the_level() -> None:
    known = book()
    assert known.level(["FM-S-08", "FM-T-03"]) is Level.MUST
    assert known.level(["FM-S-08", "FM-R-12"]) is Level.SHOULD
    assert known.level(["FM-S-08"]) is Level.STAND_IN


def test_unknown_ids_are_named() -> None:
    with pytest.raises(UnknownClauseError, match="FM-X-99"):
        book().clause("FM-X-99")
    with pytest.raises(UnknownClauseError, match="UZ-XXX-01"):
        book().requirement("UZ-XXX-01")


def test_diagnoses_name_clauses_that_exist() -> None:
    for diagnosis in diagnoses():
        for clause in diagnosis.clauses:
            assert book().clause(clause).id == clause
