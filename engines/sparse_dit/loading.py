"""How a network comes from disk and goes there: folders in diffusers layout, single files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import torch
from diffusers import ModelMixin

from engines.errors import WeightsDamaged
from engines.sparse_dit.checkpoint import (
    is_repository,
    read_config,
    read_weights,
    weight_files,
)
from engines.sparse_dit.config import PUBLISHED, SparseDiTConfig
from engines.sparse_dit.single_file import fill, read_header

__all__ = ["Loading"]


class Loading(ModelMixin):  # type: ignore[misc] # diffusers is untyped
    """The part of SparseDiT that reads and writes files."""

    architecture: SparseDiTConfig

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        subfolder: str | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        **diffusers_options: Any,
    ) -> Self:
        """Load a diffusers-layout folder in evaluation mode. Raises ModelNotFound or WeightsDamaged.

        Layers that bitsandbytes packed in 4 bit stay so. Repositories of the hub, and options that only
        diffusers has (quantization_config, device_map, variant, ...), go to its own loader, which then reads
        safetensors only.
        """
        dtype = diffusers_options.pop("torch_dtype", dtype)
        if diffusers_options or is_repository(folder):
            options = {"use_safetensors": True, "torch_dtype": dtype, "subfolder": subfolder}
            loaded: Self = super().from_pretrained(str(folder), **options | diffusers_options)
            return loaded
        place = Path(folder, subfolder) if subfolder else Path(folder)
        keys = read_config(place)
        packing = keys.pop("quantization_config", None)
        model = cls.without_weights(place / "config.json", keys)
        if packing is not None:
            require_four_bit(place, packing)
            fill(model, read_header(*weight_files(place), prefix=""), dtype)
            model.to(device).eval()
            return model
        shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
        model.load_state_dict(read_weights(place, shapes, dtype, torch.device(device)), assign=True)
        model.eval()
        return model

    @classmethod
    def from_single_file(
        cls, file: str | Path, config: str | Path | None = None, dtype: torch.dtype = torch.float32
    ) -> Self:
        """Load one .safetensors or .gguf file in evaluation mode. Raises ModelNotFound or WeightsDamaged.

        `config` is a transformer's folder in diffusers layout; without one, the published configuration of
        HiDream-I1. fp8 weights become `dtype`, with the scales that ComfyUI stores; GGUF's and 4-bit layers
        stay packed and compute in `dtype`.
        """
        header = read_header(Path(file))
        keys = asdict(PUBLISHED) if config is None else read_config(Path(config))
        keys.pop("quantization_config", None)
        model = cls.without_weights(config or "The published configuration", keys)
        fill(model, header, dtype)
        model.eval()
        return model

    @classmethod
    def without_weights(cls, source: object, keys: Mapping[str, Any]) -> Self:
        """On the meta device. Raises WeightsDamaged, naming the source of the keys."""
        try:
            with torch.device("meta"):
                return cls(**keys)
        except (TypeError, ValueError) as error:
            raise WeightsDamaged(f"{source} does not describe a SparseDiT: {error}") from error


def require_four_bit(folder: Path, packing: object) -> None:
    """Raises WeightsDamaged for weights that someone else packed."""
    method = packing.get("quant_method", "bitsandbytes") if isinstance(packing, dict) else packing
    if method == "bitsandbytes" and isinstance(packing, dict) and packing.get("load_in_4bit"):
        return
    raise WeightsDamaged(
        f"{folder} was packed by {method} in a way that cannot be loaded: fetch the weights in 16 bit, which "
        "the engine makes smaller itself where it must, or packed by bitsandbytes in 4 bit."
    )
