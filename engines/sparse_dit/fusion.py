"""Linears that read the same rows, stored as one; in state dicts they keep the checkpoint's names."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Fusible", "is_plain", "join_linears", "part_linears"]

StateDict = dict[str, Tensor]


class Fusible(nn.Module):
    """A module some of whose parameters may be stored joined along their rows.

    `joined` maps a stored parameter to the official names it holds, in order. State dicts are translated on
    the way out and in, so that a fused model saves, loads and trains like one that is not.
    """

    joined: dict[str, tuple[str, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.joined = {}
        self.register_state_dict_post_hook(to_official_names)  # type: ignore[no-untyped-call] # torch
        self.register_load_state_dict_pre_hook(from_official_names)  # type: ignore[no-untyped-call]

    def fuse(self) -> None:
        raise NotImplementedError

    def unfuse(self) -> None:
        raise NotImplementedError


def to_official_names(module: nn.Module, state: StateDict, prefix: str, local_metadata: object) -> None:
    if not isinstance(module, Fusible):
        raise TypeError(f"{type(module).__name__} stores nothing joined.")
    for stored, names in module.joined.items():
        tensor = state.pop(prefix + stored)
        rows = tensor.flatten(0, 1) if tensor.ndim == 3 else tensor
        state.update({prefix + name: part for name, part in zip(names, rows.chunk(len(names)), strict=True)})


def from_official_names(module: nn.Module, state: StateDict, prefix: str, *rest: object) -> None:
    """A set that is not whole stays as it is, and load_state_dict names what is missing."""
    if not isinstance(module, Fusible):
        raise TypeError(f"{type(module).__name__} stores nothing joined.")
    for stored, names in module.joined.items():
        if all(prefix + name in state for name in names):
            rows = torch.cat([state.pop(prefix + name) for name in names])
            state[prefix + stored] = rows.view(module.get_parameter(stored).shape)


def is_plain(*modules: nn.Module) -> bool:
    """True for linears in floating point, without adapters and not quantised: those can be joined."""
    return all(
        type(module) is nn.Linear
        and type(module.weight) is nn.Parameter
        and module.weight.is_floating_point()
        and module.weight.element_size() >= 2
        for module in modules
    )


def join_linears(owner: Fusible, name: str, parts: Sequence[str]) -> bool:
    """Replace the linears `parts` of `owner` by one called `name`; False where they are not plain."""
    linears = [owner.get_submodule(part) for part in parts]
    if not is_plain(*linears):
        return False
    weights, biases = ([getattr(linear, kind) for linear in linears] for kind in ("weight", "bias"))
    has_bias = biases[0] is not None
    whole = nn.Linear(weights[0].shape[1], 1, bias=has_bias, device="meta")
    whole.out_features = sum(len(weight) for weight in weights)
    whole.weight = join(weights)
    owner.joined[f"{name}.weight"] = tuple(f"{part}.weight" for part in parts)
    if has_bias:
        whole.bias = join(biases)
        owner.joined[f"{name}.bias"] = tuple(f"{part}.bias" for part in parts)
    for part in parts:
        delattr(owner, part)
    owner.register_module(name, whole)
    return True


def part_linears(owner: Fusible, name: str) -> None:
    """The way back: `name` becomes the linears it was made of, each with its own storage."""
    whole = owner.get_submodule(name)
    if not isinstance(whole, nn.Linear):
        raise TypeError(f"{name} is a {type(whole).__name__}; only a joined linear can be parted.")
    names = owner.joined.pop(f"{name}.weight")
    owner.joined.pop(f"{name}.bias", None)
    weights = whole.weight.detach().chunk(len(names))
    biases = [None] * len(names) if whole.bias is None else whole.bias.detach().chunk(len(names))
    owner.register_module(name, None)
    for official, weight, bias in zip(names, weights, biases, strict=True):
        linear = nn.Linear(weight.shape[1], 1, bias=bias is not None, device="meta")
        linear.out_features = len(weight)
        linear.weight = nn.Parameter(weight.clone(), requires_grad=whole.weight.requires_grad)
        if bias is not None:
            linear.bias = nn.Parameter(bias.clone(), requires_grad=whole.bias.requires_grad)
        owner.register_module(official.removesuffix(".weight"), linear)


def join(parts: Sequence[Tensor]) -> nn.Parameter:
    """One parameter that holds copies of all rows."""
    return nn.Parameter(torch.cat([part.detach() for part in parts]), requires_grad=parts[0].requires_grad)
