"""A chat as a page for others, and the page from which it is shared. Pure; all words of users are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from starlette.responses import Response

from agent.domain import Artifact, Session, Turn, TurnStatus
from agent.sharing import Share, SharedChat
from ui.gallery import alt_text
from ui.look import Look
from ui.plain import plain_page
from ui.plain_words import plainly

__all__ = ["share_page", "shared_page"]

NO_REFERRER = {"Referrer-Policy": "no-referrer"}
"""The address is all that guards the page: it is told to nobody."""


def share_page(session: Session, share: Share | None, address: str, language: str) -> Response:
    """`address` is what a link's id is put after."""
    title = plainly("share", language, title=session.title)
    back = f'<p><a href="/?chat={session.id}">{plainly("back_to_chat", language)}</a></p>'
    return plain_page(
        title,
        f'<p class="wordmark"><a href="/">Reverie</a></p><h1>{escape(title)}</h1>'
        f'<p class="soft">{plainly("share_hint", language)}</p>'
        f"{offer(session, share, address, language)}{back}",
        language,
    )


def offer(session: Session, share: Share | None, address: str, language: str) -> str:
    if session.tip is None:
        return f'<p class="told">{plainly("nothing_to_share", language)}</p>'
    ticked = " checked" if share is not None and share.has_recipes else ""
    words = plainly("make_link" if share is None else "renew_link", language)
    form = (
        f'<form method="post" action="/share/{session.id}"><label class="tick">'
        f'<input type="checkbox" name="recipes" value="yes"{ticked}>'
        f"{plainly('share_recipes', language)}</label>"
        f'<button class="main">{words}</button></form>'
    )
    return f'<div class="card">{form if share is None else existing(share, address, language) + form}</div>'


def existing(share: Share, address: str, language: str) -> str:
    link = escape(f"{address}{share.id}")
    day = f"{share.created:%Y-%m-%d %H:%M} UTC"
    return (
        f"<h2>{plainly('link', language)}</h2>"
        f'<p><a class="secret" href="{link}" target="_blank" rel="noopener">{link}</a></p>'
        f'<p class="soft">{plainly("shared_on", language, day=day)}</p>'
        f'<form method="post" action="/share/{share.session_id}/withdraw">'
        f'<button class="bad">{plainly("withdraw_link", language)}</button></form><br>'
    )


def shared_page(chat: SharedChat, language: str) -> Response:
    look = Look(language=language)
    turns = "".join(turn_of(each, chat, look) for each in chat.turns)
    body = (
        f'<p class="wordmark">Reverie</p><h1>{escape(chat.title)}</h1>{turns}'
        f'<p class="soft">{plainly("shared_note", language)}</p>'
    )
    return plain_page(chat.title, body, language, headers=NO_REFERRER)


def turn_of(turn: Turn, chat: SharedChat, look: Look) -> str:
    """What was said and sent along, what came of it, and the answer."""
    known = {each.id: each for each in chat.pictures}
    shown = [known[each] for each in turn.shown if each in known]
    words = f'<p class="said">{escape(turn.text)}</p>' if turn.text else ""
    is_over = turn.status not in {TurnStatus.RUNNING, TurnStatus.WAITING}
    reply = f'<p class="reply">{escape(turn.reply)}</p>' if is_over and turn.reply else ""
    sent, made = pictures(turn.uploads, chat, look, "sent"), pictures(shown, chat, look)
    return f'<section class="turn">{sent}{words}{made}{reply}</section>'


def pictures(listed: Sequence[Artifact], chat: SharedChat, look: Look, kind: str = "") -> str:
    if not listed:
        return ""
    figures = "".join(figure(each, chat, look) for each in listed)
    return f'<div class="pictures {kind}">{figures}</div>'


def figure(artifact: Artifact, chat: SharedChat, look: Look) -> str:
    address = f"/shared/{chat.share.id}/pictures/{artifact.id}"
    return (
        f'<figure><a href="{address}"><img src="{address}" alt="{escape(alt_text(artifact, look))}" '
        f'loading="lazy" width="{artifact.width}" height="{artifact.height}"></a>'
        f"<figcaption>{artifact.handle}</figcaption></figure>"
    )
