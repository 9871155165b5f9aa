"""The published networks, from files of the published shapes, against transformers' own of the same kind."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionModelWithProjection,
    EfficientNetConfig,
    EfficientNetModel,
    ResNetConfig,
    ResNetModel,
)

from tests.training.curation.judges.published import (
    aesthetic_mlp,
    clip_folder,
    nsfw_l14,
    randomised,
    sscd_names,
    timm_b3_names,
    watermark_names,
    write,
)
from tests.training.curation.raw import a_picture
from training.data.curation.judges.clip_eyes import load_clip_eyes
from training.data.curation.judges.clip_heads import load_aesthetic, load_nsfw
from training.data.curation.judges.files import JudgeFile
from training.data.curation.judges.inputs import CLIP_SCALE, IMAGENET_SCALE, clip_inputs, skewed_inputs
from training.data.curation.judges.sscd import load_sscd
from training.data.curation.judges.watermark import load_watermark
from training.errors import BadRecipe


def count(shapes: dict[str, tuple[int, ...]]) -> int:
    """Of parameters: what is learned."""
    learned = (name for name in shapes if not re.search("running_|num_batches", name))
    return sum(torch.Size(shapes[name]).numel() for name in learned)


def test_the_tables_of_names_have_the_published_counts() -> None:
    """torchvision: resnet50 25,557,032; timm: efficientnet_b3 12,233,232; both with 1,000 classes."""
    assert count(sscd_names()) - (512 * 2048 + 512) + (1000 * 2048 + 1000) == 25_557_032
    assert count(timm_b3_names()) + 1000 * 1536 + 1000 == 12_233_232


def test_pictures_are_scaled_by_the_published_figures() -> None:
    assert IMAGENET_SCALE == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert CLIP_SCALE == ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
    red = Image.new("RGB", (40, 20), (255, 0, 51))
    wanted = torch.tensor([(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0.2 - 0.406) / 0.225])
    found = skewed_inputs([red], 8)
    assert found.shape == (1, 3, 8, 8)
    assert torch.allclose(found, wanted.view(1, 3, 1, 1).expand(1, 3, 8, 8), atol=1e-6)


@pytest.mark.parametrize("size", [(300, 200), (200, 301), (224, 224), (97, 50), (50, 97)])
def test_clips_inputs_are_those_of_its_own_processor(size: tuple[int, int]) -> None:
    image = a_picture(3, size)
    theirs = CLIPImageProcessorPil()(images=[image], return_tensors="pt")["pixel_values"]
    assert torch.allclose(clip_inputs([image], 224), theirs, atol=1e-5)


def from_resnet(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under transformers' names."""
    made = dict[str, Tensor]()
    for name, tensor in weights.items():
        plain = name.removeprefix("backbone.")
        if plain.startswith("fc."):
            continue
        stem = {"conv1": "convolution", "bn1": "normalization"}
        if match := re.fullmatch(r"(conv1|bn1)\.(\w+)", plain):
            made[f"embedder.embedder.{stem[match[1]]}.{match[2]}"] = tensor
        elif match := re.fullmatch(r"layer(\d)\.(\d+)\.downsample\.(\d)\.(\w+)", plain):
            kind = ("convolution", "normalization")[int(match[3])]
            made[f"encoder.stages.{int(match[1]) - 1}.layers.{match[2]}.shortcut.{kind}.{match[4]}"] = tensor
        elif match := re.fullmatch(r"layer(\d)\.(\d+)\.(conv|bn)(\d)\.(\w+)", plain):
            at = f"encoder.stages.{int(match[1]) - 1}.layers.{match[2]}.layer.{int(match[4]) - 1}"
            made[f"{at}.{'convolution' if match[3] == 'conv' else 'normalization'}.{match[5]}"] = tensor
    return made


def test_sscd_is_resnet_50_with_the_root_of_mean_cubes(tmp_path: Path) -> None:
    weights = randomised(sscd_names())
    network = load_sscd(JudgeFile(write(weights, tmp_path / "sscd.pt")))
    inputs = skewed_inputs([a_picture(1), a_picture(2)], 96)
    with torch.inference_mode():
        ours = network(inputs)
        twin = ResNetModel(ResNetConfig()).eval()
        twin.load_state_dict(from_resnet(weights))
        features = twin(inputs).last_hidden_state.double()
    pooled = (features.clamp(min=1e-6) ** 3).mean((2, 3)) ** (1 / 3)
    made = pooled @ weights["backbone.fc.weight"].double().T + weights["backbone.fc.bias"].double()
    theirs = made / made.norm(dim=1, keepdim=True)
    assert ours.shape == (2, 512)
    assert torch.allclose(ours.norm(dim=1), torch.ones(2), atol=1e-6)
    assert (ours[0] - ours[1]).abs().max() > 1e-3  # the pictures are told apart
    assert torch.allclose(ours.double(), theirs, atol=1e-5)


def from_timm(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under transformers' names, whose blocks are numbered through."""
    depths = (2, 3, 3, 5, 5, 6, 2)
    widened = {
        **{"conv_pw": "expansion.expand_conv", "bn1": "expansion.expand_bn"},
        **{"conv_dw": "depthwise_conv.depthwise_conv", "bn2": "depthwise_conv.depthwise_norm"},
        **{"conv_pwl": "projection.project_conv", "bn3": "projection.project_bn"},
    }
    plain = {
        **{"conv_dw": "depthwise_conv.depthwise_conv", "bn1": "depthwise_conv.depthwise_norm"},
        **{"conv_pw": "projection.project_conv", "bn2": "projection.project_bn"},
    }
    squeeze = {"conv_reduce": "reduce", "conv_expand": "expand"}
    whole = {
        **{"conv_stem": "embeddings.convolution", "bn1": "embeddings.batchnorm"},
        **{"conv_head": "encoder.top_conv", "bn2": "encoder.top_bn"},
    }
    made = dict[str, Tensor]()
    for name, tensor in weights.items():
        if match := re.fullmatch(r"blocks\.(\d)\.(\d)\.(se\.)?(\w+)\.(\w+)", name):
            stage, block, is_squeeze, part, kind = match.groups()
            at = f"encoder.blocks.{sum(depths[: int(stage)]) + int(block)}"
            names = plain if stage == "0" else widened
            inner = f"squeeze_excite.{squeeze[part]}" if is_squeeze else names[part]
            made[f"{at}.{inner}.{kind}"] = tensor
        elif (stem := name.rpartition(".")[0]) in whole:
            made[f"{whole[stem]}.{name.rpartition('.')[2]}"] = tensor
    return made


def as_timm_pads(twin: EfficientNetModel) -> EfficientNetModel:
    """timm's own EfficientNets pad both sides alike, TensorFlow's (and transformers') more at the end."""
    twin.embeddings.padding = nn.ZeroPad2d(1)
    for block in twin.encoder.blocks:
        depthwise = block.depthwise_conv
        if depthwise.stride == 2:
            depthwise.depthwise_conv_pad = nn.ZeroPad2d(depthwise.depthwise_conv.kernel_size[0] // 2)
    return twin


def test_the_watermark_net_is_efficientnet_b3(tmp_path: Path) -> None:
    weights = randomised(watermark_names())
    network = load_watermark(JudgeFile(write(weights, tmp_path / "watermark.pt"))).double()
    inputs = skewed_inputs([a_picture(1), a_picture(2)], 96).double()
    config = EfficientNetConfig(
        width_coefficient=1.2, depth_coefficient=1.4, hidden_dim=1536, batch_norm_eps=1e-5, dropout_rate=0.0
    )
    twin = EfficientNetModel(config).eval().double()  # forty layers at random blow rounding up
    lost = twin.load_state_dict(from_timm(weights), strict=False)
    weights = {name: tensor.double() for name, tensor in weights.items()}
    assert not lost.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in lost.missing_keys)
    with torch.inference_mode():
        ours = network.features(inputs)
        theirs = as_timm_pads(twin)(inputs).last_hidden_state.mean((2, 3))
        marks = network(inputs)
        hidden = (theirs @ weights["classifier.0.weight"].T + weights["classifier.0.bias"]).relu()
        hidden = (hidden @ weights["classifier.3.weight"].T + weights["classifier.3.bias"]).relu()
        logits = hidden @ weights["classifier.5.weight"].T + weights["classifier.5.bias"]
    assert ours.shape == (2, 1536)
    assert (ours[0] - ours[1]).abs().max() > 1e-3
    assert torch.allclose(ours, theirs, atol=1e-9, rtol=1e-9)
    odds = logits[:, 0] - logits[:, 1]
    assert torch.allclose(marks, 1 / (1 + (-odds).exp()), atol=1e-9)


def embeddings(width: int = 768, count: int = 5) -> Tensor:
    rng = torch.Generator().manual_seed(4)
    return nn.functional.normalize(torch.randn(count, width, generator=rng), dim=1)


def test_the_nsfw_head_is_what_keras_would_make_of_it(tmp_path: Path) -> None:
    weights = randomised(nsfw_l14())
    given = embeddings()
    found = load_nsfw(JudgeFile(write(weights, tmp_path / "nsfw.pth")))(given).numpy()
    x = (given.numpy() - weights["norm.mean"].numpy()) / np.sqrt(weights["norm.variance"].numpy())
    for number in range(1, 5):
        weight, bias = (weights[f"linear_{number}.{part}"].numpy() for part in ("weight", "bias"))
        x = x @ weight.T + bias
        x = np.maximum(x, 0) if number < 4 else 1 / (1 + np.exp(-x))
    assert found.shape == (5,)
    assert np.allclose(found, x[:, 0], atol=1e-6)
    assert np.ptp(found) > 1e-3


def test_the_nsfw_head_of_the_smaller_clip_is_known_by_its_shapes(tmp_path: Path) -> None:
    shapes: dict[str, tuple[int, ...]] = {"norm.mean": (512,), "norm.variance": (512,)}
    for number, (outputs, inputs) in enumerate(((32, 512), (32, 32), (1, 32)), 1):
        shapes |= {f"linear_{number}.weight": (outputs, inputs), f"linear_{number}.bias": (outputs,)}
    head = load_nsfw(JudgeFile(write(randomised(shapes), tmp_path / "b32.pth")))
    assert head(embeddings(512)).shape == (5,)


@pytest.mark.parametrize("width", [768, 512])
def test_the_first_aesthetic_head_is_one_linear_layer(tmp_path: Path, width: int) -> None:
    weights = randomised({"weight": (1, width), "bias": (1,)})
    found = load_aesthetic(JudgeFile(write(weights, tmp_path / "sa.pth")))(embeddings(width))
    wanted = embeddings(width) @ weights["weight"].T + weights["bias"]
    assert torch.allclose(found, wanted[:, 0], atol=1e-5)


@pytest.mark.parametrize(("numbers", "has_relus"), [((0, 2, 4, 6, 7), False), ((0, 3, 6, 9, 11), True)])
def test_the_improved_aesthetic_head_is_told_by_its_layers(
    tmp_path: Path, numbers: tuple[int, ...], has_relus: bool
) -> None:
    weights = randomised(aesthetic_mlp(numbers))
    found = load_aesthetic(JudgeFile(write(weights, tmp_path / "mlp.pth")))(embeddings())
    x = embeddings()
    for number in numbers:
        x = x @ weights[f"layers.{number}.weight"].T + weights[f"layers.{number}.bias"]
        x = x.relu() if has_relus and number != numbers[-1] else x
    assert torch.allclose(found, x[:, 0], atol=1e-5)


def test_a_head_of_another_embedding_gets_a_sentence(tmp_path: Path) -> None:
    weights = randomised({"weight": (1, 1024), "bias": (1,)})
    with pytest.raises(BadRecipe, match=r"no head on CLIP's embeddings .* its weight is 1x1024"):
        load_aesthetic(JudgeFile(write(weights, tmp_path / "h14.pth")))
    with pytest.raises(BadRecipe, match=r"its linear_1.weight is missing"):
        load_nsfw(JudgeFile(tmp_path / "h14.pth"))


def test_clips_embeddings_are_transformers_own(tmp_path: Path) -> None:
    folder = clip_folder(tmp_path / "clip")
    found = load_clip_eyes(JudgeFile(folder)).look([a_picture(1), a_picture(2, (90, 200))])
    twin = CLIPVisionModelWithProjection.from_pretrained(folder).eval()
    pixels = CLIPImageProcessorPil()(images=[a_picture(1), a_picture(2, (90, 200))], return_tensors="pt")
    with torch.inference_mode():
        theirs = twin(**pixels).image_embeds
    assert torch.allclose(found, theirs / theirs.norm(dim=1, keepdim=True), atol=1e-5)


def test_a_clip_that_lacks_weights_is_refused_and_not_filled_with_noise(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = clip_folder(tmp_path / "clip")
    weights = load_file(folder / "model.safetensors")
    name = next(each for each in weights if "mlp.fc1.weight" in each)
    save_file({k: v for k, v in weights.items() if k != name}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(BadRecipe, match=r"not a whole CLIP model: it lacks .*mlp\.fc1\.weight"):
        load_clip_eyes(JudgeFile(folder))
    (folder / "config.json").write_text("{")
    with pytest.raises(BadRecipe, match="holds no CLIP model"):
        load_clip_eyes(JudgeFile(folder))


def script(file: Path, width: int) -> Path:
    """A small program of SSCD's kind."""

    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, width)

        def forward(self, pictures: Tensor) -> Tensor:
            return nn.functional.normalize(self.fc(pictures.mean((2, 3))), dim=1)

    with warnings.catch_warnings(action="ignore"):
        torch.jit.trace(Small(), torch.zeros(1, 3, 8, 8)).save(str(file))
    return file


def test_torchscript_runs_only_when_its_hash_is_vouched_for(tmp_path: Path) -> None:
    judge = JudgeFile(script(tmp_path / "sscd_disc_mixup.torchscript.pt", 512))
    for trusted in ("", "0" * 64):
        with pytest.raises(BadRecipe, match=f"--trust-torchscript {judge.sha256}"):
            load_sscd(judge, trusted)
    network = load_sscd(judge, judge.sha256.upper())
    with torch.inference_mode():
        assert network(torch.rand(3, 3, 32, 32)).shape == (3, 512)


def test_torchscript_of_something_else_is_refused(tmp_path: Path) -> None:
    judge = JudgeFile(script(tmp_path / "other.pt", 100))
    with pytest.raises(BadRecipe, match="does not make 512 numbers"):
        load_sscd(judge, judge.sha256)
    with pytest.raises(BadRecipe, match="TorchScript, a program and not weights alone"):
        load_nsfw(judge)
