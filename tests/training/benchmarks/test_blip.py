from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BlipConfig,
    BlipForQuestionAnswering,
    BlipImageProcessorPil,
    PreTrainedTokenizerFast,
)

from training.benchmarks.blip import BlipYesNo
from training.benchmarks.errors import JudgeUnavailable

WORDS = "[PAD] [CLS] [SEP] [UNK] yes no is there a cat red".split()
CPU = torch.device("cpu")


def build(folder: Path, favoured: str) -> str:
    """A network whose last bias prefers one of the two words."""
    torch.manual_seed(0)
    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    network = BlipForQuestionAnswering(
        BlipConfig(
            text_config={
                **tower,
                "vocab_size": len(WORDS),
                "encoder_hidden_size": 16,
                "max_position_embeddings": 16,
                "pad_token_id": 0,
                "bos_token_id": 1,
                "eos_token_id": 2,
                "sep_token_id": 2,
            },
            vision_config={**tower, "image_size": 16, "patch_size": 8},
        )
    )
    with torch.no_grad():
        network.text_decoder.cls.predictions.bias[WORDS.index(favoured)] += 5
    network.save_pretrained(folder)
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=16
    ).save_pretrained(folder)
    BlipImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize(("favoured", "answer"), [("yes", True), ("no", False)])
def test_the_likelier_of_the_two_words_is_the_answer(tmp_path: Path, favoured: str, answer: bool) -> None:
    judge = BlipYesNo(build(tmp_path, favoured), CPU)
    assert judge.is_true(Image.new("RGB", (30, 20), "red"), "is there a red cat") is answer


def test_missing_weights_are_said() -> None:
    with pytest.raises(JudgeUnavailable, match="nobody/nothing"):
        BlipYesNo("nobody/nothing", CPU).is_true(Image.new("RGB", (8, 8)), "is there a cat")
