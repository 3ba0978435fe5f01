"""The signing service as the control API sees it: state, reset, and answers laid for its dialogs (NL-09)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pydantic
from pydantic import Field

from ofd_mock.pki.authority import AuthorityError
from ofd_mock.pki.key_files import DEFAULT_PASSWORD
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.revocation import REASONS
from ofd_mock.signing.desk import Action, NoDialogError, Preset
from ofd_mock.signing.server import SigningServer
from ofd_mock.signing.settings import SigningSettings
from reference.runtime.control import ControlError, Operation, Part
from reference.runtime.control_models import Body, NoArguments

NAME: Final = "signing"
SETTINGS_FILE: Final = "settings.json"


class LayAnswer(Body):
    """What a dialog is answered with, in place of a person."""

    action: Action = Field(description="choose a key, give a wrong password, cancel, or never answer")
    path: str = Field("", max_length=4096, description="of the key file, absolute or below the key folder")
    password: pydantic.SecretStr = Field(
        pydantic.SecretStr(DEFAULT_PASSWORD), max_length=256, description="of the key file"
    )
    times: int | None = Field(1, ge=1, le=1_000_000, description="how many dialogs; null: all from now on")


class MakeKey(Body):
    """A key and certificate of the test authority."""

    profile: str = Field("head", description=f"one of {', '.join(PROFILES)}")


class RevokeKey(Body):
    """A certificate that is revoked from now on."""

    serial: str = Field(pattern=r"^[0-9A-Fa-f]{1,40}$", description="hexadecimal")
    reason: str = Field("unspecified", description=f"one of {', '.join(REASONS)}")


class SigningPart(Part):
    """Part "signing"."""

    name = NAME

    def __init__(self, server: SigningServer) -> None:
        self._server = server
        self._desk = server.signatory.desk
        self._stores = server.signatory.stores

    def state(self) -> dict[str, Any]:
        """Settings, connections, the open dialog, laid answers and key files; never a password."""
        dialog = self._desk.dialog
        return {
            "settings": self._server.signatory.settings.model_dump(mode="json"),
            "pages": self._server.pages,
            "dialog": None
            if dialog is None
            else {
                "number": dialog.number,
                "kind": dialog.question.kind,
                "origin": dialog.question.origin,
                "method": dialog.question.method,
            },
            "answers": [
                {"action": each.action, "path": each.path, "left": each.left} for each in self._desk.presets()
            ],
            "keys": [str(path) for path in self._stores.files()],
        }

    def snapshot(self, folder: Path) -> None:
        """The settings; what tests laid and what is open is not kept."""
        settings = self._server.signatory.settings
        (folder / SETTINGS_FILE).write_text(settings.model_dump_json(indent=1), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """The settings as they were."""
        self._begin(SigningSettings.model_validate_json((folder / SETTINGS_FILE).read_bytes()))

    def reset(self, settings: dict[str, Any]) -> None:
        """New settings, no laid answers, and the open dialog cancelled."""
        try:
            self._begin(SigningSettings.model_validate(settings))
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise ControlError(f"settings.{where}", first["type"], f"{where}: {first['msg']}") from None

    def operations(self) -> dict[str, Operation]:
        """Answers for dialogs, and keys of the authority."""
        return {
            "answer": Operation("lay an answer for the next dialog", LayAnswer, self._lay),
            "clear-answers": Operation(
                "take laid answers back and cancel the open dialog", NoArguments, self._clear
            ),
            "cancel": Operation("cancel the open dialog", NoArguments, self._cancel),
            "make-key": Operation("make a key file of the test authority", MakeKey, self._make),
            "revoke": Operation("revoke a certificate from now on", RevokeKey, self._revoke),
        }

    def _begin(self, settings: SigningSettings) -> None:
        self._server.signatory.settings = settings
        self._desk.clear()

    def _lay(self, body: LayAnswer) -> Mapping[str, Any]:
        self._desk.lay(Preset(body.action, body.path, body.password.get_secret_value(), body.times))
        return {"waiting": len(self._desk.presets())}

    def _clear(self, _body: NoArguments) -> None:
        self._desk.clear()

    def _cancel(self, _body: NoArguments) -> None:
        dialog = self._desk.dialog
        if dialog is None:
            raise ControlError("dialog", "open", "no dialog is open", 409)
        try:
            self._desk.cancel(dialog.number)
        except NoDialogError as error:
            raise ControlError("dialog", "open", str(error), 409) from None

    def _make(self, body: MakeKey) -> Mapping[str, Any]:
        if body.profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise ControlError("profile", "known", f"no profile {body.profile!r}; known: {known}")
        now = self._server.signatory.now()
        issued = self._stores.authority.issue(PROFILES[body.profile], now)
        return {"serial": f"{issued.serial:x}", "subject": issued.subject, "file": str(issued.file)}

    def _revoke(self, body: RevokeKey) -> None:
        try:
            now = self._server.signatory.now()
            self._stores.authority.revoke(int(body.serial, 16), now, body.reason)
        except AuthorityError as error:
            raise ControlError(error.field, "known", str(error)) from None
