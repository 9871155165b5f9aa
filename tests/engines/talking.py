"""A Llama at tiny size that can hold a conversation: random weights, a language head, a chat template."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from engines.speaker import LlamaSpeaker
from engines.text import EncoderFolder, Host, TextStack
from engines.text.encoders import HeldEncoder
from engines.text.speech import Pick, greedy

MARKERS = ("<|pad|>", "<|begin|>", "<|end|>", "<|stop|>", "<|from|>")
PAD, BEGIN, END, STOP, FROM = range(len(MARKERS))
TEMPLATE = (
    "<|begin|>{% for message in messages %}<|from|>{{ message.role }}\n{{ message.content }}<|end|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|from|>assistant\n{% endif %}"
)
NUM_POSITIONS = 16_384


def build_llama_tokenizer(text: str, num_words: int = 1_500) -> PreTrainedTokenizerFast:
    """Byte-level BPE as Llama 3 has it, learned from `text`, with a chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=num_words,
        special_tokens=[*MARKERS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        bos_token="<|begin|>",
        eos_token="<|end|>",
        additional_special_tokens=["<|stop|>", "<|from|>"],
        chat_template=TEMPLATE,
    )


def build_llama(num_words: int, *, is_tied: bool = False, width: int = 32) -> LlamaForCausalLM:
    """Random and sharp: its next token depends on what stands before."""
    torch.manual_seed(0)
    llama = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=num_words,
            hidden_size=width,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=NUM_POSITIONS,
            pad_token_id=PAD,
            bos_token_id=BEGIN,
            eos_token_id=[END, STOP],
            tie_word_embeddings=is_tied,
        )
    )
    with torch.no_grad():
        for parameter in llama.parameters():
            parameter.normal_(std=0.3)
    return llama.eval()


def write_llama(folder: Path, llama: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> Path:
    """text_encoder_4 and tokenizer_4 of a folder of weights."""
    llama.save_pretrained(folder / "text_encoder_4")
    tokenizer.save_pretrained(folder / "tokenizer_4")
    return folder


def build_speaker(
    folder: Path, pick: Pick = greedy, *, text: str = "", is_tied: bool = False, num_words: int = 1_500
) -> LlamaSpeaker:
    """A speaker on a random Llama that was written to `folder` and read again."""
    tokenizer = build_llama_tokenizer(text or Path(__file__).read_text("utf-8"), num_words)
    llama = build_llama(len(tokenizer) + 3, is_tied=is_tied)
    write_llama(folder, llama, tokenizer)
    return LlamaSpeaker(folder, reading_with(folder, llama, tokenizer), pick)


def reading_with(
    folder: Path, llama: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, host: Host | None = None
) -> TextStack:
    """A stack whose Llama is loaded from `folder` when it is needed; its other encoders are never run."""
    unused = HeldEncoder(encoder=llama)
    source = EncoderFolder(weights=folder, slot=3, dtype=torch.float32, weights_hash="tiny")
    return TextStack([unused, unused, unused, source], [tokenizer] * 4, host=host)
