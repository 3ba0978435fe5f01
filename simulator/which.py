"""Which module of the rack a control request means."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Which(BaseModel):
    """The module meant: by its index in the rack or by its terminal; the first one if neither is given."""

    model_config = ConfigDict(extra="forbid")

    index: int | None = Field(default=None, ge=0, description="place in the rack, from 0")
    terminal: str | None = Field(default=None, description="TerminalID")
