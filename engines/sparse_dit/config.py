"""The transformer's published configuration keys, checked once."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PUBLISHED", "SparseDiTConfig", "swiglu_hidden_size"]


@dataclass(frozen=True, kw_only=True)
class SparseDiTConfig:
    """The keys of the published transformer/config.json.

    `caption_channels` is (T5 width, Llama width); `max_resolution` is in latent units and bounds the number
    of image tokens of a non-square input; `llama_layers` names, per block, which Llama state it reads.
    """

    patch_size: int
    in_channels: int
    out_channels: int
    num_layers: int
    num_single_layers: int
    attention_head_dim: int
    num_attention_heads: int
    caption_channels: tuple[int, int]
    text_emb_dim: int
    num_routed_experts: int
    num_activated_experts: int
    axes_dims_rope: tuple[int, ...]
    max_resolution: tuple[int, int]
    llama_layers: tuple[int, ...]
    force_inference_output: bool = False

    def __post_init__(self) -> None:
        num_blocks = self.num_layers + self.num_single_layers
        if len(self.llama_layers) != num_blocks:
            raise ValueError(f"llama_layers names {len(self.llama_layers)} layers for {num_blocks} blocks.")
        rotated = sum(self.axes_dims_rope)
        if rotated not in (self.attention_head_dim, self.attention_head_dim // 2):
            raise ValueError(f"axes_dims_rope covers {rotated} of {self.attention_head_dim} head dimensions.")
        if self.num_activated_experts > self.num_routed_experts > 0:
            raise ValueError(f"{self.num_activated_experts} of {self.num_routed_experts} experts are active.")

    @property
    def width(self) -> int:
        return self.attention_head_dim * self.num_attention_heads

    @property
    def max_image_tokens(self) -> int:
        return self.max_resolution[0] * self.max_resolution[1] // self.patch_size**2


def swiglu_hidden_size(nominal: int) -> int:
    """Two thirds of `nominal`, rounded up to a multiple of 256: the checkpoints' SwiGLU widths."""
    return -(-int(2 * nominal / 3) // 256) * 256


PUBLISHED = SparseDiTConfig(
    patch_size=2,
    in_channels=16,
    out_channels=16,
    num_layers=16,
    num_single_layers=32,
    attention_head_dim=128,
    num_attention_heads=20,
    caption_channels=(4096, 4096),
    text_emb_dim=2048,
    num_routed_experts=4,
    num_activated_experts=2,
    axes_dims_rope=(64, 32, 32),
    max_resolution=(128, 128),
    llama_layers=(*range(32), *[31] * 16),
)
"""HiDream-I1's, the same for Full, Dev and Fast."""
