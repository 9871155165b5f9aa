"""CLIP's picture embeddings, on which LAION's heads stand."""

# N pictures, D width of the embedding

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor

from training.data.curation.judges.files import JudgeFile
from training.data.curation.judges.inputs import clip_inputs
from training.errors import BadRecipe

__all__ = ["ClipEyes", "load_clip_eyes"]


@dataclass(frozen=True, kw_only=True)
class ClipEyes:
    model: Any
    side_px: int

    @torch.inference_mode()
    def look(self, images: Sequence[Image.Image]) -> Tensor:
        """(N, D), each of length one."""
        pixels = clip_inputs(images, self.side_px).to(self.model.device)
        return F.normalize(self.model(pixel_values=pixels).image_embeds.float(), dim=1)


def load_clip_eyes(folder: JudgeFile) -> ClipEyes:
    """From a folder in transformers' layout. Raises BadRecipe for one that lacks any of the weights."""
    from transformers import CLIPVisionModelWithProjection  # seconds, which the other recipes need not pay
    from transformers.utils import logging

    path, shown = folder.checked(), logging.get_verbosity()
    logging.set_verbosity_error()  # that the words' half of CLIP is left out is meant
    try:
        read: Any = CLIPVisionModelWithProjection.from_pretrained
        model, found = read(path, local_files_only=True, use_safetensors=True, output_loading_info=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise BadRecipe(f"{path} holds no CLIP model ({str(error).splitlines()[0]}).") from error
    finally:
        logging.set_verbosity(shown)
    if lacking := [*found["missing_keys"], *(str(key) for key in found["mismatched_keys"])]:
        raise BadRecipe(f"{path} is not a whole CLIP model: it lacks {lacking[0]} among {len(lacking)}.")
    return ClipEyes(model=model.float().eval(), side_px=int(model.config.image_size))
