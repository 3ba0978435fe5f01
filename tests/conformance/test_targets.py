from __future__ import annotations

import pytest

from conformance.targets import TargetError, distinct_names, parse_target


def test_a_target_with_all_its_controls() -> None:
    target = parse_target(
        "drive:http://127.0.0.1:3449?control=http://127.0.0.1:3449/control"
        "&module-control=http://127.0.0.1:4388&operator-control=http://127.0.0.1:13448/"
    )
    assert (target.kind, target.address) == ("drive", "http://127.0.0.1:3449")
    assert target.controls == {
        "drive": "http://127.0.0.1:3449",
        "module": "http://127.0.0.1:4388",
        "operator": "http://127.0.0.1:13448",
    }
    assert not target.vendor
    assert target.destructive


def test_without_a_control_it_is_somebody_elses() -> None:
    target = parse_target("module:tcp://127.0.0.1:4387")
    assert target.vendor
    assert not target.destructive
    assert target.controls == {}


def test_the_person_decides_whose_it_is() -> None:
    assert parse_target("module:tcp://h:1?control=http://h:2&vendor=yes&destructive=no").vendor
    assert not parse_target("module:tcp://h:1?vendor=no").vendor
    assert parse_target("module:tcp://h:1?destructive=yes").destructive


def test_ports_default_to_the_real_ones() -> None:
    assert parse_target("operator:tcp://127.0.0.1").endpoint.port == 13447
    assert parse_target("drive:http://127.0.0.1/").endpoint.port == 3449
    assert parse_target("module:tcp://127.0.0.1").endpoint.port == 4387


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("127.0.0.1:4387", "write KIND:URL"),
        ("toaster:tcp://127.0.0.1:1", "write KIND:URL"),
        ("drive:tcp://127.0.0.1:3449", "a drive is reached by http://"),
        ("operator:http://127.0.0.1:13447", "an? operator is reached by tcp://"),
        ("module:smoke://signal", "not a module address"),
        ("module:tcp://127.0.0.1:99999", "host:port"),
        ("module:tcp://127.0.0.1:1?contol=http://h:1", "unknown option 'contol'"),
        ("module:tcp://127.0.0.1:1?control=h:1", "control is a URL"),
        ("module:tcp://127.0.0.1:1?vendor=maybe", "vendor is yes or no"),
        ("operator-kz:http://127.0.0.1:7777", "an operator-kz is reached by tcp://"),
        ("operator-kz:tcp://127.0.0.1:7777?device=minus", "device is a number of 0…4294967295"),
        ("operator-kz:tcp://127.0.0.1:7777?device-token=0", "device-token is a number of 1…4294967295"),
        ("operator-kz:tcp://127.0.0.1:7777?listen=127.0.0.1:1", "unknown option 'listen'"),
        ("register-kz:command:", "followed by the program"),
        ("register-kz:http://127.0.0.1:7780?listen=nowhere:none", "listen: "),
        ("register-kz:person:?test=perhaps", "test is yes or no"),
    ],
)
def test_what_cannot_be_read_is_explained(text: str, says: str) -> None:
    with pytest.raises(TargetError, match=says):
        parse_target(text)


def test_a_kazakh_operator_that_lends_a_register() -> None:
    target = parse_target("operator-kz:tcp://10.0.0.5?device=4931&device-token=3000000001&rnm=600400112233")
    assert (target.endpoint.port, target.part, target.vendor) == (7777, "operator-kz", True)
    assert target.options == {"device": "4931", "device-token": "3000000001", "rnm": "600400112233"}


def test_a_kazakh_register_by_every_kind_of_keys() -> None:
    http = parse_target("register-kz:http://127.0.0.1?control=http://127.0.0.1:7780")
    assert (http.endpoint.port, http.part, http.vendor) == (7780, "register", False)
    assert http.controls == {"register": "http://127.0.0.1:7780"}
    program = parse_target("register-kz:command:/opt/till/keys --lab?listen=127.0.0.1:7777")
    assert (program.address, program.options) == (
        "command:/opt/till/keys --lab",
        {"listen": "127.0.0.1:7777"},
    )
    person = parse_target("register-kz:person:?test=yes")
    assert (person.address, person.options) == ("person:", {"test": "yes"})


def test_targets_of_one_kind_get_names_of_their_own() -> None:
    targets = [parse_target(f"module:tcp://127.0.0.1:{port}") for port in (1, 2)]
    targets.append(parse_target("module:tcp://127.0.0.1:3?name=left"))
    assert [target.name for target in distinct_names(targets)] == ["module", "module-2", "left"]
