"""LoRA pairs on a network in training, tensors that learn as a whole, and the file that engines read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from engines.lora import linear_shapes
from engines.sparse_dit import SparseDiT

__all__ = ["TrainedAdapter", "put_adapter_on"]

ADAPTER = "trained"
BLOCK_PARTS = ("attn", "attn1", "ff_i", "ff_t")
"""Parts of a block whose linear layers get a LoRA pair: attention, and feed-forwards with all experts."""
METADATA_KEY = "lora_adapter_metadata"


@dataclass(frozen=True, kw_only=True)
class TrainedAdapter:
    """What learns of a network: pairs beside `layers`, of `rank` and as much alpha (Hu et al. 2021), and
    whole tensors. `parameters` are both, by the network's names."""

    rank: int
    layers: tuple[str, ...]
    parameters: Mapping[str, nn.Parameter]

    def write(self, path: Path) -> None:
        """As it stands in the network: diffusers' names and metadata. Written aside, then renamed."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.parameters.items():
            official = name.replace(f".{ADAPTER}.", ".")
            tensors[f"transformer.{official}"] = parameter.detach().cpu().contiguous()
        noted = {
            "transformer.r": self.rank,
            "transformer.lora_alpha": self.rank,
            "transformer.target_modules": self.layers,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        save_file(tensors, aside, metadata={"format": "pt", METADATA_KEY: json.dumps(noted)})
        aside.rename(path)


def put_adapter_on(dit: SparseDiT, rank: int, whole: Collection[str]) -> TrainedAdapter:
    """Freeze the network but for new pairs on all blocks' linear layers and the tensors whose names end in
    one of `whole`."""
    from peft import LoraConfig

    dit.unfuse()
    dit.requires_grad_(False)
    layers = tuple(name for name in linear_shapes(dit) if set(name.split(".")) & set(BLOCK_PARTS))
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=list(layers))
    dit.add_adapter(config, adapter_name=ADAPTER)
    for name, parameter in dit.named_parameters():
        if ADAPTER in name.split(".") or name.endswith(tuple(whole)):
            parameter.requires_grad_(True)
    learning = {name: each for name, each in dit.named_parameters() if each.requires_grad}
    return TrainedAdapter(rank=rank, layers=layers, parameters=learning)
