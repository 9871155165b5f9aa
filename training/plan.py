"""`python -m training plan --recipe hidream_i1 --gpus 64`: what a run at full size takes, before it is begun.

The network is built on the meta device, so the counts are those of the code that trains and hold no memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from engines.sparse_dit import SparseDiT
from engines.sparse_dit.config import SparseDiTConfig
from training.cluster_recipes import CLUSTER_RECIPES, ClusterStage, find_cluster_recipe
from training.errors import BadRecipe
from training.loop import Say
from training.materialize import on_meta

__all__ = ["add_arguments", "estimate", "forward_flops", "launch_line", "run"]

TEXT_TOKENS = 128
NUM_TEXTS = 3
"""T5's states, the last Llama state and a block's own stand beside the picture in every block."""
ENCODER_PARAMETERS = 4.76e9 + 8.03e9 + 0.69e9 + 0.12e9
"""T5-XXL's encoder, Llama 3.1 8B, CLIP bigG's and CLIP L's text models; the CLIPs' time counts nothing."""
READING_PARAMETERS = 4.76e9 + 8.03e9
BYTES = {"masters": 4, "Adam's moments": 8, "moving average": 4, "gradients": 4}
"""Of float32 state a parameter, all sharded."""
RECOMPUTED = 4
"""Passes forward, with gradient checkpointing: one, its repetition, and a backward worth two."""
LLAMA_STATES, LLAMA_WIDTH, LLAMA_WORDS = 32, 4096, 128_256


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Of one stage. Memory in bytes a GPU, by part; `petaflop` of one sample, forward and backward."""

    stage: ClusterStage
    num_tokens: int
    num_samples: int
    petaflop: float
    days: float
    memory: dict[str, float]

    @property
    def total_gb(self) -> float:
        return sum(self.memory.values()) / 1e9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training plan`."""
    parser.add_argument("--recipe", default="hidream_i1", help=f"one of: {', '.join(CLUSTER_RECIPES)}")
    parser.add_argument("--gpus", type=int, default=64)
    parser.add_argument("--gpus-a-node", type=int, default=8)
    parser.add_argument("--gpu-gb", type=float, default=80.0, help="memory of one GPU")
    parser.add_argument(
        "--teraflops", type=float, default=400.0, help="sustained by one GPU in bfloat16: an assumption"
    )


def run(args: argparse.Namespace, say: Say) -> int:
    """Print the plan. 1 when a stage does not fit. Raises BadRecipe."""
    recipe = find_cluster_recipe(args.recipe)
    if min(args.gpus, args.gpus_a_node) < 1 or min(args.gpu_gb, args.teraflops) <= 0:
        raise BadRecipe("--gpus, --gpus-a-node, --gpu-gb and --teraflops must be above 0.")
    network = on_meta(recipe.config)
    say(
        f"{recipe.name}: {num_parameters(network) / 1e9:.2f} B parameters, of which "
        f"{active_parameters(network) / 1e9:.2f} B see each image token; {args.gpus} GPUs, FSDP2, bfloat16 "
        "with float32 masters, gradient checkpointing, latents cached"
    )
    estimates = [
        estimate(network, stage, args.gpus, args.teraflops, recipe.step_px) for stage in recipe.stages
    ]
    for each in estimates:
        stage = each.stage
        say(
            f"{stage.name:<14} {stage.num_steps:>8,} steps x {stage.global_batch(args.gpus):>6,} = "
            f"{each.num_samples / 1e6:>8.1f} M samples, {each.num_tokens:>5,} image tokens, rate "
            f"{stage.learning_rate:g}, {each.petaflop:6.2f} PFLOP a sample, {each.days:6.1f} days, "
            f"{each.total_gb:5.1f} GB a GPU"
        )
    largest = max(estimates, key=lambda each: each.total_gb)
    parts = ", ".join(f"{name} {size / 1e9:.1f}" for name, size in largest.memory.items())
    say(f"Memory of {largest.stage.name}, GB a GPU: {parts}")
    days = sum(each.days for each in estimates)
    say(f"In all {days:.0f} days at {args.teraflops:g} TFLOP/s sustained a GPU (assumed, not measured).")
    fits = largest.total_gb <= args.gpu_gb
    if not fits:
        say(f"{largest.stage.name} does not fit into {args.gpu_gb:g} GB: take more GPUs or a smaller batch.")
    say(f"To start it: {launch_line(recipe.name, args.gpus, args.gpus_a_node)}")
    return 0 if fits else 1


def launch_line(recipe: str, num_gpus: int, gpus_a_node: int) -> str:
    """The command that each machine runs."""
    nodes, local = -(-num_gpus // gpus_a_node), min(num_gpus, gpus_a_node)
    where = (
        f"--nnodes {nodes} --rdzv-backend c10d --rdzv-endpoint HOST:29500" if nodes > 1 else "--standalone"
    )
    return (
        f"torchrun {where} --nproc-per-node {local} -m training pretrain --recipe {recipe} "
        "--data SHARDS --weights FOLDER"
    )


def estimate(
    network: SparseDiT, stage: ClusterStage, num_gpus: int, teraflops: float, step_px: int = 16
) -> Estimate:
    """Of square pictures, whose sides are so many times `step_px`: the most tokens of the stage."""
    num_tokens = (stage.resolution_px // step_px) ** 2
    reading = 2 * READING_PARAMETERS * TEXT_TOKENS
    flops = RECOMPUTED * forward_flops(network, num_tokens, TEXT_TOKENS) + reading
    num_samples = stage.num_steps * stage.global_batch(num_gpus)
    local = stage.at_once(num_gpus)
    seconds = num_samples * flops / (num_gpus * teraflops * 1e12)
    return Estimate(
        stage=stage,
        num_tokens=num_tokens,
        num_samples=num_samples,
        petaflop=flops / 1e15,
        days=seconds / 86_400,
        memory=memory_by_part(network, num_tokens, local, num_gpus),
    )


def memory_by_part(network: SparseDiT, num_tokens: int, batch: int, num_gpus: int) -> dict[str, float]:
    """Bytes on one GPU. Activations: the rows that enter each block, and all of one block, made again."""
    count = num_parameters(network)
    blocks = list(blocks_of(network))
    largest = max(num_parameters(block) for block in blocks)
    rows = batch * (num_tokens + NUM_TEXTS * TEXT_TOKENS)
    inside = max(
        sum(share * linear.out_features for _, linear, share in linears_of(block, network.architecture))
        for block in blocks
    )
    outside = count - sum(num_parameters(block) for block in blocks)
    texts, width = batch * TEXT_TOKENS, network.architecture.width
    return {
        **{name: size * count / num_gpus for name, size in BYTES.items()},
        # A block and the one that comes next; what is outside of blocks with its gradient, all the while.
        "gathered blocks": 2 * 2.0 * largest,
        "gathered rest": 2 * 2.0 * outside,
        "text encoders": 2 * ENCODER_PARAMETERS / num_gpus + 2.0 * LLAMA_WORDS * LLAMA_WIDTH,
        "texts": 2.0
        * texts
        * ((LLAMA_STATES + 1) * LLAMA_WIDTH + (len(blocks) + 1) * network.architecture.width),
        "block inputs": 2.0 * rows * width * len(blocks),
        "one block's inside": 2 * 2.0 * rows * inside,
    }


def forward_flops(network: SparseDiT, num_tokens: int, text_tokens: int) -> float:
    """Of one sample's pass: two for each weight and row that meets it, and attention's products."""
    config = network.architecture
    flops = attention_flops(config, num_tokens, text_tokens)
    for index, block in enumerate(blocks_of(network)):
        is_dual, going_on = index < config.num_layers, texts_going_on(config, index, text_tokens)
        routed_rows = num_tokens if is_dual else num_tokens + going_on
        flops += 2.0 * config.num_routed_experts * config.width * routed_rows
        for name, linear, share in linears_of(block, config):
            texts = NUM_TEXTS * text_tokens if is_key_or_value(name) else going_on
            if "adaLN" in name:
                seen = 1
            elif is_dual:
                seen = texts if is_of_text(name) else num_tokens
            else:
                seen = num_tokens + texts
            flops += 2.0 * linear.weight.numel() * share * seen
    projections = [module for name, module in network.named_modules() if is_projection(name, module)]
    return flops + sum(2.0 * num_parameters(each) * text_tokens for each in projections)


def attention_flops(config: SparseDiTConfig, num_tokens: int, text_tokens: int) -> float:
    """Of queries with keys and of weights with values, in all blocks."""
    keys = num_tokens + NUM_TEXTS * text_tokens
    return sum(
        4.0 * (num_tokens + texts_going_on(config, index, text_tokens)) * keys * config.width
        for index in range(config.num_layers + config.num_single_layers)
    )


def texts_going_on(config: SparseDiTConfig, index: int, text_tokens: int) -> int:
    """A block's own Llama rows give keys and values alone, and of the last block only the picture goes on."""
    is_last = index == config.num_layers + config.num_single_layers - 1
    return 0 if is_last else (NUM_TEXTS - 1) * text_tokens


def is_key_or_value(name: str) -> bool:
    return name.split(".")[-1].removesuffix("_t") in ("to_k", "to_v")


def is_projection(name: str, module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) and name.startswith("caption_projection")


def is_of_text(name: str) -> bool:
    return name.split(".")[-1].endswith("_t") or ".ff_t." in f".{name}."


def linears_of(block: nn.Module, config: SparseDiTConfig) -> Iterator[tuple[str, nn.Linear, float]]:
    """Name, layer and the share of tokens that it sees: routed experts see those that chose them."""
    share = config.num_activated_experts / max(1, config.num_routed_experts)
    for name, module in block.named_modules():
        if isinstance(module, nn.Linear):
            is_routed = ".experts." in f".{name}." and "shared" not in name
            yield name, module, share if is_routed else 1.0


def active_parameters(network: SparseDiT) -> float:
    """Of the layers that an image token passes: routed experts by the share that is active."""
    return sum(
        share * linear.weight.numel()
        for block in blocks_of(network)
        for name, linear, share in linears_of(block, network.architecture)
        if "adaLN" not in name and not is_of_text(name)
    )


def blocks_of(network: SparseDiT) -> Iterator[nn.Module]:
    yield from network.double_stream_blocks
    yield from network.single_stream_blocks


def num_parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())
