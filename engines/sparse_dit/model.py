"""SparseDiT, compatible with the published checkpoints: same configuration, parameter names and numbers."""

# B batch, I image rows, F patch features, S steps, D width

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from diffusers import ConfigMixin
from diffusers.loaders import PeftAdapterMixin
from torch import Tensor, nn

from engines.sparse_dit.adapters import adapters_scaled
from engines.sparse_dit.attention import KeyRules, attention_kernels
from engines.sparse_dit.blocks import (
    Block,
    DualBlock,
    DualOutput,
    SingleBlock,
    SingleOutput,
    SparseDiTOutput,
)
from engines.sparse_dit.checkpoint import write_checkpoint
from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.initialize import initialize
from engines.sparse_dit.layers import (
    Head,
    PatchEmbed,
    PooledEmbed,
    TextProjection,
    TimestepEmbed,
)
from engines.sparse_dit.loading import Loading
from engines.sparse_dit.moe import RouterStatistics
from engines.sparse_dit.prepared import (
    LoopInputs,
    Prepared,
    PromptStates,
    TextRows,
    apply_from_anywhere,
)
from engines.sparse_dit.rope import rotation_table
from engines.sparse_dit.rows import Grid, RulesOfSizes, grid_of, patchify, unpatchify
from engines.sparse_dit.storage import Storage

__all__ = ["SparseDiT", "SparseDiTOutput"]


class SparseDiT(Loading, Storage, ConfigMixin, PeftAdapterMixin):  # type: ignore[misc] # diffusers is untyped
    """Dual-stream then single-stream blocks, image feed-forwards sparse (arXiv 2505.22705, section 3.1).

    It stands in for HiDreamImageTransformer2DModel in diffusers' pipelines: same arguments and numbers, LoRA,
    gradient checkpointing, compile_repeated_blocks, group offload. `config` holds the published keys,
    `architecture` the same as a checked record.
    """

    config: Any
    _supports_gradient_checkpointing = True
    _no_split_modules = ("DualBlock", "SingleBlock")
    _repeated_blocks = ("DualBlock", "SingleBlock")

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
        self.architecture = config = SparseDiTConfig(
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
        ConfigMixin.register_to_config(self, **asdict(config))
        self.gradient_checkpointing = False
        self.captures_graphs = False
        self.rules = RulesOfSizes(config)
        self.aside: dict[str, nn.Module] = {}
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
        initialize(self)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and safetensors in diffusers layout, in the parameters' own precision."""
        self.bring_back()
        write_checkpoint(Path(folder), asdict(self.architecture), self.state_dict())

    @property
    def dtype(self) -> torch.dtype:
        return self.x_embedder.proj.bias.dtype  # its weight may be packed

    @property
    def device(self) -> torch.device:
        return self.x_embedder.proj.bias.device

    def load_lora_adapter(self, *arguments: Any, **options: Any) -> None:
        """diffusers' method; adapters name the checkpoint's modules, so a fused model is unfused first."""
        self.unfuse()
        PeftAdapterMixin.load_lora_adapter(self, *arguments, **options)

    def add_adapter(self, *arguments: Any, **options: Any) -> None:
        """diffusers' method, on the checkpoint's own modules."""
        self.unfuse()
        PeftAdapterMixin.add_adapter(self, *arguments, **options)

    @torch.no_grad()
    def prepare(
        self,
        states: PromptStates,
        timesteps_S: Tensor,
        latent_size: tuple[int, int],
        kept_width: int | None = None,
    ) -> Prepared:
        """Compute once what every step of a loop shares; `prepared(latents, step)` then predicts.

        timesteps_S: the times of all steps, on the 0..1000 scale. latent_size: their height and width.
        kept_width: only the left columns are wanted, as of an edit pair with the source on the right; the
        other rows then do nothing in the last block but answer. Raises ValueError as grid_of does.
        """
        grid = grid_of(self.architecture.patch_size, self.max_seq, *latent_size, kept_width)
        text = self.project_text(states.t5_BTC, states.llama_LBTC)
        times_SD = self.t_embedder(timesteps_S.to(self.device), self.dtype)
        pooled_BD = self.p_embedder(states.pooled_BC.to(self.device))
        condition_SBD = nn.functional.silu(times_SD[:, None] + pooled_BD[None]).to(states.pooled_BC.device)
        return Prepared(
            denoise=self,
            grid=grid,
            rules=self.rules.of(grid, text.num_rows, text.text_BPD),
            text=text,
            vectors=tuple(self.modulations(condition_SBD)),
        )

    def forward(
        self,
        hidden_states: Tensor,
        timesteps: Tensor | None = None,
        encoder_hidden_states_t5: Tensor | None = None,
        encoder_hidden_states_llama3: Tensor | None = None,
        pooled_embeds: Tensor | None = None,
        img_ids: Tensor | None = None,
        img_sizes: Sequence[tuple[int, int]] | Tensor | None = None,
        hidden_states_masks: Tensor | None = None,
        attention_kwargs: Mapping[str, object] | None = None,
        return_dict: bool = True,
        loop_inputs: LoopInputs | None = None,
    ) -> SparseDiTOutput | tuple[Tensor]:
        """Predict clean minus noise.

        hidden_states: latents (B, channels, height, width), or patches (B, I, F) with `img_ids` (B, I, 3),
        `img_sizes` (rows and columns of each sample, all equal) and `hidden_states_masks` (B, I).
        timesteps: (B,) on the 0..1000 scale. pooled_embeds: (B, text_emb_dim).
        encoder_hidden_states_t5: (B, tokens, T5 width).
        encoder_hidden_states_llama3: (layers, B, tokens, Llama width).
        attention_kwargs: {"scale": x} weighs LoRA layers by x.
        loop_inputs: what `prepare` made, in place of all these; Prepared calls the model so that hooks on it
        are heard. The answer then has the kept width only.
        Text padding takes part in attention, as in the reference. Raises ValueError for inputs that are
        missing.
        """
        with adapters_scaled(self, attention_kwargs) if attention_kwargs else nullcontext():
            if loop_inputs is not None:
                inputs = loop_inputs
                patches = patchify(hidden_states, inputs.grid, self.architecture.patch_size)
            elif (
                timesteps is None
                or pooled_embeds is None
                or encoder_hidden_states_t5 is None
                or encoder_hidden_states_llama3 is None
            ):
                raise ValueError("timesteps, pooled_embeds and both encoder_hidden_states are needed.")
            else:
                text = self.project_text(encoder_hidden_states_t5, encoder_hidden_states_llama3)
                patches, grid, rules = self.read_picture(
                    hidden_states, text.num_rows, img_ids, img_sizes, hidden_states_masks
                )
                times_BD = self.t_embedder(timesteps, hidden_states.dtype)
                condition_BD = nn.functional.silu(times_BD + self.p_embedder(pooled_embeds))
                conditions = tuple(
                    self.modulations(condition_BD)
                    if self.aside
                    else [condition_BD] * (len(self.architecture.llama_layers) + 1)
                )
                inputs = LoopInputs(grid=grid, rules=rules, text=text, conditions=conditions)
            output, router = self.denoise(patches, inputs)
        sample = unpatchify(output, inputs.grid, self.architecture.patch_size)
        return SparseDiTOutput(sample=sample, router=router) if return_dict else (sample,)

    def read_picture(
        self,
        hidden_states: Tensor,
        num_text: int,
        img_ids: Tensor | None,
        img_sizes: Sequence[tuple[int, int]] | Tensor | None,
        masks: Tensor | None,
    ) -> tuple[Tensor, Grid, KeyRules]:
        """Patches (B, I, F) with their grid and rules, from latents or, with `masks`, from patches."""
        size = self.architecture.patch_size
        if masks is None:
            grid = grid_of(size, self.max_seq, hidden_states.shape[-2], hidden_states.shape[-1])
            return patchify(hidden_states, grid, size), grid, self.rules.of(grid, num_text, hidden_states)
        if img_ids is None or img_sizes is None or hidden_states.ndim != 3:
            raise ValueError("hidden_states_masks needs patches (B, I, F), img_ids and img_sizes.")
        height, width = (int(each) for each in img_sizes[0])
        grid = Grid(height=height, width=width, kept_width=width, num_padding=0)
        table = rotation_table(img_ids, self.architecture.axes_dims_rope)
        return hidden_states, grid, KeyRules(table=table, image_mask=masks)

    def project_text(self, t5_BTC: Tensor, llama_LBTC: Tensor) -> TextRows:
        """The prompt at the network's width: T5's rows, and one set of Llama rows for each block."""
        projections = [each.linear for each in self.wherever("caption_projection")]
        llama = tuple(
            apply_from_anywhere(projection, llama_LBTC[layer])
            for projection, layer in zip(projections[:-1], self.architecture.llama_layers, strict=True)
        )
        t5_BTD = apply_from_anywhere(projections[-1], t5_BTC)
        return TextRows(text_BPD=torch.cat([t5_BTD, llama[-1]], dim=1), llama=llama)

    def denoise(self, patches_BIF: Tensor, inputs: LoopInputs) -> tuple[Tensor, tuple[RouterStatistics, ...]]:
        """All blocks and the head: (B, num_kept, F) and the routers' statistics."""
        with attention_kernels(patches_BIF.device):
            return self.run_blocks(patches_BIF, inputs)

    def run_blocks(
        self, patches_BIF: Tensor, inputs: LoopInputs
    ) -> tuple[Tensor, tuple[RouterStatistics, ...]]:
        config, rules, num_kept = self.architecture, inputs.rules, inputs.grid.num_kept
        image, text, llama = self.x_embedder(patches_BIF), inputs.text.text_BPD, inputs.text.llama
        cache, before = inputs.step_cache, image
        router: list[RouterStatistics | None] = []
        for index, block in enumerate(self.double_stream_blocks):
            arguments = (image, text, llama[index], inputs.conditions[index], rules)
            dual: DualOutput = self.run_block(block, *arguments)
            image, text = dual.image_BID, dual.text_BPD
            router.append(dual.router)
            if cache is not None and index == 0:
                rest = cache.recall(image - before)
                before = image
                if rest is not None:
                    return self.final_layer(image[:, :num_kept] + rest, inputs.conditions[-1]), ()
        x = torch.cat([image, text], dim=1)
        for index, block in enumerate(self.single_stream_blocks, start=config.num_layers):
            num_queries = num_kept if index + 1 == len(llama) else x.shape[1]
            single: SingleOutput = self.run_block(
                block, x, llama[index], inputs.conditions[index], rules, num_queries
            )
            x = single.rows_BTD
            router.append(single.router)
        if cache is not None:
            cache.keep(x[:, :num_kept] - before[:, :num_kept])
        patches: Tensor = self.final_layer(x[:, :num_kept], inputs.conditions[-1])
        return patches, tuple(each for each in router if each is not None)

    def run_block(self, block: nn.Module, *arguments: object) -> Any:
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return self._gradient_checkpointing_func(block, *arguments)  # type: ignore[operator]
        return block(*arguments)
