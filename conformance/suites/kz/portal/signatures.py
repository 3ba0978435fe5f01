"""Whose signature counts, and what a person reads when it does not (§15.2 RX, §16.2)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal import OTHER, Break
from conformance.suites.kz.portal.newcomers import NEW, newcomer
from conformance.suites.kz.portal.steps import (
    CONTROL,
    KIND,
    REFUSED,
    WRONG,
    refused,
    stands,
    untouched,
)

REQ = ("KZ-REG-02",)
INVALID = "Подпись недействительна"
NO_RIGHT = "Недостаточно полномочий для подписи"
PROFILES = {
    "expired": ("RX-02", "validity", "Срок действия сертификата истек"),
    "future": ("RX-02", "validity", "Срок действия сертификата истек"),
    "revoked": ("RX-03", "revoked", "Сертификат отозван"),
    "foreign": ("RX-04", "chain", "Сертификат выдан неизвестным удостоверяющим центром"),
    "individual": ("RX-05", "organisation", "Требуется сертификат юридического лица"),
    "authentication": ("RX-06", "usage", "Сертификат не предназначен для подписи"),
    "staff": ("RX-09", "role", NO_RIGHT),
    "employee": ("RX-09", "role", NO_RIGHT),
}
"""The clause of a certificate that is refused, the word for programs and the text."""
SPOILED = {
    "other-text": (Break.OTHER_TEXT, "RX-07", INVALID),
    "bit-changed": (Break.VALUE, "RX-07", INVALID),
    "no-certificate": (Break.NO_CERTIFICATE, "SG-05", ""),
    "no-signer": (Break.NO_SIGNER, "SG-05", ""),
    "two-signers": (Break.TWO_SIGNERS, "SG-05", ""),
}
Certificate = tuple[str, str, str]
Spoiled = tuple[Break, str, str]


def _clause(row: tuple[Any, ...]) -> list[str]:
    return [next(each for each in row if isinstance(each, str) and each[:2] in ("RX", "SG"))]


@family(
    "kz.portal.signature.step-1.{key}",
    rows={key: (key, *row) for key, row in PROFILES.items()},
    target=KIND,
    clauses=lambda row: [row[1]],
    requirements=REQ,
    needs=CONTROL,
    description="Step 1 of registration with a certificate that may not sign ({key}).",
    expectation="It is refused with its reason, and the registration does not go on.",
)
def step_1(ctx: Context, row: tuple[str, str, str, str]) -> None:
    """The text is what the person can act on."""
    profile, _, word, text = row
    steps = ctx.portal.begin()
    refused(ctx, steps.present(ctx.portal.key(profile, number=NEW)), word, text=text)
    ctx.check(1, steps.view()["step"], "step")


@family(
    "kz.portal.signature.step-1.{key}",
    rows=SPOILED,
    target=KIND,
    clauses=_clause,
    requirements=REQ,
    needs=CONTROL,
    description="Step 1 of registration with a spoiled signature ({key}).",
    expectation="It is refused, and the registration does not go on; then the sound one is taken.",
)
def spoiled(ctx: Context, row: Spoiled) -> None:
    """A right certificate is not enough."""
    how, _, text = row
    steps, key = newcomer(ctx)
    refused(ctx, steps.present(key, how), text=text)
    ctx.check(1, steps.view()["step"], "step")
    ctx.check(2, steps.present(key).demand()["step"], "step")


@family(
    "kz.portal.signature.step-1.{key}",
    rows={"empty": "", "rubbish": "!!!", "base64-of-nothing": "AAAA", "challenge-itself": None},
    target=KIND,
    clauses=["SG-05"],
    requirements=REQ,
    needs=CONTROL,
    description="Step 1 of registration with what is no signature ({key}).",
    expectation="It is refused as an answer, never with an error of the server.",
)
def no_cms(ctx: Context, cms: str | None) -> None:
    """Whatever the browser sends."""
    steps, _ = newcomer(ctx)
    given = steps.view()["challenge"] if cms is None else cms
    told = ctx.portal.anybody.send("POST", f"{steps.way}/signature", {"cms": given})
    ctx.check_in((REFUSED, WRONG), told.status, "HTTP status")
    ctx.check(1, steps.view()["step"], "step")


@family(
    "kz.portal.signature.role.{key}",
    rows={"head": "head", "signer": "signer", "finance": "finance"},
    target=KIND,
    clauses=["SG-06"],
    requirements=REQ,
    needs=CONTROL,
    description="Step 1 of registration with the key of somebody who may sign ({key}).",
    expectation="It is taken.",
)
def may_sign(ctx: Context, profile: str) -> None:
    """First head, and the two roles with the right to sign."""
    steps = ctx.portal.begin()
    ctx.check(2, steps.present(ctx.portal.key(profile, number=NEW)).demand()["step"], "step")


@case(
    "kz.portal.signature.detached",
    target=KIND,
    clauses=["SG-04"],
    requirements=REQ,
    needs=CONTROL,
    description="A signature over the text comes without the text in it.",
    expectation="It counts as one with the text does; over another text it does not.",
)
def detached(ctx: Context) -> None:
    """The portal knows the text that it handed out."""
    steps, key = newcomer(ctx)
    refused(ctx, steps.present(key, Break.OTHER_TEXT, attached=False), text=INVALID, clause="RX-07")
    ctx.check(2, steps.present(key, attached=False).demand()["step"], "step")


@case(
    "kz.portal.signature.entrepreneur",
    target=KIND,
    clauses=["RX-05"],
    requirements=REQ,
    needs=CONTROL,
    description="Individual entrepreneurs are let in, and one registers with a natural person's certificate.",
    expectation="His account opens with the IIN as login.",
)
def entrepreneur(ctx: Context) -> None:
    """A switch: real portals have both."""
    ctx.portal.switch(allow_individual_entrepreneur=True)
    key = ctx.portal.key("individual", number=NEW)
    steps = ctx.portal.begin()
    number = steps.present(key).demand()["number"]
    ctx.check_that(len(number) == 12, "an IIN of 12 digits", number, "login")
    steps.password().demand()
    steps.confirm()
    steps.describe().demand()
    steps.agree().demand()
    owner = ctx.portal.visitor(steps.sign(key), number)
    ctx.check(number, owner.get("/me")["login"], "login")


@case(
    "kz.portal.signature.other-key-at-the-end",
    target=KIND,
    clauses=["RS-05"],
    requirements=["KZ-REG-06"],
    needs=CONTROL,
    description="Step 5 is signed with another key of the same organisation than step 1.",
    expectation="It is refused; the key of step 1 opens the account.",
)
def other_key(ctx: Context) -> None:
    """«The application is signed with the same key»."""
    steps, key = newcomer(ctx)
    steps.until(5, key)
    refused(ctx, steps.sign(ctx.portal.key("signer", number=NEW)), "key")
    refused(ctx, steps.sign(ctx.portal.key(number=OTHER)))
    steps.sign(key).demand()


@case(
    "kz.portal.signature.revoked-on-the-way",
    target=KIND,
    clauses=["RX-03"],
    requirements=REQ,
    needs=CONTROL,
    description="The certificate is revoked between step 1 and step 5.",
    expectation="«Сертификат отозван», and no account opens.",
)
def revoked_on_the_way(ctx: Context) -> None:
    """Revocation is asked for each signature anew."""
    steps = ctx.portal.begin()
    key = ctx.portal.new_key(number=NEW)
    steps.until(5, key)
    ctx.portal.revoke(key)
    refused(ctx, steps.sign(key), "revoked", text="Сертификат отозван")
    refused(ctx, ctx.portal.log_in_signed(ctx.portal.key(number=NEW)))


APPLICATIONS = {key: row for key, row in PROFILES.items() if key != "individual"}


@family(
    "kz.portal.signature.act.{key}",
    rows={key: (key, *row) for key, row in APPLICATIONS.items()},
    target=KIND,
    clauses=lambda row: [row[1], "S-15.6"],
    requirements=["KZ-KKM-02"],
    needs=CONTROL,
    description="The registration of a register is signed with a certificate that may not ({key}).",
    expectation="It is refused with its reason, the register stays a draft, no paper is kept.",
)
def act(ctx: Context, row: tuple[str, str, str, str]) -> None:
    """The same rules as for the organisation itself."""
    profile, _, word, text = row
    owner = ctx.portal.owner
    card = owner.draft()
    before, papers = owner.card(card), len(owner.papers())
    key = ctx.portal.key(profile, number=owner.number)
    refused(ctx, owner.act(card, "sign-registration", key), word, text=text)
    untouched(ctx, owner, card, before)
    ctx.check(papers, len(owner.papers()), "papers")


@family(
    "kz.portal.signature.act.{key}",
    rows=SPOILED,
    target=KIND,
    clauses=_clause,
    requirements=["KZ-KKM-02"],
    needs=CONTROL,
    description="The registration of a register comes with a spoiled signature ({key}).",
    expectation="It is refused, and the register stays a draft.",
)
def act_spoiled(ctx: Context, row: Spoiled) -> None:
    """Nothing is sent to the tax body."""
    how, _, text = row
    owner = ctx.portal.owner
    card = owner.draft()
    asked = owner.ask(card, "sign-registration").demand()["text"]
    refused(ctx, owner.sign(card, "sign-registration", asked, spoiled=how), text=text)
    stands(ctx, owner, card, "DRAFT")


@case(
    "kz.portal.signature.act.of-another-organisation",
    target=KIND,
    clauses=["SG-05", "S-15.11"],
    requirements=["KZ-USR-01"],
    needs=CONTROL,
    description="An application is signed by the head of another organisation.",
    expectation="It is refused, and nothing is done.",
)
def of_another(ctx: Context) -> None:
    """IIN or BIN of the certificate is the account's."""
    owner = ctx.portal.owner
    card = owner.draft()
    refused(ctx, owner.act(card, "sign-registration", ctx.portal.key(number=OTHER)), "taxpayer")
    stands(ctx, owner, card, "DRAFT")


@case(
    "kz.portal.signature.act.of-another-act",
    target=KIND,
    clauses=["SG-04", "RX-07"],
    requirements=["KZ-TRF-01"],
    needs=CONTROL,
    description="The signature over one act's application comes with another act, and with another wish.",
    expectation="Both are refused: what was read and signed is what is done.",
)
def of_another_act(ctx: Context) -> None:
    """A signature is for one text."""
    owner = ctx.portal.owner
    card = owner.registered()
    daily = owner.ask(card, "choose-tariff", tariff=2).demand()["text"]
    refused(ctx, owner.sign(card, "choose-tariff", daily, tariff=1), text=INVALID)
    refused(ctx, owner.sign(card, "sign-deregistration", daily, reason=1), text=INVALID)
    stands(ctx, owner, card, "REG_NO_TARIFF")
    owner.sign(card, "choose-tariff", daily, tariff=2).demand()


@case(
    "kz.portal.signature.cancelled",
    target=KIND,
    clauses=["S-15.6"],
    requirements=["KZ-KKM-02"],
    needs=CONTROL,
    description="The application is shown, and the person closes the window in place of signing.",
    expectation="Nothing has changed, however often; the register can be signed later.",
)
def cancelled(ctx: Context) -> None:
    """Asking for a text is no act."""
    owner = ctx.portal.owner
    card = owner.draft()
    before, papers = owner.card(card), len(owner.papers())
    for _ in range(3):
        owner.ask(card, "sign-registration").demand()
    refused(ctx, owner.send("POST", f"/cards/{card}/sign", {"act": "sign-registration", "cms": ""}))
    untouched(ctx, owner, card, before)
    ctx.check(papers, len(owner.papers()), "papers")
    owner.do(card, "sign-registration")


@case(
    "kz.portal.signature.paper",
    target=KIND,
    clauses=["S-15.6", "SG-01"],
    requirements=["KZ-KKM-02"],
    needs=CONTROL,
    description="An act is signed, and its paper is opened under «Документы».",
    expectation="It holds the very text that was signed, the signature, the signer and the register.",
)
def paper(ctx: Context) -> None:
    """What was signed can be proven later."""
    owner = ctx.portal.owner
    card = owner.draft()
    text = owner.ask(card, "sign-registration").demand()["text"]
    owner.sign(card, "sign-registration", text).demand()
    newest = owner.papers()[0]
    whole = owner.get(f"/papers/{newest['id']}")
    ctx.check((text, card, "registration"), (whole["text"], whole["card"], whole["kind"]), "paper")
    ctx.check_that(bool(whole["cms"]) and bool(whole["signer"]), "signature and signer", whole, "paper")
    for line in ("TEST", str(card), owner.number):
        ctx.check_that(line in text, line, text, "application")
