"""SparseDiT on a GPU against diffusers' class: bash tests/bench/gpu.sh prints a table, --json lines of JSON.

The published shape, 17.1 B weights in bfloat16, random and the same on both sides (aliased where neither
changes them), one picture of 1024 x 1024. Ways take turns in groups A B B A in one process; a ratio is the
median over groups of (B + B) / (A + A), a/a what two runs of the same code in a group differ by. Theirs is
the faster of eager and compiled blocks. Sections: the ceiling of matrix products; one pass in bfloat16, in
fp8, and as a CUDA graph at 512 x 512; a whole Dev picture with its text given; peak memory of the loop.
Errors are relative, against diffusers' class: with random weights they say what rounding does, not what
pictures look like. --dry runs the same code, small and on the processor.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers import AutoencoderKL, FlowMatchLCMScheduler, HiDreamImagePipeline
from diffusers import HiDreamImageTransformer2DModel as TheirTransformer
from torch import Tensor

from engines.errors import EngineError
from engines.ladder import Precision
from engines.quantize import quantize
from engines.sampling import denoise, draw_noise, official_scheduler, seeded, start
from engines.sparse_dit import Captured, SparseDiT
from engines.sparse_dit.attention import name_attention
from engines.text import TextContext
from engines.vae import Vae
from engines.velocity import prompt_velocity
from tests.bench.dit import TINY
from tests.bench.memory import PUBLISHED, random_context

Run = Callable[[], Tensor]

USEFUL_TFLOP = 77.79
"""Of one pass of the published network at 1024 x 1024, counted as the reference computes it."""
VAE = {
    "latent_channels": 16,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What is measured where: latent sides of a picture (8 pixels each), and how often."""

    device: torch.device
    keys: dict[str, Any]
    vae: dict[str, Any]
    side: int
    num_groups: int
    num_steps: int
    deadline: float

    def latents(self, side: int | None = None) -> Tensor:
        side = side or self.side
        shape = (1, self.keys["in_channels"], side, side)
        return torch.randn(shape, device=self.device, dtype=torch.bfloat16)

    def context(self) -> TextContext:
        return random_context(self.keys, 1).to(self.device, torch.bfloat16)

    def require_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise TimeoutError("left out: the time for this bench is used up")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--dry", action="store_true", help="small, on the processor")
    options.add_argument("--json", action="store_true", help="lines of JSON instead of a table")
    options.add_argument(
        "--minutes", type=float, default=7.5, help="sections that would begin later are left out"
    )
    chosen = options.parse_args()
    if not chosen.dry and not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device: run it on one, or try --dry.")
    bench = choose(chosen.dry, time.monotonic() + 60 * chosen.minutes)
    for row in measure(bench):
        print(json.dumps(row) if chosen.json else line(row), flush=True)


def choose(is_dry: bool, deadline: float) -> Bench:
    if is_dry:
        small = {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1}
        return Bench(
            device=torch.device("cpu"),
            keys=TINY | {"in_channels": 16, "out_channels": 16},
            vae=VAE | small | {"latent_channels": 16},
            side=16,
            num_groups=3,
            num_steps=4,
            deadline=deadline,
        )
    return Bench(
        device=torch.device("cuda"),
        keys=PUBLISHED,
        vae=VAE,
        side=128,
        num_groups=5,
        num_steps=28,
        deadline=deadline,
    )


@torch.no_grad()
def measure(bench: Bench) -> Iterator[dict[str, Any]]:
    """One row a section; a section that cannot run says why, and the others go on."""
    theirs, ours = build(bench)
    yield {
        "section": "set-up",
        "device": torch.cuda.get_device_name() if bench.device.type == "cuda" else "processor, dry run",
        "torch": torch.__version__,
        "attention": name_attention(bench.device, torch.bfloat16),
        "parameters": sum(each.numel() for each in theirs.parameters()),
    }
    sections: tuple[Callable[[Bench, Any, SparseDiT], dict[str, Any]], ...] = (
        ceiling,
        one_pass,
        dev_picture,
        graph,
        fp8,
        memory,
    )
    rate = 0.0
    for section in sections:
        row: dict[str, Any] = {"section": section.__name__.replace("_", " ")}
        try:
            bench.require_time()
            row |= section(bench, theirs, ours)
        except (TimeoutError, EngineError, RuntimeError, AssertionError, NotImplementedError) as error:
            row |= {"did not run": str(error).partition("\n")[0]}
        rate = row.get("tflop_per_s", rate)
        if section is one_pass and "ours_ms" in row and bench.device.type == "cuda":
            row["of_ceiling"] = round(USEFUL_TFLOP / (row["ours_ms"] / 1e3) / rate, 3)
        yield row
        settle(bench)


def build(bench: Bench) -> tuple[Any, SparseDiT]:
    """diffusers' class with random weights on the device, and ours over the same tensors, then fused."""
    torch.manual_seed(0)
    with torch.device("meta"):
        theirs = cast(Any, TheirTransformer)(**bench.keys)
        ours = SparseDiT(**bench.keys).bfloat16()
    theirs = theirs.bfloat16().to_empty(device=bench.device).eval()
    for parameter in theirs.parameters():
        parameter.normal_(std=0.5 / max(parameter.shape[-1], 16) ** 0.5)
    ours.load_state_dict(theirs.state_dict(), assign=True)
    return theirs, ours.eval().requires_grad_(False).fuse()


def ceiling(bench: Bench, theirs: Any, ours: SparseDiT) -> dict[str, Any]:
    """The fastest of this network's own large products."""
    width = ours.architecture.width
    rates = []
    for rows, columns in ((4480, 3 * width), (8960, 4 * width)):
        x = torch.randn(rows, width, device=bench.device, dtype=torch.bfloat16)
        weight = torch.randn(columns, width, device=bench.device, dtype=torch.bfloat16)
        taken = min(seconds(bench, lambda x=x, weight=weight: x @ weight.T) for _ in range(20))
        rates.append(2 * rows * columns * width / taken / 1e12)
    return {"tflop_per_s": round(max(rates), 2)}


def one_pass(bench: Bench, theirs: Any, ours: SparseDiT) -> dict[str, Any]:
    """A denoising step in bfloat16, ours with the prompt prepared, the best of both sides."""
    runs = passes(bench, theirs, ours)
    ways = {
        "ours": runs["ours"],
        "ours, compiled": compiled(ours, runs["ours"]),
        "theirs": runs["theirs"],
        "theirs, compiled": compiled(theirs, runs["theirs"]),
    }
    best = {side: fastest(bench, ways, side) for side in ("ours", "theirs")}
    row = take_turns(bench, ways[best["ours"]], ways[best["theirs"]])
    return row | {"ways": list(best.values()), "error": error(runs["ours"](), runs["theirs"]())}


def fp8(bench: Bench, theirs: Any, ours: SparseDiT) -> dict[str, Any]:
    """The same step with linear layers in fp8, against diffusers in bfloat16."""
    with torch.device("meta"):
        small = SparseDiT(**bench.keys).bfloat16()
    small.load_state_dict(theirs.state_dict(), assign=True)
    before = {name: type(each) for name, each in small.named_parameters()}
    quantize(small.eval().requires_grad_(False), Precision.FP8)
    if before == {name: type(each) for name, each in small.named_parameters()}:
        raise EngineError("no layer of this network is large enough for fp8")
    runs = passes(bench, theirs, small)
    ways = {"ours": runs["ours"], "ours, compiled": compiled(small, runs["ours"])}
    best = fastest(bench, ways, "ours")
    row = take_turns(bench, ways[best], runs["theirs"])
    return row | {"ways": [best, "theirs"], "error": error(runs["ours"](), runs["theirs"]())}


def graph(bench: Bench, theirs: Any, ours: SparseDiT) -> dict[str, Any]:
    """A step at half the side, which waits for launches: replayed against run, both ours."""
    if bench.device.type != "cuda":
        raise EngineError("CUDA graphs need a CUDA device")
    latents = bench.latents(bench.side // 2)
    times = torch.linspace(999, 1, bench.num_steps, device=bench.device)
    prepared = ours.prepare(bench.context(), times, (bench.side // 2, bench.side // 2))
    captured = Captured(prepared)
    row = take_turns(bench, lambda: captured(latents, 3), lambda: prepared(latents, 3))
    return row | {"error": error(captured(latents, 3), prepared(latents, 3))}


def dev_picture(bench: Bench, theirs: Any, ours: SparseDiT) -> dict[str, Any]:
    """Dev's 28 steps and the decoder, text states given: from noise to pixels on the device."""
    model = cast(Any, AutoencoderKL)(**bench.vae).to(bench.device, torch.bfloat16).eval()
    vae, context = Vae(model), bench.context()
    pipeline = cast(Any, HiDreamImagePipeline)(
        scheduler=FlowMatchLCMScheduler(shift=6.0),
        vae=model,
        transformer=theirs,
        **{f"{part}{n}": None for part in ("text_encoder", "tokenizer") for n in ("", "_2", "_3", "_4")},
    )
    pipeline.set_progress_bar_config(disable=True)

    def draw() -> Tensor:
        scheduler = start(official_scheduler("lcm", 6.0), bench.num_steps, 6.0)
        sides = (bench.side, bench.side)
        velocity = prompt_velocity(ours, context, scheduler.timesteps, sides, positives=[0], guidance=0.0)
        generator = seeded(0)
        noise = draw_noise((1, bench.keys["in_channels"], *sides), generator, bench.device)
        return vae.decode(denoise(velocity, noise, scheduler, generator, lambda step, clean: None))

    def draw_with_diffusers() -> Tensor:
        drawn: Tensor = pipeline(
            height=8 * bench.side,
            width=8 * bench.side,
            num_inference_steps=bench.num_steps,
            guidance_scale=0.0,
            prompt_embeds_t5=context.t5_BTC,
            prompt_embeds_llama3=context.llama_LBTC,
            pooled_prompt_embeds=context.pooled_BC,
            generator=seeded(0),
            output_type="pt",
        ).images
        return drawn

    ways = {"ours": draw, "ours, compiled": compiled(ours, draw)}
    ways |= {"theirs": draw_with_diffusers, "theirs, compiled": compiled(theirs, draw_with_diffusers)}
    best = {side: fastest(bench, ways, side, num_rounds=2) for side in ("ours", "theirs")}
    row = take_turns(bench, ways[best["ours"]], ways[best["theirs"]], num_groups=3)
    note = {} if bench.side == 128 else {"note": "diffusers draws a megapixel, whatever is asked"}
    return row | {"ways": list(best.values()), "steps": bench.num_steps} | note


def memory(bench: Bench, theirs: Any, ours: SparseDiT) -> dict[str, Any]:
    """Peak of a step, weights and all, each network alone on the device."""
    if bench.device.type != "cuda":
        raise EngineError("memory is counted on a CUDA device; tests.bench.memory counts without one")
    runs = passes(bench, theirs, ours)
    ours.put_aside()
    theirs.to("cpu")
    ours_gb = peak_gb(bench, runs["ours"])
    ours.to("cpu")
    theirs.to(bench.device)
    theirs_gb = peak_gb(bench, runs["theirs"])
    return {"ours_gb": ours_gb, "theirs_gb": theirs_gb, "ratio": round(ours_gb / theirs_gb, 3)}


def passes(bench: Bench, theirs: Any, ours: SparseDiT) -> dict[str, Run]:
    context, latents = bench.context(), bench.latents()
    times = torch.linspace(999, 1, bench.num_steps, device=bench.device)
    prepared = ours.prepare(context, times, (bench.side, bench.side))
    inputs = {
        "hidden_states": latents,
        "timesteps": times[3:4],
        "encoder_hidden_states_t5": context.t5_BTC,
        "encoder_hidden_states_llama3": context.llama_LBTC,
        "pooled_embeds": context.pooled_BC,
    }
    return {"ours": lambda: prepared(latents, 3), "theirs": lambda: theirs(**inputs)[0]}


def compiled(model: Any, run: Run) -> Run:
    """`run` with every block of the model compiled, for the time of the run only."""
    blocks = [each.block for each in (*model.double_stream_blocks, *model.single_stream_blocks)]
    calls = []
    for block in blocks:
        if block._compiled_call_impl is None:
            block.compile(dynamic=False)
        calls.append(block._compiled_call_impl)
        block._compiled_call_impl = None

    def with_compiled_blocks() -> Tensor:
        for block, call in zip(blocks, calls, strict=True):
            block._compiled_call_impl = call
        try:
            return run()
        finally:
            for block in blocks:
                block._compiled_call_impl = None

    return with_compiled_blocks


def fastest(bench: Bench, ways: dict[str, Run], side: str, num_rounds: int = 4) -> str:
    """The fastest way of a side whose code runs; the first round does not count, and compiles."""
    least: dict[str, float] = {}
    for name in (name for name in ways if name.startswith(side)):
        with contextlib.suppress(torch._dynamo.exc.TorchDynamoException):
            least[name] = min([seconds(bench, ways[name]) for _ in range(num_rounds)][1:])
    return min(least, key=lambda name: least[name])


def take_turns(bench: Bench, ours: Run, theirs: Run, num_groups: int | None = None) -> dict[str, Any]:
    groups = []
    for _ in range(num_groups or bench.num_groups):
        groups.append([seconds(bench, run) for run in (ours, theirs, theirs, ours)])
    same = [x for a1, b1, b2, a2 in groups for x in (a2 / a1, b2 / b1)]
    return {
        "ours_ms": round(1e3 * statistics.median(x for a1, _, _, a2 in groups for x in (a1, a2)), 2),
        "theirs_ms": round(1e3 * statistics.median(x for _, b1, b2, _ in groups for x in (b1, b2)), 2),
        "ratio": round(statistics.median((b1 + b2) / (a1 + a2) for a1, b1, b2, a2 in groups), 3),
        "a/a": [round(min(same), 3), round(max(same), 3)],
    }


def seconds(bench: Bench, run: Run) -> float:
    synchronize(bench)
    begin = time.perf_counter()
    run()
    synchronize(bench)
    return time.perf_counter() - begin


def synchronize(bench: Bench) -> None:
    if bench.device.type == "cuda":
        torch.cuda.synchronize()


def settle(bench: Bench) -> None:
    gc.collect()
    if bench.device.type == "cuda":
        torch.cuda.empty_cache()


def peak_gb(bench: Bench, run: Run) -> float:
    settle(bench)
    torch.cuda.reset_peak_memory_stats()
    run()
    synchronize(bench)
    return round(torch.cuda.max_memory_allocated() / 1e9, 2)


def error(found: Tensor, expected: Tensor) -> float:
    return float(f"{(found.float() - expected.float()).norm() / expected.float().norm():.3g}")


def line(row: dict[str, Any]) -> str:
    facts = [f"{name} {value}" for name, value in row.items() if name != "section"]
    return f"{row['section']:<12} {'   '.join(facts)}"


if __name__ == "__main__":
    main()
