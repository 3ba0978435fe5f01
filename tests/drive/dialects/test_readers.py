"""Whatever JSON comes, the dialects answer in their own shape and nothing breaks inside (uz-fiscal HB-12)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.drive.dialects.communicator.methods import METHODS as COMMUNICATOR
from reference.drive.dialects.qpos.methods import METHODS as QPOS
from reference.drive.dialects.rpc1.methods import METHODS as RPC
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.dialects.calls import asked, epos_params, receipt

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
FIELDS = st.sampled_from(
    ["Time", "ReceivedCash", "ReceivedCard", "Items", "ExtraInfo", "RefundInfo", "Location", "FactoryID"]
)
ITEM_FIELDS = st.sampled_from(["Name", "Price", "Amount", "VAT", "VATPercent", "Label", "OwnerType", "SPIC"])
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def till(make_bench: BenchMaker) -> Bench:
    bench = make_bench(refund_check="off")
    bench.core.open_shift(bench.factory_id, bench.tick())
    return bench


def answered(bench: Bench, face: str, body: object) -> dict[str, Any]:
    answer = bench.drive.face(face).answer(asked(body))
    assert answer.status == 200
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


@MANY
@given(method=st.sampled_from(sorted(RPC)), params=JSON, key=SCALARS)
def test_any_params_of_rpc(till: Bench, method: str, params: Any, key: Any) -> None:
    found = answered(till, "rpc", {"jsonrpc": "2.0", "id": key, "method": method, "params": params})
    assert found["id"] == key
    assert found.get("error", {}).get("code") != 65535, found


@MANY
@given(
    receipt_changes=st.dictionaries(FIELDS, JSON, max_size=2),
    item_changes=st.dictionaries(ITEM_FIELDS, JSON, max_size=2),
    refund=st.booleans(),
)
def test_any_receipt(
    till: Bench, receipt_changes: dict[str, Any], item_changes: dict[str, Any], refund: bool
) -> None:
    made = receipt(till.tick())
    made["Items"][0] |= item_changes
    made |= receipt_changes
    method = "SendRefundReceipt" if refund else "SendSaleReceipt"
    before = till.number
    found = answered(till, "rpc", {"id": 1, "method": f"Api.{method}", "params": {"Receipt": made}})
    if "error" in found:
        assert found["error"]["code"] != 65535, found
        assert till.number == before, "a refused receipt spends no number"
    else:
        assert found["result"]["ReceiptSeq"] == str(before + 1)


@MANY
@given(method=st.sampled_from(sorted(QPOS)), changes=st.dictionaries(FIELDS, JSON, max_size=2), number=JSON)
def test_any_qpos_params(till: Bench, method: str, changes: dict[str, Any], number: Any) -> None:
    made = receipt(till.tick()) | changes | {"ReceiptNumber": number}
    found = answered(till, "qpos", {"method": method, "params": made})
    assert found.get("message") != "try later", found


@MANY
@given(
    method=st.sampled_from(sorted(COMMUNICATOR)),
    params=JSON,
    fields=st.dictionaries(
        st.sampled_from(["zReportId", "number", "params", "extraInfo", "refundInfo", "payType", "startDate"]),
        JSON,
        max_size=3,
    ),
    right=st.booleans(),
)
def test_any_communicator_fields(
    till: Bench, method: str, params: Any, fields: dict[str, Any], right: bool
) -> None:
    till.tick()
    body = {"token": "T", "params": epos_params() if right else params} | fields | {"method": method}
    found = answered(till, "communicator", body)
    assert isinstance(found["error"], bool)
    assert found.get("message") != "try later", found
