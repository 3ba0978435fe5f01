"""The service part: what registers and servers tell each other beside documents."""

from __future__ import annotations

from datetime import datetime

import pytest

from reference.protocol.kz.dialects import Dialect, dialect_for
from reference.protocol.kz.documents import offline_period
from reference.protocol.kz.message_json import message_to_json
from reference.protocol.kz.service import (
    BoundTax,
    GeoPosition,
    Registration,
    TicketAd,
    ads_to_send,
    has_geo_position,
    held_ads,
    read_ads,
    read_reg_info,
    registration_differences,
    write_ad_infos,
    write_ads,
    write_geo_position,
    write_last_document,
    write_offline_period,
    write_reg_info,
    write_taxation,
)
from tests.protocol.kz.vectors import VECTORS

FULL = Registration(
    rnm="010100109730",
    serial="91862666525902",
    kkm_id="4931",
    pos_title="Дүкен",
    pos_address="Алматы",
    pos_address_kz="Алматы қ.",
    pos_latitude=43238949,
    pos_longitude=76889709,
    org_title="TOO TEST",
    org_address="Astana",
    org_address_kz="Астана",
    org_inn="941240000193",
    org_okved="61101",
)


def dialect(version: int = 203) -> Dialect:
    found = dialect_for(version)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("version", "lost"),
    [
        (124, {"kkm_id", "pos_address_kz", "pos_latitude", "pos_longitude", "org_address_kz"}),
        (202, {"pos_address_kz", "pos_latitude", "pos_longitude", "org_address_kz"}),
        (203, set()),
        (204, set()),
    ],
)
def test_registration_data_go_through_answers_of_every_version(version: int, lost: set[str]) -> None:
    response = dialect(version).messages.Response()
    write_reg_info(dialect(version), response.service.reg_info, FULL)
    back = read_reg_info(dialect(version), response.service.reg_info)
    for name in Registration.__slots__:
        expected = (None if "itude" in name else "") if name in lost else getattr(FULL, name)
        assert getattr(back, name) == expected, name


def test_an_answer_of_202_has_its_tenant() -> None:
    response = dialect(202).messages.Response()
    write_reg_info(dialect(202), response.service.reg_info, FULL)
    assert response.service.reg_info.org.SerializeToString().endswith(bytes.fromhex("3001"))
    request = dialect(202).messages.Request()
    write_reg_info(dialect(202), request.service.reg_info, FULL)
    assert not request.service.reg_info.org.HasField("tenantId")
    back = read_reg_info(dialect(202), request.service.reg_info)
    assert (back.rnm, back.org_inn, back.pos_title) == ("010100109730", "941240000193", "")


def test_names_of_204() -> None:
    response = dialect(204).messages.Response()
    write_reg_info(dialect(204), response.service.reg_info, FULL)
    assert response.service.reg_info.org.iin == "941240000193"
    assert response.service.reg_info.org.oked == "61101"


def test_the_vector_s_request_is_written_again() -> None:
    vector = next(vector for vector in VECTORS if vector["name"] == "INFO")
    tables = dialect()
    request = tables.messages.Request(command=5)
    write_geo_position(tables, request.service, GeoPosition(51128207, 71430411))
    noon = datetime(2025, 9, 1, 12)
    write_offline_period(request.service, noon, noon)
    request.service.get_reg_info = True
    registration = Registration(
        rnm="010100109730",
        serial="91862666525902",
        kkm_id="4931",
        org_title="TOO TEST",
        org_address="Astana",
        org_inn="941240000193",
        org_okved="61101",
        org_address_kz="Astana",
    )
    write_reg_info(tables, request.service.reg_info, registration)
    assert request.SerializeToString().hex() == vector["body_hex"]
    period = offline_period(request)
    assert period is not None
    assert period.begin == period.end == (2025, 9, 1, 12, 0, 0)
    assert has_geo_position(request)


def test_a_request_without_a_place() -> None:
    tables = dialect(202)
    request = tables.messages.Request()
    assert not has_geo_position(request)
    request.service.get_reg_info = True
    assert not has_geo_position(request)
    request.service.security_stats.SetInParent()
    assert not has_geo_position(request)
    write_geo_position(tables, request.service, GeoPosition(-1, 2))
    assert has_geo_position(request)
    assert message_to_json(request.service.security_stats) == {
        "geo_position": {"latitude": -1, "longitude": 2}
    }


def test_differences_are_what_is_said_otherwise() -> None:
    assert registration_differences(FULL, Registration()) == {}
    assert registration_differences(FULL, FULL) == {}
    theirs = Registration(serial="other", org_inn="941240000193", pos_latitude=5)
    assert registration_differences(FULL, theirs) == {
        "serial": ("91862666525902", "other"),
        "pos_latitude": (43238949, 5),
    }


ADS = [
    TicketAd(0, 588, "Спасибо ${ticket_number}"),
    TicketAd(4, 2, "Обратитесь к оператору"),
    TicketAd(2, 0, "новая"),
]


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_ads_go_there_and_their_versions_come_back(version: int) -> None:
    tables = dialect(version)
    response = tables.messages.Response()
    write_ads(response.service, ADS)
    assert read_ads(response.service) == ADS
    assert all(ad.HasField("text") and ad.info.HasField("version") for ad in response.service.ticket_ads)
    request = tables.messages.Request()
    assert held_ads(request) == {}
    write_ad_infos(request.service, {4: 1, 0: 588})
    assert held_ads(request) == {0: 588, 4: 1}
    write_ad_infos(request.service, {4: 0})
    assert held_ads(request)[4] == 1


def test_only_newer_ads_are_sent_and_all_to_info() -> None:
    assert ads_to_send(ADS, {}) == ADS[:2]
    assert ads_to_send(ADS, {0: 588, 4: 1}) == ADS[1:2]
    assert ads_to_send(ADS, {0: 589, 4: 2}) == []
    assert ads_to_send(ADS, {0: 589, 4: 2}, everything=True) == ADS


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_taxation(version: int) -> None:
    tables = dialect(version)
    response = tables.messages.Response()
    write_taxation(tables, response.service.binded_taxation, 101, [BoundTax(16000), BoundTax(0)])
    assert (
        response.service.binded_taxation.SerializeToString().hex()
        == "086512050864108" + "07d" + "120408641000"
    )


@pytest.mark.parametrize(
    ("version", "printed", "expected"),
    [
        (124, 5, {}),
        (202, 5, {"fr_shift_number": 3, "printed_document_number": 5}),
        (203, None, {"fr_shift_number": 3}),
        (204, None, {"fr_shift_number": 3, "printed_document_number": 0}),
    ],
)
def test_the_last_document(version: int, printed: int | None, expected: dict[str, int]) -> None:
    response = dialect(version).messages.Response()
    write_last_document(dialect(version), response.service, 3, printed)
    assert message_to_json(response.service).get("last_document_info", {}) == expected
