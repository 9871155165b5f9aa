"""The sparse feed-forward: router, routed experts, one shared expert; training and inference run the same."""

# N tokens of the whole batch, D width, E experts, K active experts per token, R = N * K assignments

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from engines.sparse_dit.config import SparseDiTConfig, swiglu_hidden_size
from engines.sparse_dit.layers import SwiGLU

__all__ = ["MoEFeedForward", "RouterStatistics"]


@dataclass(frozen=True, kw_only=True)
class RouterStatistics:
    """One layer's routing over one batch. Balanced when the sum of mean_scores * load is 1 / num_experts.

    `mean_scores_E` is the mean softmax score (differentiable); `load_E` the share of assignments, sum 1. The
    balance loss is alpha * E * sum(mean_scores * load) (Fedus et al. 2021, eq. 4).
    """

    mean_scores_E: Tensor
    load_E: Tensor


class Gate(nn.Module):
    """Token features -> softmax scores over the experts."""

    def __init__(self, width: int, num_experts: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_experts, width))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def forward(self, x_ND: Tensor) -> Tensor:
        return F.linear(x_ND, self.weight).softmax(dim=-1)


class MoEFeedForward(nn.Module):
    """Sum of the top-K experts weighted by softmax scores (not renormalised), plus the shared expert."""

    def __init__(self, config: SparseDiTConfig) -> None:
        super().__init__()
        width = config.width
        self.num_active = config.num_activated_experts
        self.shared_experts = SwiGLU(width, swiglu_hidden_size(4 * width // 2))
        hidden = swiglu_hidden_size(4 * width)
        self.experts = nn.ModuleList(SwiGLU(width, hidden) for _ in range(config.num_routed_experts))
        self.gate = Gate(width, config.num_routed_experts)

    @property
    def has_plain_weights(self) -> bool:
        """False once a quantiser has packed the experts, which grouped products cannot read."""
        weight = self.experts[0].get_parameter("w1.weight")
        return type(weight) is nn.Parameter and weight.dtype.is_floating_point

    def forward(self, x_BTD: Tensor) -> tuple[Tensor, RouterStatistics]:
        x_ND = x_BTD.flatten(0, 1)
        scores_NE = self.gate(x_ND)
        weights_NK, chosen_NK = scores_NE.topk(self.num_active, dim=-1, sorted=False)
        is_chosen_NE = torch.zeros_like(scores_NE).scatter(1, chosen_NK, 1.0)
        statistics = RouterStatistics(
            mean_scores_E=scores_NE.mean(dim=0), load_E=is_chosen_NE.float().mean(dim=0) / self.num_active
        )
        if torch.compiler.is_compiling() and x_ND.dtype is not torch.bfloat16:
            routed_ND = self.run_dense(x_ND, scores_NE * is_chosen_NE)
        else:
            routed_ND = self.run_sorted(x_ND, weights_NK, chosen_NK)
        return (routed_ND + self.shared_experts(x_ND)).view_as(x_BTD), statistics

    def run_sorted(self, x_ND: Tensor, weights_NK: Tensor, chosen_NK: Tensor) -> Tensor:
        """Only the chosen experts, on assignments sorted by expert; summed without atomics."""
        num_assignments = chosen_NK.numel()
        chosen_R, order_R = chosen_NK.flatten().sort(stable=True)
        experts_E = torch.arange(len(self.experts), device=x_ND.device)
        ends_E = torch.searchsorted(chosen_R, experts_E, right=True).to(torch.int32)
        x_RD = x_ND[order_R // self.num_active]
        is_eager_cpu = x_ND.device.type == "cpu" and not torch.compiler.is_compiling()
        if is_eager_cpu or x_ND.dtype is not torch.bfloat16 or not self.has_plain_weights:
            y_RD = self.run_split(x_RD, ends_E)
        else:
            y_RD = self.run_grouped(x_RD, ends_E)
        places = torch.arange(num_assignments, device=x_ND.device)
        y_RD = y_RD[torch.empty_like(order_R).scatter(0, order_R, places)]
        y_NKD = rearrange(y_RD, "(n k) d -> n k d", k=self.num_active)
        return (y_NKD * weights_NK[..., None]).sum(dim=1)

    def run_split(self, x_RD: Tensor, ends_E: Tensor) -> Tensor:
        """Expert e on rows ends_E[e - 1] to ends_E[e], one after the other. Reads the counts on the host."""
        counts = torch.diff(ends_E, prepend=ends_E.new_zeros(1)).tolist()
        parts = zip(self.experts, torch.split(x_RD, counts), strict=True)
        return torch.cat([expert(part) for expert, part in parts])

    def run_grouped(self, x_RD: Tensor, ends_E: Tensor) -> Tensor:
        """The same by grouped products, which leave the counts on the device and take bfloat16 only."""
        w1, w2, w3 = (
            torch.stack([expert.get_parameter(f"{name}.weight") for expert in self.experts]).transpose(1, 2)
            for name in ("w1", "w2", "w3")
        )
        hidden = F.silu(F.grouped_mm(x_RD, w1, offs=ends_E)) * F.grouped_mm(x_RD, w3, offs=ends_E)
        return F.grouped_mm(hidden, w2, offs=ends_E)

    def run_dense(self, x_ND: Tensor, gates_NE: Tensor) -> Tensor:
        """Every expert on every token, a gate of 0 dropping the unchosen: for compiled float32 graphs.

        On two cores it takes 1.6 times as long as the sorted path (tests/bench/dit.py).
        """
        routed_ND = torch.zeros_like(x_ND)
        for expert, gate_N in zip(self.experts, gates_NE.unbind(dim=-1), strict=True):
            routed_ND = torch.addcmul(routed_ND, expert(x_ND), gate_N[:, None])
        return routed_ND
