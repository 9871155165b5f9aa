"""The sparse feed-forward: router, routed experts, one shared expert; training and inference run the same."""

# N tokens of the whole batch, D width, E experts, K active experts per token, R = N * K assignments

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.sparse_dit.config import SparseDiTConfig, swiglu_hidden_size
from engines.sparse_dit.fusion import Fusible, is_plain, join
from engines.sparse_dit.layers import SwiGLU, gated

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
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def forward(self, x_ND: Tensor) -> Tensor:
        return F.linear(x_ND, self.weight).softmax(dim=-1)


class JoinedExperts(nn.Module):
    """All experts' weights in two tensors: w13 (E, 2 H, D), an expert's w1 over its w3, and w2 (E, D, H)."""

    def __init__(self, w13: nn.Parameter, w2: nn.Parameter) -> None:
        super().__init__()
        self.w13 = w13
        self.w2 = w2


class MoEFeedForward(Fusible):
    """Sum of the top-K experts weighted by softmax scores (not renormalised), plus the shared expert."""

    def __init__(self, config: SparseDiTConfig) -> None:
        super().__init__()
        width = config.width
        self.num_experts = config.num_routed_experts
        self.num_active = config.num_activated_experts
        self.shared_experts = SwiGLU(width, swiglu_hidden_size(4 * width // 2))
        hidden = swiglu_hidden_size(4 * width)
        experts = nn.ModuleList(SwiGLU(width, hidden) for _ in range(config.num_routed_experts))
        self.experts: nn.ModuleList | JoinedExperts = experts
        self.gate = Gate(width, config.num_routed_experts)

    def fuse(self) -> None:
        """The experts in two tensors, where all their linears are plain."""
        self.shared_experts.fuse()
        if isinstance(self.experts, JoinedExperts) or not self.are_experts_plain():
            return
        official = {
            "experts.w13": [f"experts.{i}.{w}.weight" for i in range(self.num_experts) for w in ("w1", "w3")],
            "experts.w2": [f"experts.{i}.w2.weight" for i in range(self.num_experts)],
        }
        tensors = [join([self.get_parameter(name) for name in names]) for names in official.values()]
        for tensor in tensors:
            tensor.data = tensor.data.view(self.num_experts, -1, tensor.shape[-1])
        self.experts = JoinedExperts(*tensors)
        self.joined = {stored: tuple(names) for stored, names in official.items()}

    def unfuse(self) -> None:
        self.shared_experts.unfuse()
        if isinstance(self.experts, JoinedExperts):
            joined, self.joined = self.experts, {}
            self.experts = nn.ModuleList(
                part_expert(w13, w2) for w13, w2 in zip(joined.w13, joined.w2, strict=True)
            )

    def are_experts_plain(self) -> bool:
        """True when the experts' weights can be read as they are, so not quantised and without adapters."""
        if isinstance(self.experts, JoinedExperts):
            return True
        return all(
            isinstance(each, SwiGLU) and each.w13 is None and is_plain(each.w1, each.w2, each.w3)
            for each in self.experts
        )

    def forward(self, x_BTD: Tensor) -> tuple[Tensor, RouterStatistics | None]:
        """The rows' outputs; statistics only while gradients are recorded, for the balance loss."""
        x_ND = x_BTD.flatten(0, 1)
        scores_NE = self.gate(x_ND)
        weights_NK, chosen_NK = scores_NE.topk(self.num_active, dim=-1, sorted=False)
        shared_ND = self.shared_experts(x_ND)
        if self.is_dense(x_ND):
            gates_NE = torch.zeros_like(scores_NE).scatter(1, chosen_NK, weights_NK)
            output_ND = self.run_dense(x_ND, gates_NE, shared_ND)
        else:
            output_ND = self.run_sorted(x_ND, weights_NK, chosen_NK, shared_ND)
        statistics = measure(scores_NE, chosen_NK) if torch.is_grad_enabled() else None
        return output_ND.view_as(x_BTD), statistics

    def is_dense(self, x_ND: Tensor) -> bool:
        """Where counts must not be read on the host and grouped products do not take the precision."""
        return not self.is_split(x_ND) and not self.is_grouped(x_ND) and self.are_experts_plain()

    def is_grouped(self, x_ND: Tensor) -> bool:
        return not self.is_split(x_ND) and x_ND.dtype is torch.bfloat16 and self.are_experts_plain()

    def is_split(self, x_ND: Tensor) -> bool:
        """On a CPU reading counts costs nothing; a compiled graph calls an operator, without gradients."""
        return x_ND.device.type == "cpu" and (not torch.compiler.is_compiling() or self.is_operator())

    def is_operator(self) -> bool:
        return isinstance(self.experts, JoinedExperts) and not torch.is_grad_enabled()

    def run_sorted(self, x_ND: Tensor, weights_NK: Tensor, chosen_NK: Tensor, base_ND: Tensor) -> Tensor:
        """base + the chosen experts, on assignments sorted by expert; summed without atomics."""
        chosen_R, order_R = chosen_NK.flatten().sort(stable=True)
        experts_E = torch.arange(self.num_experts, device=x_ND.device)
        ends_E = torch.searchsorted(chosen_R, experts_E, right=True).to(torch.int32)
        x_RD = x_ND[order_R // self.num_active]
        y_RD = self.run_grouped(x_RD, ends_E) if self.is_grouped(x_ND) else self.run_split(x_RD, ends_E)
        places_R = torch.arange(len(order_R), device=x_ND.device)
        places_NK = torch.empty_like(order_R).scatter(0, order_R, places_R).view_as(chosen_NK)
        for places_N, weights_N in zip(places_NK.unbind(1), weights_NK.unbind(1), strict=True):
            base_ND = torch.addcmul(base_ND, y_RD[places_N], weights_N[:, None])
        return base_ND

    def run_split(self, x_RD: Tensor, ends_E: Tensor) -> Tensor:
        """Expert e on rows ends_E[e - 1] to ends_E[e], one after the other. Reads the counts on the host."""
        if torch.compiler.is_compiling() and isinstance(self.experts, JoinedExperts) and self.is_operator():
            output: Tensor = run_joined(x_RD, ends_E, self.experts.w13, self.experts.w2)
            return output
        counts = torch.diff(ends_E, prepend=ends_E.new_zeros(1)).tolist()
        return torch.cat([self.expert(index, part) for index, part in enumerate(torch.split(x_RD, counts))])

    def run_grouped(self, x_RD: Tensor, ends_E: Tensor) -> Tensor:
        """The same by grouped products, which leave the counts on the device and take bfloat16 only."""
        w13, w2 = self.stacked()
        gate, value = F.grouped_mm(x_RD, w13.transpose(1, 2), offs=ends_E).chunk(2, dim=-1)
        return F.grouped_mm(F.silu(gate) * value, w2.transpose(1, 2), offs=ends_E)

    def run_dense(self, x_ND: Tensor, gates_NE: Tensor, base_ND: Tensor) -> Tensor:
        """Every expert on every token, a gate of 0 dropping the unchosen.

        On two cores it takes 1.6 times as long as the sorted path (tests/bench/dit.py).
        """
        for index, gate_N in enumerate(gates_NE.unbind(dim=-1)):
            base_ND = torch.addcmul(base_ND, self.expert(index, x_ND), gate_N[:, None])
        return base_ND

    def expert(self, index: int, x_ND: Tensor) -> Tensor:
        if isinstance(self.experts, JoinedExperts):
            return joined_expert(x_ND, self.experts.w13[index], self.experts.w2[index])
        output: Tensor = self.experts[index](x_ND)
        return output

    def stacked(self) -> tuple[Tensor, Tensor]:
        """w13 (E, 2 H, D) and w2 (E, D, H); copied together on every call while not fused."""
        if isinstance(self.experts, JoinedExperts):
            return self.experts.w13, self.experts.w2
        w1, w2, w3 = (
            torch.stack([expert.get_parameter(f"{name}.weight") for expert in self.experts])
            for name in ("w1", "w2", "w3")
        )
        return torch.cat([w1, w3], dim=1), w2


def joined_expert(x_ND: Tensor, w13: Tensor, w2: Tensor) -> Tensor:
    """w2(silu(w1 x) * w3 x)."""
    return F.linear(gated(x_ND, w13), w2)


@torch.library.custom_op("reverie::run_joined", mutates_args=())
def run_joined(x_RD: Tensor, ends_E: Tensor, w13: Tensor, w2: Tensor) -> Tensor:
    """MoEFeedForward.run_split for joined experts, as an operator for compiled graphs; no gradients."""
    counts = torch.diff(ends_E, prepend=ends_E.new_zeros(1)).tolist()
    parts = zip(torch.split(x_RD, counts), w13, w2, strict=True)
    return torch.cat([joined_expert(*part) for part in parts])


@run_joined.register_fake
def _(x_RD: Tensor, ends_E: Tensor, w13: Tensor, w2: Tensor) -> Tensor:
    return torch.empty_like(x_RD)


def measure(scores_NE: Tensor, chosen_NK: Tensor) -> RouterStatistics:
    is_chosen_NE = torch.zeros_like(scores_NE).scatter(1, chosen_NK, 1.0)
    return RouterStatistics(
        mean_scores_E=scores_NE.mean(dim=0), load_E=is_chosen_NE.float().mean(dim=0) / chosen_NK.shape[1]
    )


def part_expert(w13: Tensor, w2: Tensor) -> SwiGLU:
    """One expert with its own copies of joined weights."""
    with torch.device("meta"):
        expert = SwiGLU(w13.shape[1], w2.shape[1])
    for name, weight in zip(("w1", "w3", "w2"), (*w13.chunk(2), w2), strict=True):
        linear = expert.get_submodule(name)
        linear.weight = nn.Parameter(weight.detach().clone(), requires_grad=w13.requires_grad)
    return expert
