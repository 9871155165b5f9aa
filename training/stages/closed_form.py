"""A closed-form start for AutoencoderDC: every convolution a regression, training begins where PCA ends.

The deep-compression autoencoder (Chen et al. 2024) moves space into channels by pixel (un)shuffling, so a
chain of its convolutions can hold the best linear codec of a patch. Its residual blocks start as identity
(zero norm weight) and learn what a line cannot.

Legend: B batch, C channels, H height, W width, N rows (one a place), F features, K latents, P pixel values.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from diffusers.models.autoencoders.autoencoder_dc import DCDownBlock2d, DCUpBlock2d, ResBlock
from einops import rearrange
from torch import Tensor, nn

_RIDGE = 1e-4
_STEADY = 12.0  # a constant channel this large keeps the last RMSNorm nearly linear
_ENOUGH_ROWS = 150_000  # places that a regression looks at
_LIFT = 3.0  # lifts what follows above the ReLU's kink


@torch.no_grad()
def start_in_closed_form(model: AutoencoderDC, pictures_BCHW: Tensor) -> None:
    """Set all weights of a fresh `model` from pictures (B, 3, H, W) in -1..1."""
    for module in model.modules():
        if isinstance(module, ResBlock):
            for parameter in module.norm.parameters():
                nn.init.zeros_(parameter)
    features = _start_encoder(model, pictures_BCHW)
    _start_bottleneck(model, features, pictures_BCHW)
    _start_decoder(model, model.encoder(pictures_BCHW), pictures_BCHW)


def _start_encoder(model: AutoencoderDC, pictures: Tensor) -> Tensor:
    """Each down block keeps the main components of what it sees; returns the features before conv_out."""
    hidden = _run_down(model.encoder.conv_in, pictures)
    for stage in model.encoder.down_blocks:
        for layer in stage:
            hidden = _run_down(layer, hidden) if isinstance(layer, DCDownBlock2d) else layer(hidden)
    return hidden


def _run_down(block: DCDownBlock2d, hidden: Tensor) -> Tensor:
    _set_center(block.conv, _principal_axes(hidden, min(block.conv.out_channels, hidden.shape[1])))
    result: Tensor = block(hidden)
    return result


def _start_bottleneck(model: AutoencoderDC, features: Tensor, pictures: Tensor) -> None:
    """Reduced-rank regression of a place's pixels on the features around it (Izenman 1975).

    Each latent gets the square root of its deviation: coarse ones stay larger, fine ones audible.
    """
    patch = pictures.shape[-1] // features.shape[-1]
    target_NP = rearrange(pictures, "b c (h p) (w q) -> (b h w) (c p q)", p=patch, q=patch)
    weight_PF, _ = _regress(_around(features), target_NP)
    predicted_NP = _around(features) @ weight_PF.T
    axes_KP = _axes(predicted_NP - predicted_NP.mean(0), model.encoder.conv_out.out_channels)
    code_NK = (predicted_NP - predicted_NP.mean(0)) @ axes_KP.T
    scale_K = code_NK.std(0).rsqrt()
    weight_KF = (axes_KP @ weight_PF) * scale_K[:, None]
    model.encoder.conv_out.weight.copy_(weight_KF.view_as(model.encoder.conv_out.weight))
    model.encoder.conv_out.bias.copy_(-(predicted_NP.mean(0) @ axes_KP.T) * scale_K)


def _start_decoder(model: AutoencoderDC, latent: Tensor, pictures: Tensor) -> None:
    decoder = model.decoder
    nn.init.normal_(decoder.conv_in.weight, std=0.05)
    nn.init.zeros_(decoder.conv_in.bias)
    _set_center(decoder.conv_in, torch.eye(latent.shape[1]), keep_rest=True)
    hidden = decoder.conv_in(latent)
    for stage in reversed(decoder.up_blocks):
        for layer in stage:
            hidden = _run_up(layer, hidden, pictures) if isinstance(layer, DCUpBlock2d) else layer(hidden)
    decoder.norm_out.weight.fill_(_STEADY / hidden.shape[1] ** 0.5)
    decoder.norm_out.bias.fill_(_LIFT)
    lifted = decoder.conv_act(decoder.norm_out(hidden.movedim(1, -1)).movedim(-1, 1))
    _fit_shuffled(decoder.conv_out, lifted, pictures)


def _run_up(block: DCUpBlock2d, hidden: Tensor, pictures: Tensor) -> Tensor:
    """Fit the block so that it gives the main components of the pixels under each place, and a constant."""
    height = hidden.shape[-1] * 2
    patch = pictures.shape[-1] // height
    channels = block.conv.out_channels // 4
    pixels = F.pixel_unshuffle(pictures, patch)
    num_axes = min(channels - 1, pixels.shape[1])
    target = F.conv2d(pixels, _principal_axes(pixels, num_axes)[:, :, None, None])
    target = target / max(float(target.abs().max()), 1e-6) * 2
    padding = torch.zeros(target.shape[0], channels - num_axes, height, height)
    padding[:, -1] = _STEADY
    target = torch.cat([target, padding], dim=1)
    shortcut = F.pixel_shuffle(hidden.repeat_interleave(block.repeats, dim=1), 2) if block.shortcut else 0
    _fit_shuffled(block, hidden, target - shortcut)
    result: Tensor = block(hidden)
    return result


def _fit_shuffled(block: DCUpBlock2d, hidden: Tensor, target: Tensor) -> None:
    """Least squares for the convolution whose output is pixel-shuffled into `target`."""
    count = -(-_ENOUGH_ROWS // (hidden.shape[-1] * hidden.shape[-2]))
    rows = rearrange(F.pixel_unshuffle(target[:count], 2), "b c h w -> (b h w) c")
    weight, bias = _regress(_around(hidden[:count]), rows)
    block.conv.weight.copy_(weight.view_as(block.conv.weight))
    block.conv.bias.copy_(bias)


def _around(hidden: Tensor) -> Tensor:
    """The 3 x 3 neighbourhood of every place, in the order of a convolution's weight: (N, C * 9)."""
    return rearrange(F.unfold(hidden, 3, padding=1), "b f n -> (b n) f")


def _regress(inputs_NF: Tensor, target_NP: Tensor) -> tuple[Tensor, Tensor]:
    """Ridge regression: weight (P, F) and bias (P)."""
    mean_F, mean_P = inputs_NF.mean(0), target_NP.mean(0)
    centered = (inputs_NF - mean_F).double()
    gram = centered.T @ centered / len(centered)
    gram += _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
    cross = centered.T @ (target_NP - mean_P).double() / len(centered)
    weight = torch.linalg.solve(gram, cross).T.float()
    return weight, mean_P - weight @ mean_F


def _principal_axes(hidden: Tensor, count: int) -> Tensor:
    return _axes(rearrange(hidden, "b c h w -> (b h w) c"), count)


def _axes(rows_NF: Tensor, count: int) -> Tensor:
    """The leading right singular vectors of the (uncentred) rows: (count, F)."""
    vectors: Tensor = torch.linalg.eigh((rows_NF.T @ rows_NF / len(rows_NF)).double()).eigenvectors
    return vectors.flip(1)[:, :count].T.float()


def _set_center(conv: nn.Conv2d, weight_OC: Tensor, *, keep_rest: bool = False) -> None:
    """Put a 1 x 1 weight into the middle of a 3 x 3 convolution."""
    if not keep_rest:
        for parameter in conv.parameters():
            nn.init.zeros_(parameter)
    conv.weight[: weight_OC.shape[0]] = 0
    conv.weight[: weight_OC.shape[0], : weight_OC.shape[1], 1, 1] = weight_OC
