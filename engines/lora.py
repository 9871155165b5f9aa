"""LoRA adapters on a transformer: loaded as a set, each with its weight, and taken off without a trace."""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar, cast

import torch
from diffusers.hooks.group_offloading import _maybe_remove_and_reapply_group_offloading
from diffusers.loaders import PeftAdapterMixin
from torch import Tensor, nn

from engines.api import Adapter, AppliedAdapter
from engines.errors import EngineError
from engines.lora_file import LinearShape, LoraLayer, read_lora, read_whole
from engines.manifest import file_sha256
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.fusion import is_plain
from engines.whole_tensors import put_back, replace_tensors, require_apart

__all__ = ["apply_adapters", "linear_shapes", "turn_off"]

WORN = "worn"
"""An attribute of the network, so that it goes where the adapters go, into a deep copy too."""
NAME = re.compile(r"[A-Za-z0-9_-]+")
Value = TypeVar("Value", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Worn:
    """What `apply_adapters` has put on a network, and whether the network was fused before.

    `whole` holds the tensors that each adapter replaces, `originals` the modules that gave way to them.
    """

    adapters: tuple[Adapter, ...] = ()
    applied: tuple[AppliedAdapter, ...] = ()
    was_fused: bool = False
    whole: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    originals: Mapping[str, nn.Module] = field(default_factory=dict)


def apply_adapters(dit: SparseDiT, adapters: Sequence[Adapter]) -> tuple[AppliedAdapter, ...]:
    """Put exactly `adapters` on the network; returns what was put on, with the files' SHA-256.

    y = W x + sum over adapters of weight * (alpha / rank) up(down(x)) (Hu et al. 2021, section 4.1); W stays
    as it is, quantised or not, so that with no adapters the network is to the bit what it was, fused again if
    it was. Layers without an adapter stay fused meanwhile. A change of weights alone reads no file; a file
    changed on disk is read again once it has been off. All files are checked before the network is touched.
    Raises ModelNotFound or WeightsDamaged as read_lora does, EngineError for such names and weights.
    """
    wanted, worn = tuple(adapters), worn_by(dit)
    if wanted == worn.adapters:
        return worn.applied
    check(wanted)
    if files(wanted) == files(worn.adapters):
        applied = tuple(
            AppliedAdapter(name=new.name, file_hash=old.file_hash, weight=float(new.weight))
            for new, old in zip(wanted, worn.applied, strict=True)
        )
        with all_in_place(dit):
            weigh(dit, applied)
            originals = weigh_whole(dit, worn, applied)
        setattr(dit, WORN, replace(worn, adapters=wanted, applied=applied, originals=originals))
        return applied
    layers, whole = read_all(dit, wanted)
    applied = tuple(
        AppliedAdapter(name=each.name, file_hash=file_sha256(each.file), weight=float(each.weight))
        for each in wanted
    )
    was_fused = worn.was_fused or is_fused(dit)
    with all_in_place(dit), ExitStack() as undo:
        take_off(dit, was_fused and not wanted)
        if wanted:
            undo.callback(take_off, dit, was_fused)
            originals = put_on(dit, layers, whole, applied, was_fused)
            undo.pop_all()
            setattr(
                dit,
                WORN,
                Worn(
                    adapters=wanted,
                    applied=applied,
                    was_fused=was_fused,
                    whole=whole,
                    originals=originals,
                ),
            )
    return applied


def turn_off(dit: SparseDiT, name: str) -> None:
    """Have the adapter of that name do nothing, though it stays in place: exact, and cheap to undo."""
    apply_adapters(
        dit, [replace(each, weight=0.0) if each.name == name else each for each in worn_by(dit).adapters]
    )


def read_all(
    dit: SparseDiT, adapters: Sequence[Adapter]
) -> tuple[dict[str, dict[str, LoraLayer]], dict[str, dict[str, Tensor]]]:
    """Every adapter's LoRA layers and whole tensors, checked. Raises as apply_adapters does."""
    if not adapters:
        return {}, {}
    shapes, tensor_shapes = linear_shapes(dit), {n: t.shape for n, t in plain_twin(dit).state_dict().items()}
    layers = {each.name: read_lora(each.file, shapes, tensor_shapes) for each in adapters}
    whole = {each.name: read_whole(each.file, tensor_shapes) for each in adapters}
    require_apart(whole)
    return layers, whole


def worn_by(dit: SparseDiT) -> Worn:
    worn: Worn = vars(dit).get(WORN, Worn())
    return worn


def files(adapters: Sequence[Adapter]) -> list[tuple[str, str]]:
    return [(each.name, str(each.file)) for each in adapters]


def check(adapters: Sequence[Adapter]) -> None:
    for adapter in adapters:
        if not NAME.fullmatch(adapter.name):
            raise EngineError(f"{adapter.name!r} is no name for an adapter: use letters, digits, - and _.")
        if not math.isfinite(adapter.weight):
            raise EngineError(
                f"The weight of {adapter.name} is {adapter.weight}; choose a number, such as 0.8."
            )
    name, count = Counter(each.name for each in adapters).most_common(1)[0] if adapters else ("", 0)
    if count > 1:
        raise EngineError(f"{count} adapters are called {name}: give each a name of its own.")


def linear_shapes(dit: SparseDiT) -> dict[str, LinearShape]:
    """The network's linear layers by the checkpoint's names, however they are stored now."""
    return {
        name: LinearShape(num_outputs=module.out_features, num_inputs=module.in_features)
        for name, module in plain_twin(dit).named_modules()
        if isinstance(module, nn.Linear)
    }


def plain_twin(dit: SparseDiT) -> SparseDiT:
    """The network as its checkpoint has it, without numbers."""
    with torch.device("meta"):
        return SparseDiT(**asdict(dit.architecture))


def is_fused(dit: SparseDiT) -> bool:
    """Raises EngineError where weights were joined first and quantised then: they cannot be parted."""
    joined = [(part, name) for part in dit.modules() for name in getattr(part, "joined", ())]
    for part, name in joined:
        owner = part.get_submodule(name.rpartition(".")[0])
        if isinstance(owner, nn.Linear) and not is_plain(owner):
            raise EngineError(
                f"{name} was joined before it was quantised, so no adapter fits beside it: quantise first."
            )
    return bool(joined)


@contextmanager
def all_in_place(dit: SparseDiT) -> Iterator[None]:
    """Layers that were put aside are back meanwhile, under the checkpoint's names."""
    was_aside = bool(dit.aside)
    dit.bring_back()
    try:
        yield
    finally:
        if was_aside:
            dit.put_aside()


def take_off(dit: SparseDiT, fuses: bool) -> None:
    originals = worn_by(dit).originals
    setattr(dit, WORN, Worn())
    if getattr(dit, "peft_config", None):
        PeftAdapterMixin.unload_lora(dit)
    if originals:
        dit.unfuse()
        put_back(dit, originals)
    if fuses:
        dit.fuse()
        _maybe_remove_and_reapply_group_offloading(dit)


def put_on(
    dit: SparseDiT,
    layers: Mapping[str, Mapping[str, LoraLayer]],
    whole: Mapping[str, Mapping[str, Tensor]],
    applied: Sequence[AppliedAdapter],
    was_fused: bool,
) -> dict[str, nn.Module]:
    """Each adapter's layers and tensors by its name, on a network that has none; returns what gave way."""
    dit.unfuse()
    originals = replace_each(dit, whole, applied)
    setattr(dit, WORN, Worn(originals=originals))
    for name, each in layers.items():
        inject(dit, name, each)
    weigh(dit, applied)
    if was_fused:
        dit.fuse()
    _maybe_remove_and_reapply_group_offloading(dit)
    return originals


def replace_each(
    dit: SparseDiT, whole: Mapping[str, Mapping[str, Tensor]], applied: Sequence[AppliedAdapter]
) -> dict[str, nn.Module]:
    """All adapters' whole tensors in their places, or none; returns the modules that gave way."""
    originals: dict[str, nn.Module] = {}
    try:
        for each in applied:
            replace_tensors(dit, whole[each.name], each.weight, originals)
    except EngineError:
        put_back(dit, originals)
        raise
    return originals


def weigh_whole(dit: SparseDiT, worn: Worn, applied: Sequence[AppliedAdapter]) -> Mapping[str, nn.Module]:
    """The whole tensors at other weights; returns the modules that gave way."""
    if not any(worn.whole.values()):
        return worn.originals
    dit.unfuse()
    put_back(dit, worn.originals)
    originals = replace_each(dit, worn.whole, applied)
    if worn.was_fused:
        dit.fuse()
    _maybe_remove_and_reapply_group_offloading(dit)
    return originals


def inject(dit: SparseDiT, name: str, layers: Mapping[str, LoraLayer]) -> None:
    """By peft, through diffusers; its configuration is made of the checked layers, never of the file's."""
    state = {}
    for layer, lora in layers.items():
        device = cast(nn.Linear, dit.get_submodule(layer)).weight.device
        state[f"{layer}.lora_A.weight"] = lora.down_RI.to(device, dit.dtype)
        state[f"{layer}.lora_B.weight"] = lora.up_OR.to(device, dit.dtype)
    ranks = {layer: lora.rank for layer, lora in layers.items()}
    alphas = {layer: lora.alpha for layer, lora in layers.items()}
    rank, alpha = most_common(ranks), most_common(alphas)
    config = {
        "r": rank,
        "lora_alpha": alpha,
        "target_modules": sorted(layers),
        "rank_pattern": patterns(ranks, rank),
        "alpha_pattern": patterns(alphas, alpha),
    }
    with quiet_peft():
        dit.load_lora_adapter(
            state, prefix=None, adapter_name=peft_name(name), metadata=config, low_cpu_mem_usage=True
        )


def peft_name(name: str) -> str:
    """Names are keys of a torch ModuleDict, in which "keys" and "items" cannot be."""
    return f"adapter-{name}"


def most_common(values: Mapping[str, Value]) -> Value:
    return Counter(values.values()).most_common(1)[0][0]


def patterns(values: Mapping[str, Value], usual: Value) -> dict[str, Value]:
    """One regular expression for all layers of a value: peft tries each of them on each layer."""
    others = set(values.values()) - {usual}
    return {
        f"^(?:{'|'.join(re.escape(layer) for layer in values if values[layer] == value)})": value
        for value in sorted(others)  # type: ignore[type-var] # numbers
    }


@contextmanager
def quiet_peft() -> Iterator[None]:
    """It warns of a second adapter, and that an int8 layer could not take an adapter in for good."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Already found a `peft_config` attribute")
        warnings.filterwarnings("ignore", message="TorchaoLoraLinear was instantiated")
        yield


def weigh(dit: SparseDiT, applied: Sequence[AppliedAdapter]) -> None:
    """An adapter of weight 0 takes no part in the passes."""
    counted = [each for each in applied if each.weight]
    if counted:
        names, weights = [peft_name(each.name) for each in counted], [each.weight for each in counted]
        PeftAdapterMixin.enable_lora(dit)
        PeftAdapterMixin.set_adapters(dit, names, weights)
    else:
        PeftAdapterMixin.disable_lora(dit)
    for name, parameter in dit.named_parameters():
        if ".lora_" in name:
            parameter.requires_grad_(False)
