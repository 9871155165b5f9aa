"""The short sentences around pictures, in the user's language (English, Chinese)."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain import Artifact, Origin

__all__ = ["Replies", "handles"]


def handles(artifacts: Sequence[Artifact]) -> str:
    """#2, #3a"""
    return ", ".join(artifact.handle for artifact in artifacts)


class Replies:
    """What the agent itself says; `language` is the decision's, anything but Chinese gets English."""

    def __init__(self, language: str) -> None:
        self.is_chinese = language.lower().startswith("zh")

    def say(self, english: str, chinese: str) -> str:
        return chinese if self.is_chinese else english

    def made(self, artifacts: Sequence[Artifact]) -> str:
        """Names the new pictures."""
        names = handles(artifacts)
        is_one = len(artifacts) == 1
        if all(artifact.origin is Origin.EDITED for artifact in artifacts):
            return self.say(
                f"Done, {'this is' if is_one else 'these are'} {names}.", f"改好了，这是 {names}。"
            )
        return self.say(f"Here {'is' if is_one else 'are'} {names}.", f"画好了，这是 {names}。")

    def shall_i(self) -> str:
        return self.say("Shall I?", "这样可以吗？")

    def skipped(self) -> str:
        return self.say("Skipped; nothing was drawn.", "已跳过，什么都没有画。")

    def go_back_to(self, artifact: Artifact) -> str:
        """What the user would say."""
        return self.say(f"Go back to {artifact.handle}", f"回到 {artifact.handle}")

    def back_to(self, artifact: Artifact) -> str:
        return self.say(f"Back to {artifact.handle}.", f"回到 {artifact.handle}。")

    def which_picture(self) -> str:
        return self.say("Which picture do you mean?", "你指的是哪一张图？")

    def only_these_sizes(self, size: str) -> str:
        return self.say(f"I drew it at {size}, my nearest size.", f"我能画的最接近的尺寸是 {size}。")

    def fitted(self, handle: str, size: str) -> str:
        return self.say(
            f"I fitted {handle} to {size} first, which may cut its edges.",
            f"我先把 {handle} 裁剪缩放到 {size}，边缘可能被裁掉。",
        )

    def taken_as(self, is_first_frame: bool, size: str) -> str:
        """What was done to an upload."""
        if is_first_frame:
            return self.say("Your picture moves; I took its first frame.", "这是动图，我取了第一帧。")
        return self.say(f"I reduced your picture to {size}.", f"我把图片缩小到了 {size}。")

    def prompt_cut(self) -> str:
        return self.say(
            "Your words were longer than I can read, so the end was left out.",
            "描述太长，最后一部分没有读进去。",
        )

    def other_quality(self, preset: str) -> str:
        return self.say(f"I only have {preset} here, so I used that.", f"这里只有 {preset}，所以用了它。")

    def brain_unavailable(self, reason: str) -> str:
        return self.say(
            f"({reason} My built-in rules answered instead.)",
            f"（语言模型不可用：{reason} 这次由内置规则回答。）",
        )

    def stopped(self, artifacts: Sequence[Artifact]) -> str:
        if not artifacts:
            return self.say("Stopped.", "已停止。")
        return self.say("Stopped. ", "已停止。") + self.kept(artifacts)

    def failed(self, artifacts: Sequence[Artifact], sentence: str) -> str:
        if not artifacts:
            return sentence
        return self.kept(artifacts) + self.say(" Then: ", "之后出错：") + sentence

    def interrupted(self, artifacts: Sequence[Artifact]) -> str:
        """For a turn found unfinished at start-up."""
        cut_off = self.say("Reverie was closed before this was finished.", "这一步还没完成，程序就关闭了。")
        kept = self.say(" ", "") + self.kept(artifacts) if artifacts else ""
        return cut_off + kept + self.say(" Press Retry to go on.", "点“重试”可以继续。")

    def kept(self, artifacts: Sequence[Artifact]) -> str:
        verb = "is" if len(artifacts) == 1 else "are"
        names = handles(artifacts)
        return self.say(f"{names} {verb} finished and kept.", f"{names} 已完成并保留。")
