"""What a person may set at the signing service (kz-ofd §16.3–16.6, §19.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SigningSettings(BaseModel):
    """Settings of one signing service; `reset` of the control API takes the same names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting_version: str = Field("1.4", max_length=20, description="version of the greeting (NL-02)")
    applet_dialect: bool = Field(True, description="whether the legacy applet dialect is served (§16.6)")
    basics_single_result: Literal["list", "string"] = Field(
        "list", description="how basics gives one CMS: newer versions a list, older a string (NB-12)"
    )
    basics_cancelled: Literal["empty-body", "refusal"] = Field(
        "empty-body", description="how basics tells that the person cancelled (§16.5, NB-15)"
    )
    origins: tuple[str, ...] = Field(
        (), description="pages beyond this machine and private networks that may ask, as https://host[:port]"
    )
