"""The words of the page in English and Chinese; the browser's language decides which are shown.

Labels are keys that Gradio looks up in the browser (ui/labels.py). What the server writes into messages is
chosen by the language of the request (`language_of`, `say`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["TEXTS", "Text", "language_of", "say"]


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text of the page in both languages."""

    en: str
    zh: str


TEXTS: Mapping[str, Text] = {
    "new_chat": Text(en="New chat", zh="新对话"),
    "chats": Text(en="Chats", zh="对话"),
    "rename": Text(en="Rename", zh="重命名"),
    "delete": Text(en="Delete", zh="删除"),
    "title": Text(en="Title", zh="标题"),
    "save": Text(en="Save", zh="保存"),
    "cancel": Text(en="Cancel", zh="取消"),
    "delete_for_good": Text(en="Delete for good", zh="彻底删除"),
    "keep": Text(en="Keep", zh="保留"),
    "delete_question": Text(
        en="Delete this chat and its pictures for good?", zh="彻底删除这个对话和其中的图片？"
    ),
    "conversation": Text(en="Conversation", zh="对话"),
    "message": Text(en="Message", zh="消息"),
    "box_hint": Text(en="Say what to draw or to change…", zh="说说要画什么，或者要改什么…"),
    "quality": Text(en="Quality", zh="质量"),
    "full": Text(en="Full", zh="精细"),
    "dev": Text(en="Balanced", zh="均衡"),
    "fast": Text(en="Fast", zh="快速"),
    "shape": Text(en="Shape", zh="形状"),
    "square": Text(en="Square", zh="方形"),
    "landscape": Text(en="Landscape", zh="横向"),
    "portrait": Text(en="Portrait", zh="竖向"),
    "seed": Text(en="Seed", zh="种子"),
    "random": Text(en="random", zh="随机"),
    "thinking": Text(en="Thinking…", zh="思考中…"),
    "empty_title": Text(en="What shall we draw?", zh="想画点什么？"),
    "empty_hint": Text(
        en="Say what you would like to see, then say what to change.", zh="先说想看到什么，再说要改什么。"
    ),
    "example_two": Text(en="draw a red car next to a dog", zh="画一辆红色的汽车，旁边有一只狗"),
    "example_ground": Text(en="two green apples on a pink background", zh="粉色背景上的两个绿苹果"),
    "example_style": Text(en="a cat in pixel style", zh="一只像素风格的猫"),
    "example_steps": Text(
        en="draw a blue house, then add a tree next to it", zh="画一座蓝色的房子，再在旁边加一棵树"
    ),
    # What a turn is at, and what it did.
    "getting_ready": Text(en="Getting ready…", zh="准备中…"),
    "drawing": Text(en="Drawing · step {step} of {of}", zh="绘制中 · 第 {step} 步，共 {of} 步"),
    "changing": Text(en="Changing · step {step} of {of}", zh="修改中 · 第 {step} 步，共 {of} 步"),
    "one_ahead": Text(en="In line · one picture ahead", zh="排队中 · 前面还有 1 张"),
    "more_ahead": Text(en="In line · {count} pictures ahead", zh="排队中 · 前面还有 {count} 张"),
    "about_time": Text(en="about {time}", zh="大约{time}"),
    "time_left": Text(en="about {time} left", zh="大约还要{time}"),
    "seconds": Text(en="{count} s", zh="{count} 秒"),
    "minutes": Text(en="{count} min", zh="{count} 分钟"),
    "preview": Text(en="Preview, not finished yet", zh="预览，尚未完成"),
    "understood_generate": Text(en="A new picture", zh="画一张新图"),
    "understood_edit": Text(en="A change to {handles}", zh="修改 {handles}"),
    "understood_some_edit": Text(en="A change", zh="修改图片"),
    "step_draw": Text(en="Draw", zh="画"),
    "step_draw_several": Text(en="Draw {count} of", zh="画 {count} 张"),
    "step_change": Text(en="Change {handle}", zh="修改 {handle}"),
    "step_change_new": Text(en="Change it", zh="接着修改"),
    "with_engine": Text(en="with {preset}", zh="引擎 {preset}"),
    "drew_one": Text(en="Drew a picture", zh="画了 1 张图"),
    "drew_several": Text(en="Drew {count} pictures", zh="画了 {count} 张图"),
    "changed_one": Text(en="Changed {handle}", zh="修改了 {handle}"),
    "changed_some": Text(en="Changed a picture", zh="修改了 1 张图"),
    "changed_several": Text(en="Made {count} changed pictures", zh="做了 {count} 张修改图"),
    "drew_and_changed": Text(en="Worked in {count} steps", zh="分 {count} 步完成"),
    "stopped_after": Text(en="Stopped after {done} of {count} steps", zh="停在第 {done} 步，共 {count} 步"),
    "in_time": Text(en="{did} in {time}", zh="{did}，用时 {time}"),
    # The plan that waits.
    "plan": Text(en="The plan", zh="计划"),
    "draw_it": Text(en="Draw it", zh="开始画"),
    "skip": Text(en="Skip", zh="跳过"),
    "step_words": Text(en="Words of step {count}; you may change them", zh="第 {count} 步的描述，可以修改"),
    # A picture and what can be done with it.
    "picture": Text(en="Picture {handle}", zh="图片 {handle}"),
    "your_upload": Text(en="Picture {handle}, your upload", zh="图片 {handle}，你上传的"),
    "some_picture": Text(en="a picture", zh="一张图片"),
    "mask_picture": Text(en="Picture {handle}, a mask", zh="图片 {handle}，蒙版"),
    "about": Text(en="About {handle}", zh="{handle} 的信息"),
    "compare_with": Text(en="Compare {handle}", zh="对比 {handle}"),
    "use_seed": Text(en="Use the seed of {handle}: {seed}", zh="使用 {handle} 的种子：{seed}"),
    "paint_mask": Text(en="Mark a part of {handle}", zh="在 {handle} 上涂出要改的部分"),
    "download_of": Text(en="Download {handle}", zh="下载 {handle}"),
    "pick": Text(en="Pick", zh="选这张"),
    "current": Text(en="Current", zh="当前"),
    "versions": Text(en="Versions", zh="版本"),
    "back_to": Text(en="Go back to {handle}", zh="回到 {handle}"),
    # The info card.
    "words": Text(en="Your words", zh="你的话"),
    "prompt": Text(en="Prompt", zh="提示词"),
    "negative_prompt": Text(en="Not wanted", zh="反向提示词"),
    "engine": Text(en="Engine", zh="引擎"),
    "weights": Text(en="Weights", zh="权重"),
    "steps": Text(en="Steps", zh="步数"),
    "guidance": Text(en="Guidance", zh="引导强度"),
    "marked": Text(
        en="Every picture says in its file that a model made it.", zh="每张图的文件里都注明由模型生成。"
    ),
    "best_of": Text(en="Best of", zh="几选一"),
    "one_try": Text(en="1 to 4", zh="1 到 4"),
    "image_guidance": Text(en="Picture guidance", zh="图像引导强度"),
    "sampler": Text(en="Sampler", zh="采样器"),
    "size": Text(en="Size", zh="尺寸"),
    "made_in": Text(en="Made in", zh="用时"),
    "made_from": Text(en="Made from", zh="来自"),
    "check": Text(en="Check", zh="检查"),
    "met": Text(en="met", zh="符合"),
    "seen_instead": Text(en="seen: {seen}", zh="看到：{seen}"),
    "not_met": Text(en="not met", zh="不符合"),
    "change": Text(en="Change", zh="变化"),
    "change_share": Text(en="{share} of the picture differs", zh="画面的 {share} 有变化"),
    "change_outside": Text(en="{share} of what was to stay", zh="应保持部分的 {share} 有变化"),
    "uploaded": Text(en="Your upload", zh="你上传的图片"),
    "use_settings_of": Text(en="Use its words and settings", zh="使用它的描述和参数"),
    "copy": Text(en="Copy", zh="复制"),
    "copied": Text(en="Copied", zh="已复制"),
    "close": Text(en="Close", zh="关闭"),
    # Two versions side by side.
    "compare": Text(en="Compare", zh="对比"),
    "left": Text(en="Left", zh="左"),
    "right": Text(en="Right", zh="右"),
    "divider": Text(en="Where the left picture ends", zh="左图到哪里为止"),
    "show_changes": Text(en="Show what changed", zh="显示变化"),
    "nothing_to_compare": Text(en="There is no other picture here yet.", zh="这里还没有别的图片。"),
    # The brush.
    "brush_hint": Text(en="Paint over what should change.", zh="涂出要改的部分。"),
    "brush_size": Text(en="Brush size", zh="笔刷大小"),
    "undo_to": Text(en="Undo: back to {handle} (Ctrl+Z)", zh="撤销：回到 {handle}（Ctrl+Z）"),
    "redo_to": Text(en="Redo: {handle} again (Ctrl+Shift+Z)", zh="重做：再看 {handle}（Ctrl+Shift+Z）"),
    "erase": Text(en="Erase", zh="橡皮"),
    "undo": Text(en="Undo", zh="撤销"),
    "clear": Text(en="Clear", zh="清空"),
    "use_mask": Text(en="Use it", zh="使用"),
    "mask_on": Text(en="Only the marked part of {handle}", zh="只改 {handle} 上涂出的部分"),
    "bad_mask": Text(
        en="What you painted arrived damaged. Please paint it again.", zh="涂出的部分损坏了，请重新涂一次。"
    ),
    "remove_mask": Text(en="Forget the marked part", zh="去掉涂出的部分"),
    # Messages sent before.
    "edit_message": Text(en="Edit this message", zh="修改这条消息"),
    "send": Text(en="Send", zh="发送"),
    "earlier_version": Text(en="Earlier version of this message", zh="这条消息的上一个版本"),
    "later_version": Text(en="Later version of this message", zh="这条消息的下一个版本"),
    # Settings.
    "more": Text(en="More", zh="更多"),
    "own_steps": Text(en="default", zh="默认"),
    "asks_first": Text(en="Ask me before drawing", zh="画之前先问我"),
    "keeps_rest": Text(en="Keep the rest exactly when changing", zh="修改时其余部分完全不变"),
    "is_checked": Text(en="Check pictures", zh="检查画好的图"),
    "rewrites": Text(
        en="A language model may put my words in more detail", zh="语言模型可以把我的话写得更细"
    ),
    "keeps_recipe": Text(en="Downloads carry their settings", zh="下载的图片带有生成参数"),
    "reset": Text(en="Reset", zh="恢复默认"),
    "brain": Text(en="Brain", zh="语言理解"),
    "engines": Text(en="Engines", zh="引擎"),
    "house": Text(en="Brain and engines", zh="语言理解与引擎"),
    "language_model": Text(en="a language model", zh="语言模型"),
    "engines_llama": Text(en="the engine's Llama", zh="引擎自带的 Llama"),
    "address": Text(en="Address of its server", zh="服务器地址"),
    "model_name": Text(en="Model", zh="模型"),
    "key": Text(en="Key", zh="密钥"),
    "key_kept": Text(en="kept; leave empty to go on with it", zh="已保存；留空则继续使用"),
    "key_if_any": Text(en="if it wants one", zh="如果需要"),
    "test_brain": Text(en="Test", zh="测试"),
    "testing": Text(en="Asking…", zh="正在询问…"),
    "use_it": Text(en="Use from now on", zh="开始使用"),
    "brain_works": Text(
        en="It works: {name} answered in {seconds} s.", zh="可以用：{name} 用 {seconds} 秒回答了。"
    ),
    "brain_misheard": Text(
        en="{name} answered in {seconds} s, but did not hear that a picture was wanted. Try a larger model.",
        zh="{name} 用 {seconds} 秒回答了，但没有听出这是要画图。更大的模型会听得更准。",
    ),
    "choice_kept": Text(en="Kept. It holds from your next message on.", zh="已保存，从下一条消息开始生效。"),
    "engine_at_start": Text(
        en="The engine changes when Reverie is started again.", zh="引擎要等 Reverie 重新启动后才会更换。"
    ),
    "not_for_programs": Text(en="A program's key cannot change this.", zh="程序的密钥不能修改这项设置。"),
    "only_for_admins": Text(en="Only an admin can change this.", zh="只有管理员可以修改这项设置。"),
    "built_in_rules": Text(en="built-in rules", zh="内置规则"),
    "bad_steps": Text(
        en="Steps are a whole number from 1 to 200. Please correct it or leave it empty.",
        zh="步数是 1 到 200 之间的整数。请改正，或者留空。",
    ),
    "bad_best_of": Text(
        en="The best is chosen of 1 to 4 tries. Please correct it or leave it empty.",
        zh="最多从 4 次里选最好的。请改正，或者留空。",
    ),
    "bad_guidance": Text(
        en="Guidance is a number from 0 to 20. Please correct it or leave it empty.",
        zh="引导强度是 0 到 20 之间的数。请改正，或者留空。",
    ),
    "bad_seed": Text(
        en="A seed is a whole number from 0 to {most}. Please correct it or leave it empty.",
        zh="种子是 0 到 {most} 之间的整数。请改正，或者留空。",
    ),
    "no_settings": Text(
        en="This picture was not made here, so it has no settings.",
        zh="这张图不是在这里生成的，没有生成参数。",
    ),
    # What cannot be.
    "old_page": Text(
        en="This page is older than the program. Please reload it.", zh="页面版本太旧，请刷新。"
    ),
    "nothing_to_retry": Text(en="There is nothing to retry here yet.", zh="这里还没有可以重试的内容。"),
    "no_cookie": Text(
        en="This page has lost its cookie. Please reload it, and let this address keep cookies.",
        zh="页面的 Cookie 丢失了。请刷新页面，并允许这个地址保存 Cookie。",
    ),
    # Settings that came with a picture.
    "carries_settings": Text(en="{name} carries its settings.", zh="{name} 带有生成参数。"),
    "use_settings": Text(en="Use them", zh="使用这些参数"),
    "retry": Text(en="Retry", zh="重试"),
    "download": Text(en="Download", zh="下载"),
    "search_chats": Text(en="Search chats", zh="搜索对话"),
    "temporary_chat": Text(en="Temporary chat", zh="临时对话"),
    "temporary": Text(en="Temporary", zh="临时"),
    "temporary_note": Text(
        en="Temporary chat: it is deleted with its pictures when you start another one or Reverie restarts.",
        zh="临时对话：开始新对话或重新启动 Reverie 时，它和其中的图片都会被删除。",
    ),
    "end_now": Text(en="Delete it now", zh="立即删除"),
    "pin": Text(en="Pin", zh="置顶"),
    "unpin": Text(en="Unpin", zh="取消置顶"),
    "pinned": Text(en="Pinned", zh="置顶"),
    "today": Text(en="Today", zh="今天"),
    "yesterday": Text(en="Yesterday", zh="昨天"),
    "earlier": Text(en="Earlier", zh="更早"),
    "export": Text(en="Export", zh="导出"),
    "share": Text(en="Share…", zh="分享…"),
    "account": Text(en="Your account", zh="你的账户"),
    "keys_for_programs": Text(en="Keys for programs", zh="程序用的密钥"),
    "sign_out": Text(en="Sign out", zh="退出登录"),
    "import_chat": Text(en="Import a chat", zh="导入对话"),
    "importing": Text(en="Importing…", zh="正在导入…"),
    "import_failed": Text(en="The import failed. Please try again.", zh="导入失败，请重试。"),
    "nothing_found": Text(en="Nothing found.", zh="没有找到。"),
    "more_chats": Text(en="Older chats: search to find them.", zh="更早的对话可以用搜索找到。"),
    "all_pictures": Text(en="All pictures", zh="所有图片"),
    "search_pictures": Text(en="Search pictures", zh="搜索图片"),
    "starred_only": Text(en="Starred only", zh="只看加星"),
    "star": Text(en="Star", zh="加星"),
    "unstar": Text(en="Unstar", zh="取消加星"),
    "back_to_chat": Text(en="Back to the chat", zh="回到对话"),
    "back_to_pictures": Text(en="Back to all pictures", zh="回到所有图片"),
    "use_here": Text(en="Use in this chat", zh="用到当前对话"),
    "go_to_chat": Text(en="Go to its chat", zh="打开所在对话"),
    "from_chat": Text(en="From", zh="来自"),
    "upload": Text(en="Upload", zh="上传的图片"),
    "newer": Text(en="Newer", zh="更新的"),
    "older": Text(en="Older", zh="更早的"),
    "no_pictures": Text(en="No pictures yet.", zh="还没有图片。"),
}


def language_of(accept_language: str) -> str:
    """The first language of a browser that the page speaks: "zh" or "en"."""
    for part in accept_language.lower().split(","):
        name = part.split(";")[0].strip().split("-")[0]
        if name in ("en", "zh"):
            return name
    return "en"


def say(key: str, language: str, **facts: object) -> str:
    """A text in a language, with the facts it names; KeyError for a text that is not there."""
    text = TEXTS[key]
    return (text.zh if language == "zh" else text.en).format(**facts)
