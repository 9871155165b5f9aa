"""One pass of the network as it is published, nothing prepared: the slow twin of engines/velocity.py."""

from __future__ import annotations

import torch
from torch import Tensor

from engines.sparse_dit import SparseDiT
from engines.text import TextContext


def network_velocity(dit: SparseDiT, latents_BCHW: Tensor, time: float, context: TextContext) -> Tensor:
    """noise - clean in float32, of every row's own text."""
    output = dit(
        hidden_states=latents_BCHW.to(dit.dtype),
        timesteps=torch.tensor(time).expand(len(latents_BCHW)),
        encoder_hidden_states_t5=context.t5_BTC,
        encoder_hidden_states_llama3=context.llama_LBTC,
        pooled_embeds=context.pooled_BC,
    )
    return -output.sample.float()
