"""SparseDiT against diffusers' class at random weights."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

import pytest
import torch
from diffusers import HiDreamImageTransformer2DModel

from engines.sparse_dit import SparseDiT

TINY: dict[str, Any] = {
    "patch_size": 2,
    "in_channels": 4,
    "out_channels": 4,
    "num_layers": 2,
    "num_single_layers": 2,
    "attention_head_dim": 16,
    "num_attention_heads": 3,
    "caption_channels": [24, 40],
    "text_emb_dim": 20,
    "num_routed_experts": 4,
    "num_activated_experts": 2,
    "axes_dims_rope": [8, 4, 4],
    "max_resolution": [12, 12],
    "llama_layers": [0, 1, 2, 2],
}
CONFIGS: dict[str, dict[str, Any]] = {
    "sparse": TINY,
    "dense": TINY | {"num_routed_experts": 0},
    "one_active_expert": TINY | {"num_routed_experts": 3, "num_activated_experts": 1},
    "mixed_llama_layers": TINY | {"llama_layers": [2, 0, 0, 1]},
    "patch_of_four": TINY | {"patch_size": 4, "max_resolution": [16, 16]},
    "patch_of_one_wide_output": TINY | {"patch_size": 1, "out_channels": 6},
    "half_rotated": TINY | {"axes_dims_rope": [4, 2, 2]},
    "dual_blocks_only": TINY | {"num_single_layers": 0, "llama_layers": [0, 1]},
    "wide": TINY | {"num_attention_heads": 33, "num_layers": 1, "llama_layers": [0, 1, 2]},
}


def random_pair(keys: dict[str, Any]) -> tuple[SparseDiT, Any]:
    """The same random weights in both classes; nothing is zero, so that every path counts."""
    torch.manual_seed(0)
    ours = SparseDiT(**keys).eval()
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.normal_(std=0.5 / max(parameter.shape[-1], 16) ** 0.5)
    theirs = cast(Any, HiDreamImageTransformer2DModel)(**keys).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return ours, theirs


def random_inputs(model: SparseDiT, batch: int, height: int, width: int) -> dict[str, torch.Tensor]:
    config = model.architecture
    t5_width, llama_width = config.caption_channels
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return {
        "hidden_states": draw(batch, config.in_channels, height, width),
        "timesteps": torch.tensor([999.0, 250.5, 17.0])[:batch],
        "encoder_hidden_states_t5": draw(batch, 5, t5_width),
        "encoder_hidden_states_llama3": draw(3, batch, 7, llama_width),
        "pooled_embeds": draw(batch, config.text_emb_dim),
    }


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("size", [(8, 8), (8, 12), (12, 4)], ids=["square", "wide", "tall"])
@torch.no_grad()
def test_same_numbers_as_diffusers(name: str, size: tuple[int, int]) -> None:
    ours, theirs = random_pair(CONFIGS[name])
    inputs = random_inputs(ours, 2, *size)
    expected = theirs(**inputs, return_dict=False)[0]
    assert expected.std() > 0.05
    assert (ours(**inputs).sample - expected).abs().max() < 1e-5


@torch.no_grad()
def test_full_grid_needs_no_padding() -> None:
    """An edit pair: twice as wide as high, exactly as many patches as max_resolution allows."""
    ours, theirs = random_pair(TINY | {"max_resolution": [8, 16]})
    inputs = random_inputs(ours, 3, 8, 16)
    assert (ours(**inputs).sample - theirs(**inputs, return_dict=False)[0]).abs().max() < 1e-5


@torch.no_grad()
def test_patches_with_masks() -> None:
    ours, theirs = random_pair(TINY)
    inputs = random_inputs(ours, 2, 8, 8)
    generator = torch.Generator().manual_seed(2)
    inputs["hidden_states"] = torch.randn(2, 9, 16, generator=generator)
    extra = {
        "hidden_states_masks": (torch.arange(9) < 6).float().repeat(2, 1),
        "img_ids": torch.randint(0, 5, (2, 9, 3), generator=generator).float(),
        "img_sizes": torch.tensor([[2, 3], [2, 3]]),
    }
    expected = theirs(**inputs, **extra, return_dict=False)[0]
    (sample,) = ours(**inputs, **extra, return_dict=False)
    assert sample.shape == (2, 4, 4, 6)
    assert (sample - expected).abs().max() < 1e-5


def test_published_configuration_has_the_published_tensors() -> None:
    """1615 tensors and 17,105,733,184 parameters: the size of the HiDream-I1 checkpoints."""
    keys = TINY | {
        "in_channels": 16,
        "out_channels": 16,
        "num_layers": 16,
        "num_single_layers": 32,
        "attention_head_dim": 128,
        "num_attention_heads": 20,
        "caption_channels": [4096, 4096],
        "text_emb_dim": 2048,
        "axes_dims_rope": [64, 32, 32],
        "max_resolution": [128, 128],
        "llama_layers": [*range(32), *[31] * 16],
    }
    with torch.device("meta"):
        model = SparseDiT(**keys)
    state = model.state_dict()
    assert len(state) == 1615
    assert sum(tensor.numel() for tensor in state.values()) == 17_105_733_184
    assert asdict(model.architecture)["llama_layers"] == tuple(keys["llama_layers"])
