"""The module's own page: its memory drawn block by block, its Z-reports, receipts and last exchanges.

It only shows; hands are on the control page, to which it links.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, render_template, request, send_from_directory

from reference.runtime.control import ControlError
from reference.runtime.control_guard import Guard
from reference.runtime.serving import add_security_headers
from simulator.control_bodies import CAPTURE_PATH

if TYPE_CHECKING:
    from simulator.control import ModulePart

FOLDER: Final = Path(__file__).parent / "pages"


def page_blueprint(part: ModulePart, bound_host: str, token: str | None) -> Blueprint:
    """The page at `/`, guarded as the control API is; `?index=3` shows the fourth module of a rack."""
    blueprint = Blueprint("page", __name__, template_folder=str(FOLDER))
    guard = Guard(bound_host, token)
    blueprint.before_request(lambda: guard.check(request))
    blueprint.after_request(add_security_headers)
    blueprint.register_error_handler(ControlError, _refused)

    @blueprint.get("/")
    def page() -> str | Response:
        modules: list[dict[str, Any]] = part.state()["modules"]
        wanted = request.args.get("index", 0, type=int)
        if not 0 <= wanted < len(modules):
            return Response("there is no such module", 404, mimetype="text/plain")
        return render_template("module_page.html", modules=modules, module=modules[wanted])

    @blueprint.get(CAPTURE_PATH)
    def capture() -> Response:
        content = part.readers.capture()
        if not content:
            return Response("nothing was captured", 404, mimetype="text/plain")
        return Response(content, mimetype="application/x-pcapng")

    @blueprint.get("/module_page.css")
    def style() -> Response:
        return send_from_directory(FOLDER, "module_page.css")

    return blueprint


def _refused(error: ControlError) -> Response:
    return Response(error.text, error.status, mimetype="text/plain")
