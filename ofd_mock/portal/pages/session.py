"""Who sits in front of a page: his session's secret in a cookie that no script can read."""

from __future__ import annotations

from typing import Final

from flask import g, request
from werkzeug.wrappers import Response

from ofd_mock.portal.entrance import Entrance, Visitor
from ofd_mock.portal.errors import StrangerError

COOKIE: Final = "kassalab_portal"


def session_key() -> str:
    """The secret of the session; empty without one."""
    return request.cookies.get(COOKIE, "")


def remember(response: Response, key: str) -> Response:
    """Give the browser a session."""
    response.set_cookie(COOKIE, key, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def forget(response: Response) -> Response:
    """Take it away again."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def visitor_of(entrance: Entrance) -> Visitor:
    """Who is logged in, asked once a request. StrangerError when nobody is, or no longer."""
    if "visitor" not in g:
        g.visitor = entrance.visitor(session_key())
    known = g.visitor
    assert isinstance(known, Visitor)
    return known


def visitor_or_none(entrance: Entrance) -> Visitor | None:
    """The same, for pages that strangers may see."""
    try:
        return visitor_of(entrance)
    except StrangerError:
        return None
