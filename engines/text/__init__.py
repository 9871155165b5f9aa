"""Four text encoders to one TextContext, as HiDream-I1 reads them (arXiv 2505.22705, section 3.2)."""

from engines.text.cache import TextCache
from engines.text.encoders import SUFFIXES, EncoderFolder, TextEncoders, encode_tokens
from engines.text.records import MAX_TOKENS, EncodedTexts, Prompt, TextContext, TextTokens, TokenCounts
from engines.text.stack import TextPlacement, TextStack

__all__ = [
    "MAX_TOKENS",
    "SUFFIXES",
    "EncodedTexts",
    "EncoderFolder",
    "Prompt",
    "TextCache",
    "TextContext",
    "TextEncoders",
    "TextPlacement",
    "TextStack",
    "TextTokens",
    "TokenCounts",
    "encode_tokens",
]
