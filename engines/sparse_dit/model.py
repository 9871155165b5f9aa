"""SparseDiT, compatible with the published checkpoints: same configuration, parameter names and numbers."""

# B batch, I image rows, P persistent text rows, L Llama rows of a block, D width, F patch features

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor, nn

from engines.errors import WeightsDamaged
from engines.sparse_dit.blocks import Block, DualBlock, DualOutput, SingleBlock, SingleOutput
from engines.sparse_dit.checkpoint import read_config, read_weights, write_checkpoint
from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.layers import Head, KeyRules, PatchEmbed, PooledEmbed, TextProjection, TimestepEmbed
from engines.sparse_dit.moe import RouterStatistics
from engines.sparse_dit.rope import grid_positions, rotation_table

__all__ = ["SparseDiT", "SparseDiTOutput"]


@dataclass(frozen=True, kw_only=True)
class SparseDiTOutput:
    """`sample` (B, channels, height, width) predicts clean - noise; `router` has one entry a sparse block."""

    sample: Tensor
    router: tuple[RouterStatistics, ...]


@dataclass(frozen=True, kw_only=True)
class ImageRows:
    """Patches ready for the network. `num_rows` real rows come first; the rest stands for padding."""

    patches_BIF: Tensor
    positions: Tensor
    num_rows: int
    grid: tuple[int, int]
    mask: Tensor | None = None
    num_padding: int = 0


class SparseDiT(nn.Module):
    """Dual-stream then single-stream blocks, image feed-forwards sparse (arXiv 2505.22705, section 3.1)."""

    def __init__(
        self,
        patch_size: int,
        in_channels: int,
        num_layers: int,
        num_single_layers: int,
        attention_head_dim: int,
        num_attention_heads: int,
        caption_channels: Sequence[int],
        text_emb_dim: int,
        llama_layers: Sequence[int],
        axes_dims_rope: Sequence[int],
        max_resolution: Sequence[int] = (128, 128),
        num_routed_experts: int = 4,
        num_activated_experts: int = 2,
        out_channels: int | None = None,
        force_inference_output: bool = False,
    ) -> None:
        super().__init__()
        t5_channels, llama_channels = caption_channels
        max_height, max_width = max_resolution
        self.config = config = SparseDiTConfig(
            patch_size=patch_size,
            in_channels=in_channels,
            out_channels=out_channels or in_channels,
            num_layers=num_layers,
            num_single_layers=num_single_layers,
            attention_head_dim=attention_head_dim,
            num_attention_heads=num_attention_heads,
            caption_channels=(t5_channels, llama_channels),
            text_emb_dim=text_emb_dim,
            num_routed_experts=num_routed_experts,
            num_activated_experts=num_activated_experts,
            axes_dims_rope=tuple(axes_dims_rope),
            max_resolution=(max_height, max_width),
            llama_layers=tuple(llama_layers),
            force_inference_output=force_inference_output,
        )
        width, num_blocks = config.width, len(config.llama_layers)
        self.max_seq = config.max_image_tokens
        self.t_embedder = TimestepEmbed(width)
        self.p_embedder = PooledEmbed(text_emb_dim, width)
        self.x_embedder = PatchEmbed(in_channels * patch_size**2, width)
        blocks = [
            Block(DualBlock(config) if i < num_layers else SingleBlock(config)) for i in range(num_blocks)
        ]
        self.double_stream_blocks = nn.ModuleList(blocks[:num_layers])
        self.single_stream_blocks = nn.ModuleList(blocks[num_layers:])
        self.final_layer = Head(width, config.out_channels * patch_size**2)
        channels = [llama_channels] * num_blocks + [t5_channels]
        self.caption_projection = nn.ModuleList(TextProjection(each, width) for each in channels)
        self.initialize()

    def initialize(self) -> None:
        """The report's start: Xavier linears, zero adaLN and head, so that every block begins as identity."""
        for name, module in self.named_modules():
            if not isinstance(module, nn.Linear):
                continue
            if "adaLN" in name or name == "final_layer.linear":
                nn.init.zeros_(module.weight)
            elif "timestep_embedder" in name or "pooled_embedder" in name:
                nn.init.normal_(module.weight, std=0.02)
            else:
                nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        subfolder: str | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> SparseDiT:
        """Load a diffusers-layout folder in evaluation mode. Raises ModelNotFound or WeightsDamaged."""
        place = Path(folder, subfolder) if subfolder else Path(folder)
        keys = read_config(place)
        try:
            with torch.device("meta"):
                model = cls(**keys)
        except (TypeError, ValueError) as error:
            raise WeightsDamaged(f"{place / 'config.json'} does not describe a SparseDiT: {error}") from error
        shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
        model.load_state_dict(read_weights(place, shapes, dtype, torch.device(device)), assign=True)
        return model.eval()

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and safetensors in diffusers layout, in the parameters' own precision."""
        write_checkpoint(Path(folder), asdict(self.config), self.state_dict())

    @property
    def dtype(self) -> torch.dtype:
        return self.x_embedder.proj.weight.dtype

    @property
    def device(self) -> torch.device:
        return self.x_embedder.proj.weight.device

    def forward(
        self,
        hidden_states: Tensor,
        timesteps: Tensor,
        encoder_hidden_states_t5: Tensor,
        encoder_hidden_states_llama3: Tensor,
        pooled_embeds: Tensor,
        img_ids: Tensor | None = None,
        img_sizes: Sequence[tuple[int, int]] | Tensor | None = None,
        hidden_states_masks: Tensor | None = None,
        attention_kwargs: Mapping[str, object] | None = None,
        return_dict: bool = True,
    ) -> SparseDiTOutput | tuple[Tensor]:
        """Predict clean minus noise.

        hidden_states: latents (B, channels, height, width), or patches (B, I, F) with `img_ids` (B, I, 3),
        `img_sizes` (rows and columns of each sample, all equal) and `hidden_states_masks` (B, I).
        timesteps: (B,) on the 0..1000 scale. pooled_embeds: (B, text_emb_dim).
        encoder_hidden_states_t5: (B, tokens, T5 width).
        encoder_hidden_states_llama3: (layers, B, tokens, Llama width).
        Text padding takes part in attention, as in the reference.
        """
        if attention_kwargs:
            raise ValueError(f"attention_kwargs are not supported: {', '.join(attention_kwargs)}.")
        if hidden_states_masks is None:
            rows = self.image_rows(hidden_states)
        elif img_ids is None or img_sizes is None or hidden_states.ndim != 3:
            raise ValueError("hidden_states_masks needs patches (B, I, F), img_ids and img_sizes.")
        else:
            height, width = (int(each) for each in img_sizes[0])
            rows = ImageRows(
                patches_BIF=hidden_states,
                positions=img_ids,
                num_rows=hidden_states.shape[1],
                grid=(height, width),
                mask=hidden_states_masks,
            )
        patches, router = self.denoise(
            rows,
            self.condition(timesteps, pooled_embeds, hidden_states.dtype),
            self.caption_projection[-1](encoder_hidden_states_t5),
            self.project_llama(encoder_hidden_states_llama3),
        )
        sample = self.unpatchify(patches, rows.grid)
        return SparseDiTOutput(sample=sample, router=router) if return_dict else (sample,)

    def condition(self, timesteps_B: Tensor, pooled: Tensor, dtype: torch.dtype) -> Tensor:
        """SiLU of time plus pooled text: what every adaLN reads, (B, D)."""
        return nn.functional.silu(self.t_embedder(timesteps_B, dtype) + self.p_embedder(pooled))

    def project_llama(self, states: Tensor) -> list[Tensor]:
        """One (B, L, D) tensor for each block."""
        return [
            projection(states[layer])
            for projection, layer in zip(self.caption_projection[:-1], self.config.llama_layers, strict=True)
        ]

    def denoise(
        self, rows: ImageRows, condition_BD: Tensor, t5_BTD: Tensor, llama: list[Tensor]
    ) -> tuple[Tensor, tuple[RouterStatistics, ...]]:
        """All blocks and the head: (B, num_rows, F) and the routers' statistics."""
        config = self.config
        image: Tensor = self.x_embedder(rows.patches_BIF)
        text = torch.cat([t5_BTD, llama[-1]], dim=1)
        rules = self.key_rules(rows, num_text=text.shape[1] + llama[0].shape[1], dtype=image.dtype)
        router: list[RouterStatistics | None] = []
        for index in range(config.num_layers):
            dual: DualOutput = self.double_stream_blocks[index](
                image, text, llama[index], condition_BD, rules
            )
            image, text = dual.image_BID, dual.text_BPD
            router.append(dual.router)
        x = torch.cat([image, text], dim=1)
        for index in range(config.num_single_layers):
            is_last = index == config.num_single_layers - 1
            num_queries = rows.num_rows if is_last else x.shape[1]
            context = llama[config.num_layers + index]
            single: SingleOutput = self.single_stream_blocks[index](
                x, context, condition_BD, rules, num_queries
            )
            x = single.rows_BTD
            router.append(single.router)
        patches: Tensor = self.final_layer(x[:, : rows.num_rows], condition_BD)
        return patches, tuple(each for each in router if each is not None)

    def image_rows(self, latents: Tensor) -> ImageRows:
        """Patch rows of latents.

        The reference pads non-square inputs with zero patches to `max_seq` and fails on longer ones, which
        are not padded here. All its padding rows stay equal through the whole network, so one row whose key
        counts `num_padding` times gives the same numbers.
        """
        size = self.config.patch_size
        height, width = latents.shape[-2] // size, latents.shape[-1] // size
        num_rows = height * width
        patches = rearrange(latents, "b c (h p) (w q) -> b (h w) (p q c)", p=size, q=size)
        positions = grid_positions(height, width, latents.device)
        num_padding = 0 if height == width else max(0, self.max_seq - num_rows)
        if num_padding:
            patches = nn.functional.pad(patches, (0, 0, 0, 1))
            positions = nn.functional.pad(positions, (0, 0, 0, 1))
        return ImageRows(
            patches_BIF=patches,
            positions=positions,
            num_rows=num_rows,
            grid=(height, width),
            num_padding=num_padding,
        )

    def key_rules(self, rows: ImageRows, num_text: int, dtype: torch.dtype) -> KeyRules:
        config = self.config
        positions = nn.functional.pad(rows.positions, (0, 0, 0, num_text))
        table = rotation_table(positions, config.axes_dims_rope, config.attention_head_dim)
        if not rows.num_padding:
            return KeyRules(table=table, image_mask=rows.mask)
        is_padding = torch.arange(positions.shape[1], device=positions.device) == rows.num_rows
        bias = (is_padding * math.log(rows.num_padding)).to(dtype)
        return KeyRules(
            table=table,
            image_mask=(~is_padding[None, : rows.num_rows + 1]).to(dtype),
            logit_bias=bias[None, None, None],
        )

    def unpatchify(self, patches_BIF: Tensor, grid: tuple[int, int]) -> Tensor:
        height, width = grid
        size = self.config.patch_size
        return rearrange(
            patches_BIF[:, : height * width],
            "b (h w) (p q c) -> b c (h p) (w q)",
            h=height,
            w=width,
            p=size,
            q=size,
        )
