"""Random conversations with pictures: uploads, candidates, edits, branches, steps back; seeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from agent.brains.brain import Context, PictureView, Utterance
from agent.domain import Origin

__all__ = ["ADDITIONS", "SUBJECTS", "Conversation", "random_conversation"]

SUBJECTS = {
    "lighthouse": "灯塔", "bridge": "桥", "teapot": "茶壶", "robot": "机器人", "castle": "城堡",
    "fox": "狐狸",
    "penguin": "企鹅", "bicycle": "自行车", "violin": "小提琴", "elephant": "大象", "train": "火车",
    "mushroom": "蘑菇", "dragon": "龙", "owl": "猫头鹰", "volcano": "火山", "guitar": "吉他", "whale": "鲸鱼",
    "tent": "帐篷", "snail": "蜗牛", "waterfall": "瀑布", "piano": "钢琴", "zebra": "斑马",
}  # fmt: skip
ADDITIONS = {
    "hat": "帽子", "scarf": "围巾", "balloon": "气球", "lantern": "灯笼", "crown": "皇冠", "umbrella": "雨伞",
    "rainbow": "彩虹", "kite": "风筝", "flag": "旗子", "ladder": "梯子", "basket": "篮子", "cake": "蛋糕",
}  # fmt: skip
MOST_TURNS = 7
CANDIDATES = (1, 1, 1, 2, 3, 4)


@dataclass(kw_only=True)
class Conversation:
    """What has been said and shown so far; `additions` tells which edit added which thing."""

    is_chinese: bool
    has_letters: bool
    pictures: list[PictureView] = field(default_factory=list)
    history: list[Utterance] = field(default_factory=list)
    additions: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    current: str | None = None
    last_act: str = ""

    @property
    def shown(self) -> list[PictureView]:
        """The pictures under the last answer that showed any."""
        ids = next((line.pictures for line in reversed(self.history) if line.pictures), ())
        return [self.by_id(each) for each in ids]

    def by_id(self, name: str) -> PictureView:
        return next(each for each in self.pictures if each.id == name)

    def line(self, picture: PictureView) -> list[PictureView]:
        """The picture and what it grew from, the newest first."""
        line = [picture]
        while line[-1].parent:
            line.append(self.by_id(line[-1].parent))
        return line

    def context(self, message: str) -> Context:
        return Context(
            message=message, pictures=tuple(self.pictures), history=tuple(self.history), current=self.current
        )

    def turn(self) -> int:
        return len(self.history) // 2 + 1

    def say(self, words: str, made: Sequence[PictureView], shown: Sequence[str]) -> None:
        self.pictures += made
        self.history.append(Utterance(role="user", text=words))
        self.history.append(Utterance(role="assistant", text="Done.", pictures=tuple(shown)))
        self.current = shown[-1]

    def next_number(self) -> int:
        return max((each.number for each in self.pictures), default=0) + 1


def random_conversation(rng: Random) -> Conversation:
    talk = Conversation(is_chinese=rng.random() < 0.25, has_letters=rng.random() < 0.5)
    acts = [rng.choice((draw, draw, upload))]
    acts += [
        rng.choice((draw, upload, edit, edit, edit, branch, go_back))
        for _ in range(rng.randrange(MOST_TURNS))
    ]
    for act in acts:
        act(talk, rng)
    return talk


def draw(talk: Conversation, rng: Random) -> None:
    """A new thing, one picture or several candidates; sometimes a picture of each of two things."""
    free = [each for each in SUBJECTS if each not in talk.subjects]
    if rng.random() < 0.15:
        names = rng.sample(free, 2)
        made = [picture(talk, index, prompt_of(talk, name)) for index, name in enumerate(names)]
    else:
        names = [rng.choice(free)]
        count = rng.choice(CANDIDATES)
        made = [candidate(talk, index, count, prompt_of(talk, names[0])) for index in range(count)]
    for index, name in enumerate(names):
        talk.subjects[name] = made[index].id
    if len(names) == 1 and len(made) > 1:
        talk.subjects[names[0]] = ""
    talk.say(" and ".join(prompt_of(talk, each) for each in names), made, [each.id for each in made])
    talk.last_act = "candidates" if len(made) > 1 else "drawn"


def picture(talk: Conversation, index: int, prompt: str) -> PictureView:
    number = talk.next_number() + index
    return PictureView(
        id=f"p{len(talk.pictures) + index + 1}",
        number=number,
        origin=Origin.GENERATED,
        turn=talk.turn(),
        prompt=prompt,
    )


def candidate(talk: Conversation, index: int, count: int, prompt: str) -> PictureView:
    """Candidates share a number and have letters, or have numbers of their own."""
    made = picture(talk, index, prompt).model_copy(update={"candidate": index + 1})
    if talk.has_letters and count > 1:
        made = made.model_copy(update={"number": talk.next_number(), "letter": "abcd"[index]})
    return made


def prompt_of(talk: Conversation, name: str) -> str:
    return f"一个{SUBJECTS[name]}" if talk.is_chinese else f"a {name}"


def upload(talk: Conversation, rng: Random) -> None:
    """The picture comes with a message that already changes it, or is only shown."""
    free = [each for each in SUBJECTS if each not in talk.subjects]
    name = rng.choice(free)
    made = picture(talk, 0, prompt_of(talk, name)).model_copy(update={"origin": Origin.UPLOADED})
    talk.pictures.append(made)
    talk.subjects[name] = made.id
    talk.history.append(Utterance(role="user", text="here is a photo", pictures=(made.id,)))
    talk.history.append(Utterance(role="assistant", text="What shall I do with it?"))
    talk.current = made.id
    talk.last_act = "upload"


def edit(talk: Conversation, rng: Random) -> None:
    """The picture looked at, or one of the candidates picked by name, gets one thing more."""
    source = talk.by_id(talk.current or "")
    if len(talk.shown) > 1:
        source = rng.choice(talk.shown)
    add(talk, rng, source)


def branch(talk: Conversation, rng: Random) -> None:
    add(talk, rng, rng.choice(talk.pictures))


def add(talk: Conversation, rng: Random, source: PictureView) -> None:
    free = [each for each in ADDITIONS if each not in talk.additions]
    if not free:
        return
    name = rng.choice(free)
    words = f"加一个{ADDITIONS[name]}" if talk.is_chinese else f"add a {name}"
    made = picture(talk, 0, words).model_copy(update={"origin": Origin.EDITED, "parent": source.id})
    talk.additions[name] = made.id
    talk.say(words, [made], [made.id])
    talk.last_act = "edit"


def go_back(talk: Conversation, rng: Random) -> None:
    others = [each for each in talk.pictures if each.id != talk.current]
    if not others:
        return
    target = rng.choice(others)
    talk.say(f"go back to {target.handle}", [], [target.id])
    talk.last_act = "go_back"
