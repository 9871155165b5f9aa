"""Tensors that an adapter replaces as a whole, beside its LoRA layers: HiDream-E1-Full's file has some."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engines.errors import EngineError
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.fusion import is_plain

__all__ = ["put_back", "replace_tensors", "require_apart"]


def require_apart(whole: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Raises EngineError where two adapters, given by name, replace the same tensor."""
    owners: dict[str, str] = {}
    for adapter, tensors in whole.items():
        for name in tensors:
            if owners.setdefault(name, adapter) != adapter:
                raise EngineError(f"{owners[name]} and {adapter} both replace {name}: use one of them.")


def replace_tensors(
    dit: SparseDiT, tensors: Mapping[str, Tensor], weight: float, originals: dict[str, nn.Module]
) -> None:
    """Put modules with `tensors` where the network, unfused, has its own, which go to `originals`, by name.

    At weight 1 the adapter's tensor stands there, else the network's own moved that far towards it. A
    quantised linear layer gives way to one in floating point. Raises EngineError for a part of its way there.
    """
    for name, tensor in tensors.items() if weight else ():
        owner, _, leaf = name.rpartition(".")
        place = place_of(dit, owner)
        module = dit.get_submodule(place)
        if owner not in originals:
            originals[owner] = module
            module = twin_of(module, leaf)
            dit.set_submodule(place, module)
        old, home = module._parameters[leaf], module_device(originals[owner], dit)
        new = tensor.to(home, dit.dtype)
        if weight != 1:
            new = torch.lerp(whole_tensor(old, name).to(home, dit.dtype), new, weight)
        module._parameters[leaf] = nn.Parameter(new, requires_grad=False)


def put_back(dit: SparseDiT, originals: Mapping[str, nn.Module]) -> None:
    """Undo replace_tensors: the very modules return, on the device where their stand-ins were."""
    for owner, module in originals.items():
        place = place_of(dit, owner)
        dit.set_submodule(place, module.to(module_device(dit.get_submodule(place), dit)))


def place_of(dit: SparseDiT, name: str) -> str:
    """Where the module itself stands: inside its LoRA layer, if it has one."""
    return f"{name}.base_layer" if "base_layer" in dict(dit.get_submodule(name).named_children()) else name


def twin_of(module: nn.Module, leaf: str) -> nn.Module:
    """The same module, its parameters free to differ."""
    if isinstance(module, nn.Linear) and leaf == "weight" and not is_plain(module):
        plain = nn.Linear(module.in_features, module.out_features, bias=False, device="meta")
        plain.bias = module.bias
        return plain
    twin = copy.copy(module)
    twin._parameters = dict(module._parameters)
    return twin


def whole_tensor(old: Tensor | None, name: str) -> Tensor:
    if old is None or old.is_meta:
        raise EngineError(f"{name} is quantised here, so an adapter can replace it at weight 1 only.")
    return old


def module_device(module: nn.Module, dit: SparseDiT) -> torch.device:
    homes = (parameter.device for parameter in module.parameters() if not parameter.is_meta)
    return next(homes, dit.device)
