"""Coming in and going: login, a password that was reset, several devices, languages, branch (BX-LOG-01)."""

from tests.backoffice.pages.browser import Visit, seen


def test_a_login_leads_to_the_dashboard(owner: Visit) -> None:
    assert "Umumiy daromad" in seen(owner.get("/dashboard"))
