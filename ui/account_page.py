"""The account as markup. Pure; all words of users are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from starlette.responses import Response

from agent.keys import Key
from agent.people.users import LEAST_PASSWORD_CHARACTERS, User
from ui.asking import Caller, Way
from ui.plain import plain_page
from ui.plain_words import plainly

__all__ = ["Account", "Told", "account_page"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """`user` is None for those without a password here; `people` is empty for all but admins."""

    caller: Caller
    user: User | None
    keys: Sequence[Key]
    people: Sequence[User]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of the form that was sent; `secret` is shown this once."""

    sentence: str = ""
    is_bad: bool = False
    secret: str = ""


def account_page(account: Account, told: Told, language: str) -> Response:
    title = plainly("account", language)
    parts = [
        f'<p class="wordmark"><a href="/">Reverie</a></p><h1>{title}</h1>{notice(told)}',
        card(identity(account, language)),
        card(keys(account.keys, language)),
    ]
    if account.user is not None:
        parts.append(card(password(account.user, language)))
    if account.people:
        parts.append(card(people(account, language)))
    parts.append(card(deletion(account, language)))
    parts.append(f'<p><a href="/">{plainly("back", language)}</a></p>')
    return plain_page(title, "".join(parts), language)


def card(content: str) -> str:
    return f'<section class="card">{content}</section>'


def notice(told: Told) -> str:
    if not told.sentence:
        return ""
    secret = f'<code class="secret">{escape(told.secret)}</code>' if told.secret else ""
    kind, role = ("told bad", "alert") if told.is_bad else ("told", "status")
    return f'<div class="{kind}" role="{role}"><p>{escape(told.sentence)}</p>{secret}</div><br>'


def identity(account: Account, language: str) -> str:
    if account.caller.way is not Way.SIGN_IN:
        return f"<p>{plainly('nobody_signs_in', language)}</p>"
    name = escape(account.caller.name)
    return (
        f'<div class="top"><span>{plainly("signed_in_as", language, name=f"<strong>{name}</strong>")}</span>'
        '<form method="post" action="/sign-out">'
        f"<button>{plainly('sign_out', language)}</button></form></div>"
    )


def keys(listed: Sequence[Key], language: str) -> str:
    entries = "".join(key(each, language) for each in listed)
    shown = (
        f'<ul class="list">{entries}</ul>'
        if listed
        else f'<p class="soft">{plainly("no_keys", language)}</p>'
    )
    return (
        f'<h2>{plainly("keys", language)}</h2><p class="soft">{plainly("keys_hint", language)}</p>{shown}'
        '<form class="row" method="post" action="/account/keys">'
        f'<label>{plainly("key_name", language)}<input name="name" required maxlength="60"></label>'
        f"<button>{plainly('make_key', language)}</button></form>"
    )


def key(key: Key, language: str) -> str:
    used = plainly("never_used", language)
    if key.used is not None:
        used = plainly("used", language, day=f"{key.used:%Y-%m-%d}")
    return (
        f'<li><span class="name">{escape(key.name)}</span><span class="soft">{used}</span>'
        f"{pressed('/account/keys/withdraw', key.id, plainly('withdraw', language))}</li>"
    )


def pressed(action: str, about: str, words: str, kind: str = "") -> str:
    """A button that is a form of its own."""
    return (
        f'<form method="post" action="{action}"><input type="hidden" name="id" value="{escape(about)}">'
        f'<button class="{kind}">{words}</button></form>'
    )


def secret_field(name: str, words: str, autocomplete: str) -> str:
    return (
        f'<label>{words}<input name="{name}" type="password" required maxlength="200" '
        f'autocomplete="{autocomplete}"></label>'
    )


def password(user: User, language: str) -> str:
    new = plainly("new_password", language, least=LEAST_PASSWORD_CHARACTERS)
    return (
        f'<h2>{plainly("change_password", language)}</h2><form method="post" action="/account/password">'
        f'<input type="hidden" name="username" value="{escape(user.name)}" autocomplete="username">'
        f"{secret_field('password', plainly('old_password', language), 'current-password')}"
        f"{secret_field('new', new, 'new-password')}"
        f"<button>{plainly('change_password', language)}</button></form>"
    )


def people(account: Account, language: str) -> str:
    entries = "".join(person(each, account.caller.owner, language) for each in account.people)
    new = plainly("new_password", language, least=LEAST_PASSWORD_CHARACTERS)
    return (
        f'<h2>{plainly("people", language)}</h2><ul class="list">{entries}</ul>'
        '<form method="post" action="/account/people/add">'
        f"<label>{plainly('name', language)}"
        '<input name="name" required maxlength="60" autocomplete="off"></label>'
        f"{secret_field('password', new, 'new-password')}"
        '<label class="tick"><input type="checkbox" name="is_admin" value="yes">'
        f"{plainly('make_admin', language)}</label><button>{plainly('add_person', language)}</button></form>"
    )


def person(user: User, owner: str, language: str) -> str:
    mark = f'<span class="soft">{plainly("admin", language)}</span>' if user.is_admin else ""
    is_self = user.owner == owner
    entry = f'<span class="name">{escape(user.name)}</span>{mark}'
    if is_self:
        return f"<li>{entry}</li>"
    removal = pressed("/account/people/remove", user.id, plainly("remove_person", language), "bad")
    return f"<li>{entry}<details><summary>{plainly('remove', language)}</summary>{removal}</details></li>"


def deletion(account: Account, language: str) -> str:
    proof = ""
    if account.user is not None:
        proof = secret_field("password", plainly("old_password", language), "current-password")
    return (
        f"<h2>{plainly('delete_account', language)}</h2>"
        f'<p class="soft">{plainly("delete_hint", language)}</p>'
        f'<form method="post" action="/account/delete">{proof}'
        '<label class="tick"><input type="checkbox" name="really" value="yes">'
        f"{plainly('really', language)}</label>"
        f'<button class="bad">{plainly("delete_account", language)}</button></form>'
    )
