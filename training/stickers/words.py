"""The small world's tokenizer: word pieces of a closed vocabulary, without fillers: sixteen say a lot."""

from __future__ import annotations

import re

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import PreTrainedTokenizerFast

from training.seeds import rng_for
from training.stickers.captions import BACKGROUND_WORDS, NUMBER_WORDS, STYLE_WORDS
from training.stickers.catalogue import CATEGORIES, COLORS, EFFECTS, KINDS, SIGN_WORDS, WHOLE, World
from training.stickers.edits import sample_edit

MAX_TOKENS = 16
PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
_FILLERS = ("a", "an", "the", "of", "photo", "picture", "image", "some", "there", "is", "are", "please")
_RELATIONS = (
    "to left right above over on top below under beneath next beside between and with in at by".split()
)
_ORDERS = (
    "add put draw place also remove delete take away erase get rid make turn paint color change into it them"
    " background style plain white now same but without another bigger smaller"
    " replace swap turn larger move flip mirror picture foggy blurry darker brighter light lights"
    " saying says say largest biggest smallest leftmost rightmost thing one word further up down for"
).split()
_MORE = "black brown day dark light big small large tiny group row".split()


def vocabulary() -> dict[str, int]:
    """Word piece -> id, in a fixed order."""
    words: list[str] = [PAD, END, UNKNOWN, "##s", "##es"]
    phrases = [*KINDS, *COLORS, *NUMBER_WORDS, *_RELATIONS, *_ORDERS, *_MORE, *CATEGORIES, *EFFECTS]
    phrases += [word.lower() for word in SIGN_WORDS]
    phrases += [
        word for group in (BACKGROUND_WORDS, STYLE_WORDS) for forms in group.values() for word in forms
    ]
    for phrase in phrases:
        words += [word for word in phrase.split() if word not in _FILLERS]
    return {word: index for index, word in enumerate(dict.fromkeys(words))}


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Lower case, no punctuation, no fillers, digits as words; ends in </s>, padded with <pad>."""
    vocab = vocabulary()
    tokenizer = Tokenizer(WordPiece(vocab, unk_token=UNKNOWN, continuing_subword_prefix="##"))
    digits = [normalizers.Replace(Regex(rf"\b{digit}\b"), word) for digit, word in enumerate(NUMBER_WORDS)]
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[^a-z0-9]+"), " "),
            *digits,
            normalizers.Replace(Regex(rf"\b({'|'.join(_FILLERS)})\b"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=None, special_tokens=[(END, vocab[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        model_max_length=MAX_TOKENS,
        padding_side="right",
        clean_up_tokenization_spaces=False,
    )


def spoken_words(world: World = WHOLE, num_samples: int = 8_000) -> tuple[str, ...]:
    """Every word that captions and instructions use in this part of the world (found by sampling them), and
    the fillers."""
    spoken = set(_FILLERS)
    for index in range(num_samples):
        edit = sample_edit(rng_for("spoken-words", 0, index), world=world)
        spoken.update(re.findall(r"[a-z]+", f"{edit.instruction} {edit.target_caption}".lower()))
    return tuple(sorted(spoken))
