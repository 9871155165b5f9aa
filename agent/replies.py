"""The short sentences around pictures, in the user's language (English, Chinese)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from agent.domain import Artifact, Origin
from agent.operations import Axis, Crop, CutOut, Extend, Flip, Operation, Resize, Rotate, Upscale

__all__ = ["Replies", "handles"]

NO_SOURCES: Mapping[str, str] = {}


def handles(artifacts: Sequence[Artifact]) -> str:
    """#2, #3a"""
    return ", ".join(artifact.handle for artifact in artifacts)


class Replies:
    """What the agent itself says; `language` is the decision's, anything but Chinese gets English."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.is_chinese = language.lower().startswith("zh")

    def say(self, english: str, chinese: str) -> str:
        return chinese if self.is_chinese else english

    def made(self, artifacts: Sequence[Artifact], sources: Mapping[str, str] = NO_SOURCES) -> str:
        """Names the new pictures, and what they were made from: `sources` gives handles by id."""
        names = self.with_sources(artifacts, sources)
        if all(artifact.origin is Origin.EDITED for artifact in artifacts):
            return self.say(f"Done: {names}.", f"改好了：{names}。")
        verb = "is" if len(artifacts) == 1 else "are"
        return self.say(f"Here {verb} {names}.", f"画好了，这是 {names}。")

    def with_sources(self, artifacts: Sequence[Artifact], sources: Mapping[str, str]) -> str:
        """#4a, #4b (from #2)"""
        parts = []
        for parents, group in groupby(artifacts, key=lambda artifact: artifact.parents):
            known = ", ".join(sources[each] for each in parents if each in sources)
            origin = self.say(f" (from {known})", f"（来自 {known}）") if known else ""
            parts.append(handles([*group]) + origin)
        return ", ".join(parts)

    def adjusted(self, operation: Operation, size: str) -> str:
        """What was done without an engine, named as what it is; `size` is the result's."""
        match operation:
            case Crop():
                return self.say(f"I cropped it to {size}.", f"裁剪成了 {size}。")
            case Rotate(degrees=degrees):
                turn = f"{abs(degrees):g}"
                return self.say(
                    f"I turned it by {turn}° {'clockwise' if degrees >= 0 else 'counter-clockwise'}.",
                    f"{'顺' if degrees >= 0 else '逆'}时针旋转了 {turn}°。",
                )
            case Flip(axis=Axis.HORIZONTAL):
                return self.say("I mirrored it, left with right.", "左右翻转了。")
            case Flip():
                return self.say("I flipped it, top with bottom.", "上下翻转了。")
            case Resize():
                return self.say(f"I resized it to {size} by resampling.", f"重新采样，缩放到了 {size}。")
            case Extend():
                return self.say(
                    f"I extended it to {size}; the new part is the picture's edge, blurred.",
                    f"画布扩展到了 {size}；新的部分由边缘颜色模糊填充。",
                )
            case CutOut():
                return self.say(
                    "I made its ground transparent, going by the colours along the border.",
                    "按边缘的颜色去掉了背景，背景现在是透明的。",
                )
            case Upscale(factor=factor):
                return self.say(
                    f"I enlarged it {factor} times to {size} by resampling, which adds no detail.",
                    f"用重新采样放大了 {factor} 倍，到 {size}；这不会增加细节。",
                )

    def outpainted(self, size: str, preset: str) -> str:
        return self.say(
            f"I extended it to {size}; {preset} painted the new part.",
            f"画布扩展到了 {size}；新的部分由 {preset} 绘制。",
        )

    def rest_kept(self) -> str:
        """Where a change kept to its place unasked."""
        return self.say("The rest is as it was, to the pixel.", "其余部分一个像素都没动。")

    def nothing_changed(self) -> str:
        return self.say(
            "I saw no change that is more than noise, so the picture stayed as it was.",
            "没有看出比噪点更大的变化，所以图片保持原样。",
        )

    def all_changed(self) -> str:
        return self.say(
            "This change reached nearly the whole picture, so there was little to keep.",
            "这个修改几乎涉及整张图，能保留的部分很少。",
        )

    def shall_i(self) -> str:
        return self.say("Shall I?", "这样可以吗？")

    def skipped(self) -> str:
        return self.say("Skipped; nothing was drawn.", "已跳过，什么都没有画。")

    def go_back_to(self, artifact: Artifact) -> str:
        """What the user would say."""
        return self.say(f"Go back to {artifact.handle}", f"回到 {artifact.handle}")

    def back_to(self, artifact: Artifact) -> str:
        return self.say(f"Back to {artifact.handle}.", f"回到 {artifact.handle}。")

    def brought(self, artifact: Artifact) -> str:
        """Of a picture from another chat."""
        return self.say(
            f"{artifact.handle} is here now. What shall I change?",
            f"{artifact.handle} 已经放到这里。想改什么？",
        )

    def which_picture(self) -> str:
        return self.say("Which picture do you mean?", "你指的是哪一张图？")

    def only_these_sizes(self, size: str) -> str:
        return self.say(f"I drew it at {size}, my nearest size.", f"我能画的最接近的尺寸是 {size}。")

    def fitted(self, handle: str, size: str) -> str:
        return self.say(
            f"I fitted {handle} to {size} first, which may cut its edges.",
            f"我先把 {handle} 裁剪缩放到 {size}，边缘可能被裁掉。",
        )

    def brought_to(self, size: str, is_cut: bool) -> str:
        """Of the result of a change."""
        return self.say(
            f"I brought it to {size} by resampling{', and cut its edges to that outline' if is_cut else ''}.",
            f"用重新采样缩放到了 {size}{'，并按这个比例裁掉了边缘' if is_cut else ''}。",
        )

    def keeps_its_size(self, size: str) -> str:
        """Of a picture that was painted on, where another size was asked for."""
        return self.say(
            f"It keeps its own size, {size}: outside of what you marked nothing changes.",
            f"图片保持原来的尺寸 {size}：标记以外的地方不变。",
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

    def checked(self, handle: str, first: str, best: str, num_tries: int) -> str:
        """What the eyes missed at first, and in the picture that is kept (nothing, where all is well)."""
        if num_tries == 1:
            return self.say(f"{handle} is not right: {first}.", f"{handle} 不对：{first}。")
        again = "again" if num_tries == 2 else f"{num_tries - 1} times more"
        if not best:
            return self.say(
                f"My first try at {handle} was not right ({first}), so I made it {again}.",
                f"{handle} 第一次不对（{first}），所以我重新画了。",
            )
        return self.say(
            f"I made {handle} {again}, and it is still not right: {best}.",
            f"我重新画了 {handle}，但还是不对：{best}。",
        )

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
