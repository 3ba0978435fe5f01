"""The REST service under the name that it had as the only one."""

from __future__ import annotations

from reference.pos.fiscal.rest import RestService as DriveClient

__all__ = ["DriveClient"]
