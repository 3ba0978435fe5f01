"""What every desk of the owner portal works with: database, clock, settings, the SMS outbox."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from reference.backoffice import tables
from reference.backoffice.moments import written
from reference.runtime.book import Book
from reference.runtime.database import migrate

MIGRATIONS = "reference.backoffice.migrations"


class BackofficeSettings(BaseModel):
    """Switches of the owner portal; durations are lab time, seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    code_seconds: float = Field(300, gt=0, description="how long an SMS code counts")
    code_tries: int = Field(5, ge=1, description="wrong codes before another has to be sent")
    codes_an_hour: int = Field(5, ge=1, description="codes one phone can have sent in an hour")
    resend_seconds: float = Field(60, ge=0, description="pause before «Qayta yuborish» sends again")
    visit_idle_seconds: float = Field(7 * 86_400, gt=0, description="a session unused for so long is over")
    login_tries: int = Field(5, ge=1, description="wrong passwords in a row before a login is locked")
    lock_seconds: float = Field(900, gt=0, description="how long it stays locked")
    offer_seconds: float = Field(600, gt=0, description="how long a POS's QR code counts")
    online_seconds: float = Field(120, gt=0, description="a POS heard of within that is live")
    trial_days: int = Field(14, ge=0, description="days a new owner has for nothing")
    token_seconds: float = Field(86_400, gt=0, description="how long Multicard's stand-in lets a token live")
    payme_login: str = Field("Paycom", description="login of Payme's calls")
    payme_key: str = Field("test-payme-key", description="password of Payme's calls (TEST)")
    click_service: int = Field(1, description="service id of Click's calls")
    click_key: str = Field("test-click-key", description="secret key of Click's signatures (TEST)")
    defects: tuple[str, ...] = Field(
        (), description="deliberate mistakes, names of reference/backoffice/defects.py"
    )


@dataclass(slots=True)
class Office(Book):
    """One owner portal on one database."""

    settings: BackofficeSettings

    def open(self) -> None:
        """Bring the tables to their newest form."""
        migrate(self.engine, MIGRATIONS)

    def send(self, session: Session, phone: str, text: str) -> None:
        """Put an SMS into the outbox; nothing leaves the stand."""
        session.add(tables.Sms(sent=written(self.now), phone=phone, text=text))
