"""SparseDiT against diffusers' class, side by side in one process: python -m tests.bench.dit

Prints a line of JSON for each case. Both hold the same random weights and see the same inputs. They take
turns in groups A B B A, timed in CPU time of one thread, so that a busy machine slows both; a group's ratio
is (B + B) / (A + A), a/a is what two runs of the same code in a group differ by. Every way to run is
measured (eager, each block compiled, small networks also compiled whole; ours also with the prompt prepared,
as a loop can run it), and the best of ours stands against the best of diffusers. Errors are relative,
against diffusers in float32 on the same numbers.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from diffusers import HiDreamImageTransformer2DModel
from torch import Tensor

from engines.sparse_dit import SparseDiT
from engines.sparse_dit.attention import name_attention
from engines.sparse_dit.moe import MoEFeedForward
from engines.text import TextContext

Run = Callable[[], Tensor]

TINY: dict[str, Any] = {
    "patch_size": 2,
    "in_channels": 4,
    "out_channels": 4,
    "num_layers": 2,
    "num_single_layers": 2,
    "attention_head_dim": 16,
    "num_attention_heads": 3,
    "caption_channels": [24, 40],
    "text_emb_dim": 20,
    "num_routed_experts": 4,
    "num_activated_experts": 2,
    "axes_dims_rope": [8, 4, 4],
    "max_resolution": [16, 16],
    "llama_layers": [0, 1, 2, 2],
}
STICKERS: dict[str, Any] = TINY | {
    "in_channels": 16,
    "out_channels": 16,
    "num_single_layers": 4,
    "attention_head_dim": 32,
    "num_attention_heads": 4,
    "caption_channels": [128, 128],
    "text_emb_dim": 256,
    "axes_dims_rope": [16, 8, 8],
    "max_resolution": [16, 32],
    "llama_layers": [0, 1, 2, 3, 3, 3],
}
MIDDLE: dict[str, Any] = STICKERS | {
    "num_layers": 4,
    "num_single_layers": 8,
    "attention_head_dim": 64,
    "num_attention_heads": 10,
    "axes_dims_rope": [32, 16, 16],
    "max_resolution": [64, 64],
    "llama_layers": [0, 1, 2, *[3] * 9],
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One comparison. `skew` is added to the logits of the first experts of every gate, more or less."""

    name: str
    keys: dict[str, Any]
    batch: int
    latent: tuple[int, int]
    num_text: int
    dtype: torch.dtype = torch.float32
    kept_width: int | None = None
    skew: tuple[float, ...] = ()
    is_training: bool = False
    compiles_whole: bool = False


middle = partial(Case, keys=MIDDLE, batch=1, num_text=128, dtype=torch.bfloat16)
stickers = partial(Case, keys=STICKERS, num_text=24)
CASES = (
    Case(name="tiny", keys=TINY, batch=2, latent=(16, 16), num_text=16, compiles_whole=True),
    stickers(name="stickers, one guided step", batch=2, latent=(16, 16), compiles_whole=True),
    stickers(name="stickers, one edit step", batch=3, latent=(16, 32), kept_width=16, compiles_whole=True),
    stickers(name="stickers, training", batch=16, latent=(16, 16), is_training=True, dtype=torch.bfloat16),
    middle(name="middle, square", latent=(64, 64)),
    middle(name="middle, most tokens to one expert", latent=(64, 64), skew=(4.0, 1.0)),
    middle(name="middle, all tokens to two experts", latent=(64, 64), skew=(40.0, 40.0)),
    middle(name="middle, not square, padding 62 %", latent=(32, 48)),
    middle(name="middle, edit pair, padding 62 %", latent=(32, 48), kept_width=24),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--groups", type=int, default=5, help="groups of A B B A, at least 3")
    options.add_argument("--cases", default="", help="only cases whose name begins with this")
    options.add_argument("--eager-only", action="store_true", help="compile nothing: minutes less")
    settings = options.parse_args()
    torch.set_num_threads(1)
    for case in CASES:
        if case.name.startswith(settings.cases):
            compiles = not settings.eager_only and not case.is_training
            print(json.dumps(compare(case, settings.groups, compiles)), flush=True)


def compare(case: Case, num_groups: int, compiles: bool) -> dict[str, Any]:
    """One case: which way is best on either side, the ratio group by group, and the errors."""
    ours, theirs, inputs = build(case)
    row: dict[str, Any] = {"case": case.name, "dtype": str(case.dtype), "torch": torch.__version__}
    if case.is_training:
        ours.unfuse()  # as the stages train it
        return row | take_turns(train(ours.train(), inputs), train(theirs.train(), inputs), num_groups)
    with torch.no_grad():
        row |= {"attention": name_attention(torch.device("cpu"), case.dtype), "loads": loads(ours, inputs)}
        ways = ways_of_ours(ours, inputs, case), ways_of_theirs(theirs, inputs)
        if compiles:
            ways = (
                ways[0] | compiled(ours, ways[0], case.compiles_whole),
                ways[1] | compiled(theirs, ways[1], case.compiles_whole),
            )
        best = [fastest(side) for side in ways]
        row |= {"ours": best[0], "diffusers": best[1]}
        row |= take_turns(ways[0][best[0]], ways[1][best[1]], num_groups)
        return row | errors(ways[0][best[0]](), ways[1][best[1]](), theirs, inputs, case)


def build(case: Case) -> tuple[SparseDiT, Any, dict[str, Tensor]]:
    torch.manual_seed(0)
    ours = SparseDiT(**case.keys).to(case.dtype).eval()
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.normal_(std=0.5 / max(parameter.shape[-1], 16) ** 0.5)
    inputs = random_inputs(case)
    if case.skew:
        skew_gates(ours, inputs, case.skew)
    theirs = cast(Any, HiDreamImageTransformer2DModel)(**case.keys).to(case.dtype).eval()
    theirs.load_state_dict(ours.state_dict())
    return ours.fuse(), theirs, inputs


def ways_of_ours(ours: SparseDiT, inputs: Mapping[str, Tensor], case: Case) -> dict[str, Run]:
    context = TextContext(
        t5_BTC=inputs["encoder_hidden_states_t5"],
        llama_LBTC=inputs["encoder_hidden_states_llama3"],
        pooled_BC=inputs["pooled_embeds"],
    )
    prepared = ours.prepare(context, inputs["timesteps"][:1], case.latent, case.kept_width)
    return {
        "forward, eager": lambda: ours(**inputs).sample[..., : case.kept_width],
        "prepared, eager": lambda: prepared(inputs["hidden_states"], 0),
    }


def ways_of_theirs(theirs: Any, inputs: Mapping[str, Tensor]) -> dict[str, Run]:
    return {"forward, eager": lambda: theirs(**inputs)[0]}


def compiled(model: Any, ways: Mapping[str, Run], is_whole: bool) -> dict[str, Run]:
    """The same runs with every block compiled, and the whole network, each switched on for its own runs."""
    torch.compiler.reset()
    blocks = [each.block for each in (*model.double_stream_blocks, *model.single_stream_blocks)]
    kinds = {"blocks compiled": blocks} | ({"compiled": [model]} if is_whole else {})
    return {
        name.replace("eager", kind): partial(run_compiled, compiled_calls(modules), eager)
        for kind, modules in kinds.items()
        for name, eager in ways.items()
    }


def compiled_calls(modules: list[Any]) -> dict[Any, Callable[..., Any]]:
    calls = {}
    for module in modules:
        module.compile(dynamic=False)
        calls[module], module._compiled_call_impl = module._compiled_call_impl, None
    return calls


def run_compiled(calls: Mapping[Any, Callable[..., Any]], eager: Run) -> Tensor:
    for module, call in calls.items():
        module._compiled_call_impl = call
    try:
        return eager()
    finally:
        for module in calls:
            module._compiled_call_impl = None


def take_turns(ours: Callable[[], object], theirs: Callable[[], object], num_groups: int) -> dict[str, Any]:
    """CPU seconds in groups A B B A, after one of each that does not count."""
    groups = []
    for index in range(num_groups + 1):
        group = [seconds(run) for run in (ours, theirs, theirs, ours)]
        if index:
            groups.append(group)
    ratios = [(b1 + b2) / (a1 + a2) for a1, b1, b2, a2 in groups]
    same = [x for a1, b1, b2, a2 in groups for x in (a2 / a1, b2 / b1)]
    return {
        "ours_ms": round(1e3 * statistics.median(x for a1, _, _, a2 in groups for x in (a1, a2)), 2),
        "diffusers_ms": round(1e3 * statistics.median(x for _, b1, b2, _ in groups for x in (b1, b2)), 2),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "a/a": [round(min(same), 3), round(max(same), 3)],
    }


def fastest(ways: Mapping[str, Run], num_rounds: int = 8) -> str:
    """The way with the least CPU time; the ways take turns, and the first round does not count."""
    rounds = [{name: seconds(run) for name, run in ways.items()} for _ in range(num_rounds)]
    return min(ways, key=lambda name: min(each[name] for each in rounds[1:]))


def seconds(run: Callable[[], object]) -> float:
    """CPU time of one run."""
    start = time.process_time()
    run()
    return time.process_time() - start


def errors(
    ours: Tensor, theirs: Tensor, model: Any, inputs: Mapping[str, Tensor], case: Case
) -> dict[str, float]:
    """|x - reference| / |reference| of both, the reference being diffusers' class in float32."""
    reference = copy.deepcopy(model).float()(**{name: value.float() for name, value in inputs.items()})[0]
    kept = slice(case.kept_width)

    def error(sample: Tensor) -> float:
        difference = sample[..., kept].double() - reference[..., kept].double()
        return float(f"{difference.norm() / reference[..., kept].double().norm():.3g}")

    return {"error_ours": error(ours), "error_diffusers": error(theirs)}


def train(model: Any, inputs: Mapping[str, Tensor]) -> Callable[[], None]:
    def run() -> None:
        model.zero_grad(set_to_none=True)
        torch.autograd.backward(model(**inputs)[0].square().mean())

    return run


def gates(model: SparseDiT) -> Iterator[torch.nn.Module]:
    yield from (each.gate for each in model.modules() if isinstance(each, MoEFeedForward))


@torch.no_grad()
def skew_gates(model: SparseDiT, inputs: Mapping[str, Tensor], skew: tuple[float, ...]) -> None:
    """Turn the first experts' weights towards what all rows of a gate share, one gate after the other."""
    for gate in gates(model):
        rows: list[Tensor] = []
        handle = gate.register_forward_pre_hook(lambda module, args, rows=rows: rows.append(args[0]))
        model(**inputs)
        handle.remove()
        mean_D = rows[0].float().mean(dim=0)
        for index, logit in enumerate(skew):
            gate.get_parameter("weight")[index] += logit * mean_D / mean_D.square().sum()


@torch.no_grad()
def loads(model: SparseDiT, inputs: Mapping[str, Tensor]) -> list[float]:
    """Each expert's share of the assignments, mean over the blocks."""
    with torch.enable_grad():
        router = model(**inputs).router
    if not router:
        return []
    return [round(float(x), 3) for x in torch.stack([each.load_E for each in router]).mean(dim=0)]


def random_inputs(case: Case) -> dict[str, Tensor]:
    t5_width, llama_width = case.keys["caption_channels"]
    num_states = max(case.keys["llama_layers"]) + 1
    shapes = {
        "hidden_states": (case.batch, case.keys["in_channels"], *case.latent),
        "encoder_hidden_states_t5": (case.batch, case.num_text, t5_width),
        "encoder_hidden_states_llama3": (num_states, case.batch, case.num_text, llama_width),
        "pooled_embeds": (case.batch, case.keys["text_emb_dim"]),
    }
    inputs = {name: torch.randn(shape).to(case.dtype) for name, shape in shapes.items()}
    return inputs | {"timesteps": torch.full((case.batch,), 500.0)}


if __name__ == "__main__":
    main()
