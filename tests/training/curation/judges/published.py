"""Files of the published shapes, made here with random weights under the published names."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

__all__ = [
    *("aesthetic_mlp", "clip_folder", "nsfw_l14", "randomised", "sscd_names", "timm_b3_names"),
    *("watermark_names", "write"),
]

Shapes = dict[str, tuple[int, ...]]


def randomised(shapes: Shapes, seed: int = 0) -> dict[str, Tensor]:
    """Small numbers; variances and scales above zero, counts whole."""
    rng = torch.Generator().manual_seed(seed)
    made = dict[str, Tensor]()
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            made[name] = torch.tensor(7)
        elif name.endswith(("running_var", "variance")) or (len(shape) == 1 and name.endswith("weight")):
            made[name] = torch.rand(shape, generator=rng) + 0.5
        else:
            fan = max(1, torch.Size(shape[1:]).numel())
            made[name] = torch.randn(shape, generator=rng) * (1.5 / fan) ** 0.5
    return made


def write(weights: dict[str, Tensor], file: Path) -> Path:
    if file.suffix == ".safetensors":
        save_file(weights, file)
    else:
        torch.save(weights, file)
    return file


def norm(name: str, width: int) -> Shapes:
    return {f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")} | {
        f"{name}.num_batches_tracked": ()
    }


def sscd_names() -> Shapes:
    """Those of torchvision's resnet50 with 512 classes, under `backbone`."""
    shapes: Shapes = {"conv1.weight": (64, 3, 7, 7), **norm("bn1", 64)}
    inputs = 64
    for layer, (width, depth) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 1):
        for block in range(depth):
            at = f"layer{layer}.{block}"
            shapes |= {f"{at}.conv1.weight": (width, inputs, 1, 1), **norm(f"{at}.bn1", width)}
            shapes |= {f"{at}.conv2.weight": (width, width, 3, 3), **norm(f"{at}.bn2", width)}
            shapes |= {f"{at}.conv3.weight": (4 * width, width, 1, 1), **norm(f"{at}.bn3", 4 * width)}
            if block == 0:
                shapes |= {f"{at}.downsample.0.weight": (4 * width, inputs, 1, 1)}
                shapes |= norm(f"{at}.downsample.1", 4 * width)
            inputs = 4 * width
    shapes |= {"fc.weight": (512, 2048), "fc.bias": (512,)}
    return {f"backbone.{name}": shape for name, shape in shapes.items()}


def timm_b3_names() -> Shapes:
    """timm's efficientnet_b3 but for its classifier."""
    shapes: Shapes = {"conv_stem.weight": (40, 3, 3, 3), **norm("bn1", 40)}
    inputs = 40
    table = ((3, 24, 2), (3, 32, 3), (5, 48, 3), (3, 96, 5), (5, 136, 5), (5, 232, 6), (3, 384, 2))
    for stage, (kernel, outputs, depth) in enumerate(table):
        for block in range(depth):
            at, squeezed = f"blocks.{stage}.{block}", inputs // 4
            wide = inputs if stage == 0 else 6 * inputs
            depthwise = {f"{at}.conv_dw.weight": (wide, 1, kernel, kernel)}
            squeeze = {
                f"{at}.se.conv_reduce.weight": (squeezed, wide, 1, 1),
                f"{at}.se.conv_reduce.bias": (squeezed,),
                f"{at}.se.conv_expand.weight": (wide, squeezed, 1, 1),
                f"{at}.se.conv_expand.bias": (wide,),
            }
            if stage == 0:
                shapes |= depthwise | norm(f"{at}.bn1", wide) | squeeze
                shapes |= {f"{at}.conv_pw.weight": (outputs, wide, 1, 1), **norm(f"{at}.bn2", outputs)}
            else:
                shapes |= {f"{at}.conv_pw.weight": (wide, inputs, 1, 1), **norm(f"{at}.bn1", wide)}
                shapes |= depthwise | norm(f"{at}.bn2", wide) | squeeze
                shapes |= {f"{at}.conv_pwl.weight": (outputs, wide, 1, 1), **norm(f"{at}.bn3", outputs)}
            inputs = outputs
    return shapes | {"conv_head.weight": (1536, 384, 1, 1), **norm("bn2", 1536)}


def watermark_names() -> Shapes:
    classifier: Shapes = {}
    for number, (outputs, inputs) in {0: (625, 1536), 3: (256, 625), 5: (2, 256)}.items():
        classifier |= {
            f"classifier.{number}.weight": (outputs, inputs),
            f"classifier.{number}.bias": (outputs,),
        }
    return timm_b3_names() | classifier


def nsfw_l14() -> Shapes:
    shapes: Shapes = {"norm.mean": (768,), "norm.variance": (768,)}
    for number, (outputs, inputs) in enumerate(((64, 768), (512, 64), (256, 512), (1, 256)), 1):
        shapes |= {f"linear_{number}.weight": (outputs, inputs), f"linear_{number}.bias": (outputs,)}
    return shapes


def aesthetic_mlp(numbers: tuple[int, ...] = (0, 2, 4, 6, 7)) -> Shapes:
    """`numbers`: which of the layers are linear."""
    sizes = ((1024, 768), (128, 1024), (64, 128), (16, 64), (1, 16))
    shapes: Shapes = {}
    for number, (outputs, inputs) in zip(numbers, sizes, strict=True):
        shapes |= {f"layers.{number}.weight": (outputs, inputs), f"layers.{number}.bias": (outputs,)}
    return shapes


def clip_folder(folder: Path) -> Path:
    """A tiny CLIP in transformers' layout whose embeddings are as wide as ViT-L/14's."""
    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=224,
        patch_size=56,
        projection_dim=768,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["projection_dim"] == 768
    return folder
