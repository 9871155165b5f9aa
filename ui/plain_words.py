"""The words of the pages without a script, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from ui.words import Text

__all__ = ["PLAIN_TEXTS", "plainly"]

PLAIN_TEXTS: Mapping[str, Text] = {
    "sign_in": Text(en="Sign in", zh="登录"),
    "sign_in_hint": Text(en="Your chats and pictures are yours alone.", zh="你的对话和图片只属于你。"),
    "name": Text(en="Name", zh="用户名"),
    "password": Text(en="Password", zh="密码"),
    "sign_in_with_hf": Text(en="Sign in with Hugging Face", zh="用 Hugging Face 登录"),
    "sign_out": Text(en="Sign out", zh="退出登录"),
    "account": Text(en="Your account", zh="你的账户"),
    "signed_in_as": Text(en="Signed in as {name}", zh="已登录：{name}"),
    "nobody_signs_in": Text(
        en="Nobody signs in on this machine: what you make belongs to this browser.",
        zh="这台机器不需要登录：你做的一切属于这个浏览器。",
    ),
    "wrong": Text(
        en="Name and password do not belong together. Please try again.", zh="用户名或密码不对，请再试一次。"
    ),
    "too_often": Text(
        en="Too many attempts to sign in. Please try again in {minutes} min.",
        zh="登录尝试太多。请过 {minutes} 分钟再试。",
    ),
    "provider_refused": Text(
        en="Hugging Face did not let you in, or it took too long. Please try again.",
        zh="Hugging Face 没有让你登录，或者等得太久。请再试一次。",
    ),
    "back": Text(en="Back to Reverie", zh="回到 Reverie"),
    "change_password": Text(en="Change password", zh="修改密码"),
    "old_password": Text(en="Present password", zh="当前密码"),
    "new_password": Text(en="New password ({least} characters or more)", zh="新密码（至少 {least} 个字符）"),
    "password_changed": Text(
        en="Your password is changed; other browsers are signed out.", zh="密码已修改，其他浏览器已退出登录。"
    ),
    "keys": Text(en="Keys for programs", zh="程序用的密钥"),
    "keys_hint": Text(
        en="A program with a key speaks for you: it sees and makes what you can. Withdraw unused keys.",
        zh="带着密钥的程序代表你：它能看到和做你能做的一切。不用的密钥请收回。",
    ),
    "no_keys": Text(en="There are none yet.", zh="还没有密钥。"),
    "key_name": Text(en="Which program is it for?", zh="给哪个程序用？"),
    "make_key": Text(en="Make a key", zh="生成密钥"),
    "new_key": Text(
        en="The key for {name}. It is shown this once: copy it now.",
        zh="“{name}”的密钥。只显示这一次，请现在复制。",
    ),
    "withdraw": Text(en="Withdraw", zh="收回"),
    "used": Text(en="last used {day}", zh="最近使用 {day}"),
    "never_used": Text(en="never used", zh="从未使用"),
    "people": Text(en="People", zh="用户"),
    "add_person": Text(en="Add", zh="添加"),
    "remove_person": Text(en="Remove with all chats and pictures", zh="连同所有对话和图片一起删除"),
    "remove": Text(en="Remove…", zh="删除…"),
    "admin": Text(en="admin", zh="管理员"),
    "delete_account": Text(en="Delete everything", zh="删除全部"),
    "delete_hint": Text(
        en="All your chats, pictures, keys and shared links are gone for good.",
        zh="你的所有对话、图片、密钥和分享链接都会被彻底删除。",
    ),
    "really": Text(en="Yes, delete everything of mine", zh="是的，删除我的一切"),
    "not_ticked": Text(en="Nothing was deleted: please tick the box.", zh="没有删除：请先勾选。"),
    "last_admin": Text(
        en="You are the only admin: make somebody else one before you go.",
        zh="你是唯一的管理员：离开前请先添加另一位管理员。",
    ),
    "make_admin": Text(en="May add and remove people", zh="可以添加和删除用户"),
    "share": Text(en="Share “{title}”", zh="分享“{title}”"),
    "share_hint": Text(
        en="Whoever has the link sees messages and pictures as they stand now, nothing that comes later.",
        zh="有链接的人能看到现在的消息和图片，看不到之后的内容。",
    ),
    "share_recipes": Text(
        en="Picture files also say what they were made with", zh="图片文件中也带有生成参数"
    ),
    "make_link": Text(en="Make a link", zh="生成链接"),
    "renew_link": Text(en="Show the chat as it stands now", zh="更新为现在的内容"),
    "withdraw_link": Text(en="Withdraw the link", zh="收回链接"),
    "link": Text(en="The link", zh="链接"),
    "shared_on": Text(en="Shows the chat as of {day}", zh="显示 {day} 的内容"),
    "back_to_chat": Text(en="Back to the chat", zh="回到对话"),
    "shared_note": Text(
        en="A conversation shared from Reverie. Its pictures were made by a model, uploads aside.",
        zh="从 Reverie 分享的对话。除上传的图片外，图片由模型生成。",
    ),
    "gone": Text(
        en="There is nothing under this link, or not any more.", zh="这个链接下没有内容，或者已被收回。"
    ),
    "nothing_to_share": Text(
        en="There is nothing in this chat yet that could be shared.", zh="这个对话里还没有可以分享的内容。"
    ),
}


def plainly(key: str, language: str, **facts: object) -> str:
    """A text in a language, with the facts it names; KeyError for a text that is not there."""
    text = PLAIN_TEXTS[key]
    return (text.zh if language == "zh" else text.en).format(**facts)
