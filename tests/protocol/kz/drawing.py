"""Hypothesis strategies for documents: everything a message can carry, valid or not."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from reference.protocol.kz.documents import CloseShift, MoneyPlacement, ReportAsk
from reference.protocol.kz.reports import (
    OperationRow,
    PaymentRow,
    PlacementRow,
    ReportData,
    SectionRow,
    SumRow,
    TaxOperationRow,
    TaxRow,
    TicketRow,
)
from reference.protocol.kz.tickets import (
    CardFields,
    Line,
    Misfit,
    MobileFields,
    Modifier,
    Operator,
    ParentTicket,
    Payment,
    TaxEntry,
    Ticket,
)

u31 = st.integers(0, 2**31 - 1)
u32 = st.integers(0, 2**32 - 1)
u63 = st.integers(0, 2**63 - 1)
tiyn = st.integers(0, 10**15)
word = st.text("АБВгдеabc123", max_size=6)
some_word = st.text("АБВгдеabc123", min_size=1, max_size=6)
times = st.datetimes(datetime(2013, 1, 1), datetime(2099, 12, 31)).map(
    lambda time: time.replace(microsecond=0)
)
operations = st.integers(0, 3)
operators = st.builds(Operator, st.none() | u31, word)
auxiliary = st.lists(st.tuples(some_word, word), max_size=2).map(tuple)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


taxes = st.lists(
    st.builds(
        TaxEntry,
        percent=maybe(st.sampled_from([0, 12000, 16000])),
        sum=maybe(tiyn),
        inside=maybe(st.booleans()),
        tax_type=maybe(st.just(100)),
        taxation_type=maybe(st.sampled_from([100, 101, 102])),
    ),
    max_size=2,
).map(tuple)


def lines(version: int) -> st.SearchStrategy[Line]:
    fields = {
        "type": st.just(1),
        "name": word,
        "section": word,
        "quantity": maybe(u31),
        "price": maybe(tiyn),
        "sum": maybe(tiyn),
        "taxes": taxes,
        "code": maybe(u31),
    }
    if version < 204:
        fields["excise_stamp"] = word
    if version >= 202:
        fields |= dict.fromkeys(("measure_unit", "barcode", "product_id", "physical_label"), word)
        fields["auxiliary"] = auxiliary
    if version >= 203:
        fields |= {"ntin": word, "excise_stamps": st.lists(some_word, max_size=2).map(tuple)}
    if version >= 204:
        fields["commodity_type"] = maybe(st.integers(0, 2))
    commodity = st.builds(Line, **fields)
    return commodity | st.builds(Line, **{**fields, "type": st.just(2), "code": st.none()})


def modifiers(version: int, types: st.SearchStrategy) -> st.SearchStrategy[Modifier]:
    extra = auxiliary if version >= 202 else st.just(())
    return st.builds(Modifier, types, word, maybe(tiyn), taxes, extra)


def payments(version: int) -> st.SearchStrategy[Payment]:
    types = st.sampled_from([0, 1, 4] if version == 204 else [0, 1, 2, 3, 4])
    if version < 203:
        return st.builds(Payment, maybe(types), maybe(tiyn))
    card = st.builds(CardFields, word, word, maybe(u31), maybe(u63), maybe(u31))
    return st.builds(
        Payment, maybe(types), maybe(tiyn), maybe(card), maybe(st.builds(MobileFields, word, word))
    )


def tickets(version: int) -> st.SearchStrategy[Ticket]:
    items = (
        lines(version) | modifiers(version, st.integers(3, 6)) | st.builds(Misfit, maybe(st.integers(1, 6)))
    )
    fields = {
        "operation": maybe(operations),
        "time": maybe(times),
        "operator": operators,
        "items": st.lists(items, max_size=4).map(tuple),
        "payments": st.lists(payments(version), max_size=3).map(tuple),
        "total": maybe(tiyn),
        "taken": maybe(tiyn),
        "change": maybe(tiyn),
        "markup": maybe(modifiers(version, st.none())),
        "discount": maybe(modifiers(version, st.none())),
        "taxes": taxes,
        "domain": maybe(st.integers(0, 5)),
        "offline_number": maybe(u32),
        "shift_number": maybe(u31),
        "customer_email": word,
        "customer_phone": word,
    }
    if version < 204:
        fields["printed_text"] = word
    if version >= 202:
        fields |= {"printed_number": maybe(u63), "customer_iin": word, "auxiliary": auxiliary}
    else:
        bare = st.lists(st.sampled_from(["990101300012", "Иван", "123"]), max_size=2)
        fields["bare_strings"] = bare.map(tuple)
    if version in (202, 203):
        fields["shift_document_number"] = maybe(u31)
    if version >= 203:
        parent = st.builds(ParentTicket, word, maybe(times), word, maybe(tiyn), maybe(st.booleans()))
        fields["parent"] = maybe(parent)
    return st.builds(Ticket, **fields)


rows = st.lists(st.builds(OperationRow, operations, u31, tiyn), max_size=2).map(tuple)
sums = st.lists(st.builds(SumRow, operations, tiyn), max_size=2).map(tuple)


def reports(version: int) -> st.SearchStrategy[ReportData]:
    later = version >= 202
    tax_rows = st.lists(
        st.builds(TaxOperationRow, operations, tiyn, tiyn, tiyn if later else st.none()), max_size=2
    ).map(tuple)
    count = u31 if later else st.just(0)
    more = tiyn if later else st.just(0)
    paid = st.lists(st.builds(PaymentRow, st.integers(0, 4), tiyn, count), max_size=2).map(tuple)
    return st.builds(
        ReportData,
        time=times,
        shift_number=u31,
        sections=st.lists(st.builds(SectionRow, word, rows), max_size=2).map(tuple),
        operations=rows,
        discounts=rows,
        markups=rows,
        total_result=rows,
        taxes=st.lists(st.builds(TaxRow, st.just(100), u31, tax_rows), max_size=2).map(tuple),
        start_non_nullable=sums,
        tickets=st.lists(
            st.builds(TicketRow, operations, u31, u31, tiyn, paid, count, more, more, more), max_size=2
        ).map(tuple),
        placements=st.lists(
            st.builds(PlacementRow, st.integers(0, 1), u31, u31, tiyn, count), max_size=2
        ).map(tuple),
        cash=tiyn,
        revenue=st.integers(-(10**15), 10**15),
        non_nullable=sums,
        opened=(times if version == 204 else maybe(times)) if later else st.none(),
        closed=maybe(times) if later else st.none(),
    )


def documents(version: int) -> st.SearchStrategy:
    later = version >= 202
    who = operators if later else st.just(Operator())
    printed = maybe(u63) if later else st.none()
    report = maybe(reports(version)) if later else st.none()
    return (
        tickets(version)
        | st.builds(
            MoneyPlacement,
            maybe(st.integers(0, 1)),
            maybe(times),
            maybe(tiyn),
            st.booleans(),
            who,
            maybe(u31),
            printed,
        )
        | st.builds(CloseShift, maybe(times), st.booleans(), st.booleans(), who, maybe(u31), printed, report)
        | st.builds(ReportAsk, maybe(st.integers(0, 1)), maybe(times), st.booleans(), report)
    )
