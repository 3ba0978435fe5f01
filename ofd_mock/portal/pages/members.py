"""«Пользователи» and «Группы», and everybody's own page with his password (KZ-USR-01)."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request

from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.members import ROLES, GroupView, UserView
from ofd_mock.portal.pages import words
from ofd_mock.portal.pages.asked import Asked
from ofd_mock.portal.pages.card_parts import ID
from ofd_mock.portal.pages.frame import PASSWORD_PAGE, Frame, say
from ofd_mock.portal.paging import PAGE, page_of

_NEW: Final = "members/user_new.html"
_USER: Final = "members/user.html"
_GROUP: Final = "members/group.html"
_GROUPS: Final = "members/groups.html"
_SECRETS: Final = ("password", "password_repeated")


def member_pages(frame: Frame) -> Blueprint:
    """All of it is the administrator's, but for the page of one's own."""
    section = frame.section("members")
    _own_page(frame, section)
    _user_list(frame, section)
    _one_user(frame, section)
    _groups(frame, section)
    return section


def _own_page(frame: Frame, section: Blueprint) -> None:
    @section.get(PASSWORD_PAGE)
    def me() -> Any:
        return frame.render("members/me.html", form={}, findings={}, **_own(frame, frame.visitor()))

    @section.post(PASSWORD_PAGE)
    def change_password() -> Any:
        visitor = frame.visitor()

        def act() -> str:
            given = _passwords("old_password", *_SECRETS)
            frame.desks.members.change_password(visitor, *given.values())
            say(words.gettext("Пароль изменен. Войдите с новым паролем."))
            return "/login"

        return frame.answer("members/me.html", act, **_own(frame, visitor))


def _own(frame: Frame, visitor: Visitor) -> dict[str, Any]:
    return {"roles": ROLES, "outlets": frame.desks.outlets.all(visitor)}


def _user_list(frame: Frame, section: Blueprint) -> None:
    desk = frame.desks.members

    @section.get("/users")
    def users() -> Any:
        visitor, asked = frame.visitor(), Asked()
        page = page_of(desk.users(visitor, PAGE + 1, asked.number("after") or 0))
        more = asked.address(after=page.rows[-1].id) if page.more else ""
        names = {group.id: group.name for group in desk.groups(visitor)}
        return frame.render(
            "members/users.html", asked=asked, users=page, more=more, roles=ROLES, group_names=names
        )

    @section.get("/users/new")
    def new_user() -> Any:
        frame.visitor().require_administrator()
        return frame.render(_NEW, form={"role": "1"}, findings={}, roles=ROLES)

    @section.post("/users/new")
    def add_user() -> Any:
        visitor = frame.visitor()

        def act() -> str:
            number = desk.add_user(visitor, frame.form() | _passwords(*_SECRETS))
            say(words.gettext("Пользователь добавлен"))
            return f"/users/{number}"

        return frame.answer(_NEW, act, roles=ROLES)


def _one_user(frame: Frame, section: Blueprint) -> None:
    desk = frame.desks.members

    def values(visitor: Visitor, user: UserView) -> dict[str, Any]:
        groups = [group for group in desk.groups(visitor) if group.id in user.groups]
        return {"user": user, "roles": ROLES, "groups": groups, "own": user.id == visitor.user}

    @section.get(f"/users/{ID}")
    def user(number: int) -> Any:
        visitor = frame.visitor()
        known = desk.user(visitor, number)
        form = {"name": known.name, "role": str(known.role), "active": known.active}
        return frame.render(_USER, form=form, findings={}, **values(visitor, known))

    @section.post(f"/users/{ID}")
    def change_user(number: int) -> Any:
        visitor = frame.visitor()
        known = desk.user(visitor, number)

        def act() -> str:
            form = frame.form()
            desk.change_user(visitor, number, {"active": "", **form})
            say(words.gettext("Изменения сохранены. Пользователю нужно войти заново."))
            return f"/users/{number}"

        return frame.answer(_USER, act, **values(visitor, known))

    @section.post(f"/users/{ID}/password")
    def give_password(number: int) -> Any:
        visitor = frame.visitor()
        known = desk.user(visitor, number)

        def act() -> str:
            desk.give_password(visitor, number, _passwords(*_SECRETS))
            say(words.gettext("Пароль задан. При следующем входе пользователь сменит его на свой."))
            return f"/users/{number}"

        kept = {"name": known.name, "role": str(known.role), "active": known.active}
        return frame.answer(_USER, act, kept=kept, **values(visitor, known))


def _groups(frame: Frame, section: Blueprint) -> None:
    desk = frame.desks.members

    @section.get("/groups")
    def groups() -> Any:
        return frame.render(_GROUPS, form={}, findings={}, **_group_list(frame, frame.visitor()))

    @section.post("/groups")
    def add_group() -> Any:
        visitor = frame.visitor()

        def act() -> str:
            number = desk.add_group(visitor, frame.form())
            say(words.gettext("Группа добавлена: выберите ее торговые точки и пользователей"))
            return f"/groups/{number}"

        return frame.answer(_GROUPS, act, **_group_list(frame, visitor))

    @section.get(f"/groups/{ID}")
    def group(number: int) -> Any:
        visitor = frame.visitor()
        known = desk.group(visitor, number)
        values = _group_values(frame, visitor, known)
        return frame.render(_GROUP, form={"name": known.name}, findings={}, **values)

    @section.post(f"/groups/{ID}")
    def change_group(number: int) -> Any:
        visitor = frame.visitor()
        known = desk.group(visitor, number)
        values = _group_values(frame, visitor, known)

        def act() -> str:
            desk.name_group(visitor, number, {"name": frame.form().get("name", "")})
            hidden_outlets = set(known.outlets) - {each.id for each in values["outlets"]}
            hidden_users = set(known.users) - {each.id for each in values["users"]}
            outlets, users = _picked("outlets"), _picked("users")
            desk.fill_group(visitor, number, [*outlets, *hidden_outlets], [*users, *hidden_users])
            say(words.gettext("Группа сохранена"))
            return "/groups"

        return frame.answer(_GROUP, act, **values)

    @section.post(f"/groups/{ID}/remove")
    def remove_group(number: int) -> Any:
        visitor = frame.visitor()
        known = desk.group(visitor, number)

        def act() -> str:
            desk.remove_group(visitor, number)
            say(words.gettext("Группа удалена"))
            return "/groups"

        return frame.answer(_GROUP, act, **_group_values(frame, visitor, known))


def _group_list(frame: Frame, visitor: Visitor) -> dict[str, Any]:
    asked = Asked()
    page = page_of(frame.desks.members.groups(visitor, PAGE + 1, asked.number("after") or 0))
    more = asked.address(after=page.rows[-1].id) if page.more else ""
    return {"asked": asked, "groups": page, "more": more}


def _group_values(frame: Frame, visitor: Visitor, group: GroupView) -> dict[str, Any]:
    """Outlets and users to choose from; administrators see everything anyway."""
    users = frame.desks.members.users(visitor)
    return {
        "group": group,
        "outlets": frame.desks.outlets.all(visitor),
        "users": [user for user in users if user.role != max(ROLES) or user.id in group.users],
        "roles": ROLES,
    }


def _picked(name: str) -> list[int]:
    """Numbers of the marks that were set; what is no number is nobody's."""
    found = request.form.getlist(name)[:2_000]
    return [int(each) if each.isascii() and each.isdigit() and len(each) < 16 else 0 for each in found]


def _passwords(*names: str) -> dict[str, str]:
    """Passwords as they were typed: spaces are part of them."""
    return {name: request.form.get(name, "") for name in names}
