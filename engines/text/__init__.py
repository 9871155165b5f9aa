"""Four text encoders to one TextContext, as HiDream-I1 reads them (arXiv 2505.22705, section 3.2)."""

from engines.text.cache import TextCache
from engines.text.encoders import SUFFIXES, EncoderFolder, Host, PlainHost, TextEncoders, encode_tokens
from engines.text.records import MAX_TOKENS, EncodedTexts, Prompt, TextContext, TextTokens, TokenCounts
from engines.text.stack import TextStack

__all__ = [
    "MAX_TOKENS",
    "SUFFIXES",
    "EncodedTexts",
    "EncoderFolder",
    "Host",
    "PlainHost",
    "Prompt",
    "TextCache",
    "TextContext",
    "TextEncoders",
    "TextStack",
    "TextTokens",
    "TokenCounts",
    "encode_tokens",
]
