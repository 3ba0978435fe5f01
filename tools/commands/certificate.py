"""`kassalab certificate`: the test authority, its key files, and signatures made and checked with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives import hashes

from ofd_mock.pki.authority import Authority, AuthorityError, Issued
from ofd_mock.pki.holders import ORGANISATION, PERSON, Holder, HolderError, holder_of
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, KeyFileError, is_test_key, read_key_file
from ofd_mock.pki.profiles import PROFILES, Profile
from ofd_mock.pki.revocation import REASONS
from ofd_mock.pki.signing import What, sign
from ofd_mock.pki.verification import Demands, Purpose, Verification, verify
from reference.protocol.kz.money import to_almaty
from reference.runtime.clock import LabClock
from tools.console import out, print_json, print_table
from tools.input import InputError, check_output, read_input
from tools.lab_access import DEFAULT_FOLDER, AsJson, Folder

app = typer.Typer(
    no_args_is_help=True,
    help="Test e-signatures (ЭЦП): the authority, key files, revocation. Nothing here is a real signature.",
)

Pki = Annotated[Path, typer.Option("--pki", help="Folder of the test authority; made when it is not there.")]
DEFAULT_PKI = Path(".kassalab/pki")
Content = Annotated[
    Path | None, typer.Option("--content", help="File with what is signed; - for standard input.")
]
Text = Annotated[str | None, typer.Option("--text", help="What is signed, in place of a file.")]
Password = Annotated[str, typer.Option("--password", help="Of the key file: 6 to 32, upper, lower, digit.")]


@app.command()
def make(
    profiles: Annotated[
        list[str] | None, typer.Argument(metavar="[PROFILE]…", help=", ".join(PROFILES))
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="One of every profile.")] = False,
    organisation: Annotated[str | None, typer.Option(help="Name of the organisation.")] = None,
    bin_: Annotated[str | None, typer.Option("--bin", help="BIN of the organisation, 12 digits.")] = None,
    name: Annotated[str | None, typer.Option(help="SURNAME NAME of the person.")] = None,
    iin: Annotated[str | None, typer.Option(help="IIN of the person, 12 digits.")] = None,
    password: Password = DEFAULT_PASSWORD,
    to: Annotated[Path | None, typer.Option("--to", help="Copy the key file here; one profile only.")] = None,
    pki: Pki = DEFAULT_PKI,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Make key files with certificates, valid by the lab's clock. Without a profile: head."""
    chosen = list(PROFILES) if every else (profiles or ["head"])
    if unknown := [each for each in chosen if each not in PROFILES]:
        raise InputError(f"no profile {unknown[0]!r}; known: {', '.join(PROFILES)}")
    if to is not None and len(chosen) > 1:
        raise InputError("--to takes the file of one profile")
    check_output(to)
    with _refusals():
        authority, now = Authority.ensure(pki), _now(folder)
        made = [
            authority.issue(
                PROFILES[each], now, _holder(PROFILES[each], organisation, bin_, name, iin), password
            )
            for each in chosen
        ]
    if to is not None and made[0].file is not None:
        to.write_bytes(made[0].file.read_bytes())
    if as_json:
        print_json([_facts(each) for each in made])
        return
    for each in made:
        out().print(f"{each.profile}: {each.file}\n  {each.subject}", soft_wrap=True, markup=False)
    out().print(f"password {password}", soft_wrap=True, markup=False)


@app.command("list")
def list_(pki: Pki = DEFAULT_PKI, as_json: AsJson = False) -> None:
    """Every certificate that was made, oldest first."""
    with _refusals():
        issued = Authority(pki).issued()
    if as_json:
        print_json([_facts(each) for each in issued])
        return
    for each in issued:
        out().print(_line(each), soft_wrap=True, markup=False)


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Serial number in hex, or the key file.")],
    reason: Annotated[str, typer.Option(help=", ".join(REASONS))] = "unspecified",
    pki: Pki = DEFAULT_PKI,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Revoke a certificate from this moment of the lab on."""
    with _refusals():
        authority = Authority(pki)
        serial = _serial(authority, which)
        found = authority.revoke(serial, _now(folder), reason)
    assert found.revocation is not None
    when = to_almaty(found.revocation.time)
    out().print(f"{serial:x} is revoked since {when} Almaty: {found.revocation.reason}", soft_wrap=True)


@app.command("authority")
def authority_(
    base: Annotated[
        str | None, typer.Option(help="Where lists and OCSP are served; only for a new authority.")
    ] = None,
    pki: Pki = DEFAULT_PKI,
    as_json: AsJson = False,
) -> None:
    """Show the test authority, and make it when there is none."""
    with _refusals():
        authority = Authority.ensure(pki) if base is None else Authority.create(pki, base.rstrip("/"))
    facts = {
        "folder": str(pki),
        "trust": str(authority.trust_file),
        "sha256": authority.root.certificate.fingerprint(hashes.SHA256()).hex(),
        "base": authority.base,
        "ocsp": f"{authority.base}/ocsp",
        "crl": f"{authority.base}/crl/issuing.crl",
        "certificates": len(authority.issued()),
        "revoked": len(authority.book().revoked),
    }
    if as_json:
        print_json(facts)
        return
    print_table(("what", "value"), facts.items(), "Test authority (MOCK)")


@app.command("sign")
def sign_(
    key: Annotated[Path, typer.Argument(help="Key file.")],
    output: Annotated[Path, typer.Option("--out", help="Where the CMS goes, DER.")],
    content: Content = None,
    text: Text = None,
    detached: Annotated[bool, typer.Option("--detached", help="Leave the content out.")] = False,
    password: Password = DEFAULT_PASSWORD,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Sign as the signing service does, without a browser."""
    check_output(output)
    with _refusals():
        opened = read_key_file(read_input(key), password)
        if not is_test_key(opened):
            raise InputError(f"{key} is no key of a test authority")
    what = What(_content(content, text), attached=not detached)
    output.write_bytes(sign(what, opened.pair, _now(folder)))
    out().print(f"{output}: {output.stat().st_size} bytes", soft_wrap=True, markup=False)


@app.command()
def check(
    signature: Annotated[Path, typer.Argument(help="CMS: DER, Base64 or PEM.")],
    content: Content = None,
    text: Text = None,
    taxpayer: Annotated[str | None, typer.Option(help="IIN or BIN of the account.")] = None,
    login: Annotated[bool, typer.Option("--login", help="For login, not for an application.")] = False,
    individuals: Annotated[bool, typer.Option("--individuals", help="Natural persons may, too.")] = False,
    pki: Pki = DEFAULT_PKI,
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Verify a signature by the lab's clock, with every finding. Exit status 1: it would be refused."""
    purpose = Purpose.LOGIN if login else Purpose.APPLICATION
    with _refusals():
        authority, now = Authority(pki), _now(folder)
        demands = Demands(_content(content, text), purpose, taxpayer, individuals)
        result = verify(read_input(signature), demands, authority.trust, now, authority.fetch(now))
    if as_json:
        print_json(_verdict(result))
    else:
        _print(result)
    if not result.ok:
        raise typer.Exit(1)


def _print(result: Verification) -> None:
    lines = []
    if result.signer is not None:
        lines.append(f"signed by {result.signer.subject}")
        lines.append(f"issued by {result.signer.issuer}")
    if result.signing_time is not None:
        lines.append(f"signing time {to_almaty(result.signing_time)} Almaty")
    if result.timestamp is not None:
        lines.append(f"timestamp {to_almaty(result.timestamp)} Almaty")
    lines += [f"{each.rule.word}: {each.text.ru} ({each.detail})" for each in result.findings]
    lines.append("valid" if result.ok else "refused")
    out().print("\n".join(lines), soft_wrap=True, markup=False)


def _verdict(result: Verification) -> dict[str, Any]:
    return {
        "ok": result.ok,
        "subject": result.signer.subject if result.signer else None,
        "taxpayer": result.signer.holder.taxpayer if result.signer else None,
        "attached": result.attached,
        "signing_time": result.signing_time.isoformat() if result.signing_time else None,
        "timestamp": result.timestamp.isoformat() if result.timestamp else None,
        "revocation": result.revocation or None,
        "findings": [
            {"rule": each.rule.word, **each.text._asdict(), "detail": each.detail} for each in result.findings
        ],
    }


def _holder(
    profile: Profile, organisation: str | None, bin_: str | None, name: str | None, iin: str | None
) -> Holder:
    """The test person with what was given changed; a natural person has no organisation."""
    base = ORGANISATION if profile.organisation else PERSON
    chosen = name or base.common_name
    return Holder(
        common_name=chosen,
        surname=chosen.split()[0] if chosen.split() else "",
        patronymic="" if name else base.patronymic,
        iin=iin or base.iin,
        organisation=(organisation or base.organisation) if profile.organisation else None,
        bin=(bin_ or base.bin) if profile.organisation else None,
    )


def _content(file: Path | None, text: str | None) -> bytes:
    if (file is None) == (text is None):
        raise InputError("give what is signed as --content FILE or as --text TEXT")
    return read_input(file) if file is not None else (text or "").encode()


def _serial(authority: Authority, which: str) -> int:
    name = Path(which).name
    for each in authority.issued():
        if each.file is not None and each.file.name == name:
            return each.serial
    try:
        return int(which, 16)
    except ValueError:
        raise InputError(
            f"{which} is neither a serial number in hex nor a key file of {authority.folder}"
        ) from None


def _now(folder: Path) -> datetime:
    """The lab's time where there is a lab, else the machine's."""
    path = folder / "clock"
    clock = LabClock.attach(path) if path.exists() else LabClock.private()
    try:
        return clock.now()
    finally:
        clock.close()


def _line(each: Issued) -> str:
    begins, ends = (
        to_almaty(each.certificate.not_valid_before_utc),
        to_almaty(each.certificate.not_valid_after_utc),
    )
    revoked = each.revocation
    facts = _facts(each)
    told = "" if revoked is None else f", revoked {to_almaty(revoked.time)} ({revoked.reason})"
    return (
        f"{each.profile} {facts['serial']}\n"
        f"  {facts['taxpayer']}, {begins} to {ends} Almaty{told}\n"
        f"  {each.file}"
    )


def _facts(each: Issued) -> dict[str, Any]:
    return {
        "profile": each.profile,
        "serial": f"{each.serial:x}",
        "subject": each.subject,
        "taxpayer": holder_of(each.certificate.subject).taxpayer,
        "not_before": each.certificate.not_valid_before_utc.isoformat(),
        "not_after": each.certificate.not_valid_after_utc.isoformat(),
        "revoked": each.revocation.time.isoformat() if each.revocation else None,
        "file": str(each.file),
    }


@contextmanager
def _refusals() -> Iterator[None]:
    """What the authority refuses is wrong usage: exit status 2."""
    try:
        yield
    except (AuthorityError, HolderError, KeyFileError) as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None
