import numpy as np

from training.stickers.captions import caption
from training.stickers.edits import sample_edit
from training.stickers.scene import sample_scene
from training.stickers.words import MAX_TOKENS, build_tokenizer


def test_everything_the_world_says_is_known_and_short() -> None:
    tokenizer = build_tokenizer()
    rng = np.random.default_rng(0)
    num_long = 0
    for _ in range(500):
        for text in (caption(sample_scene(rng), rng), sample_edit(rng).instruction):
            ids = tokenizer(text).input_ids
            assert tokenizer.unk_token_id not in ids, text
            num_long += len(ids) > MAX_TOKENS
    assert num_long <= 5  # four different things of two words each, all coloured


def test_fillers_go_digits_and_plurals_split() -> None:
    tokens = build_tokenizer()("A photo of 2 Cats, to the left of the buses!").tokens()
    assert tokens == ["two", "cat", "##s", "to", "left", "bus", "##es", "</s>"]


def test_unknown_words_are_marked() -> None:
    tokenizer = build_tokenizer()
    assert tokenizer.unk_token_id in tokenizer("a zeppelin").input_ids
