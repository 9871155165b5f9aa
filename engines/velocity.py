"""What moves the latents: the network's passes under guidance, their prompt prepared once a run."""

# S steps of the run

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engines.guidance import guide, guide_edit, guide_edit_clipped
from engines.presets import ALWAYS, Interval
from engines.ranks import Ranks
from engines.sampling import Velocity
from engines.sparse_dit import Captured, Prepared, SparseDiT
from engines.text import TextContext

__all__ = ["Network", "edit_velocity", "prompt_velocity"]


class Network:
    """noise - clean in float32 at the times of a run; the network predicts its negative.

    `context` holds the texts that passes choose among, `latent_size` is height and width of the latents;
    only the left `kept_width` columns are wanted. With `ranks`, each of them reads some of the samples. With
    a threshold `step_cache` above 0 each of the `num_pictures` leaves out what it can, its passes together:
    guidance would multiply what one of them leaves out alone.
    """

    def __init__(
        self,
        dit: SparseDiT,
        context: TextContext,
        times_S: Tensor,
        latent_size: tuple[int, int],
        kept_width: int | None = None,
        ranks: Ranks | None = None,
        step_cache: float = 0.0,
        num_pictures: int = 1,
    ) -> None:
        self.dtype = dit.dtype
        self.step_cache, self.num_pictures = step_cache, num_pictures
        self.captures = dit.captures_graphs and dit.device.type == "cuda"
        self.steps = {float(time): step for step, time in enumerate(times_S)}
        self.prepared = dit.prepare(context, times_S, latent_size, kept_width)
        self.ranks = ranks
        self.sample_shape = (dit.config.out_channels, latent_size[0], kept_width or latent_size[1])

    def reading(self, texts: Sequence[int]) -> Velocity:
        """Passes whose samples, picture by picture for each condition, read the texts at these indices."""
        if self.ranks is not None:
            return self.ranks.share(texts, self.reading_here, self.sample_shape)
        return self.reading_here(texts)

    def reading_here(self, texts: Sequence[int]) -> Velocity:
        """The same with all of them read by this process."""
        if self.step_cache:
            return each_picture(
                [
                    self.running(
                        self.prepared.samples(*texts[i :: self.num_pictures]).with_step_cache(self.step_cache)
                    )
                    for i in range(self.num_pictures)
                ]
            )
        prepared = self.prepared.samples(*texts)
        return self.running(Captured(prepared) if self.captures else prepared)

    def running(self, step_of: Prepared | Captured) -> Velocity:
        def velocity(latents_BCHW: Tensor, time: Tensor) -> Tensor:
            return -step_of(latents_BCHW.to(self.dtype), self.steps[float(time)]).float()

        return velocity


def each_picture(velocities: Sequence[Velocity]) -> Velocity:
    """Each for all samples of one picture; a batch holds, for each condition, one sample of every picture."""

    def velocity(latents_BCHW: Tensor, time: Tensor) -> Tensor:
        n = len(velocities)
        predicted = [each(latents_BCHW[i::n], time) for i, each in enumerate(velocities)]
        return torch.stack(predicted, dim=1).flatten(0, 1)

    return velocity


def prompt_velocity(
    dit: SparseDiT,
    context: TextContext,
    times_S: Tensor,
    latent_size: tuple[int, int],
    *,
    positives: Sequence[int],
    guidance: float,
    guided: Interval = ALWAYS,
    step_cache: float = 0.0,
    ranks: Ranks | None = None,
) -> Velocity:
    """Velocity under classifier-free guidance, none at 1 and below, nor at sigmas outside `guided`.

    `context` holds the negative text first, unless there is no guidance; `positives` names a text for each
    picture.
    """
    network = Network(
        dit,
        context,
        times_S,
        latent_size,
        ranks=ranks,
        step_cache=step_cache,
        num_pictures=len(positives),
    )
    alone = network.reading(positives)
    if guidance <= 1:
        return alone
    together = network.reading([*[0] * len(positives), *positives])

    def velocity(latents: Tensor, time: Tensor) -> Tensor:
        if not is_within(time, guided):
            return alone(latents, time)
        v_negative, v_positive = together(torch.cat([latents, latents]), time).chunk(2)
        return guide(v_negative, v_positive, guidance)

    return velocity


def edit_velocity(
    dit: SparseDiT,
    context: TextContext,
    times_S: Tensor,
    source_BCHW: Tensor,
    *,
    instructions: Sequence[int],
    guidance: float,
    image_guidance: float,
    is_clipped: bool,
    guided: Interval = ALWAYS,
    step_cache: float = 0.0,
    ranks: Ranks | None = None,
) -> Velocity:
    """Velocity of the target half under two conditions; the full pass runs alone at guidance 1 and below, and
    at sigmas outside `guided`.

    `context` holds the negative text first, unless there is no guidance; `instructions` names a text for
    each source.
    Three passes see sources [none, source, source]; their texts are [negative, negative, instruction], or
    with clipped guidance [instruction, negative, instruction].
    """
    height, width = source_BCHW.shape[-2:]
    network = Network(
        dit,
        context,
        times_S,
        (height, 2 * width),
        kept_width=width,
        ranks=ranks,
        step_cache=step_cache,
        num_pictures=len(instructions),
    )
    full = network.reading(instructions)

    def alone(latents: Tensor, time: Tensor) -> Tensor:
        return full(torch.cat([latents, source_BCHW], dim=-1), time)

    if guidance <= 1:
        return alone
    negatives = [0] * len(instructions)
    first_texts = instructions if is_clipped else negatives
    together = network.reading([*first_texts, *negatives, *instructions])
    sources = torch.cat([torch.zeros_like(source_BCHW), source_BCHW, source_BCHW])
    combine = guide_edit_clipped if is_clipped else guide_edit

    def velocity(latents: Tensor, time: Tensor) -> Tensor:
        if not is_within(time, guided):
            return alone(latents, time)
        pair = torch.cat([latents.repeat(3, 1, 1, 1), sources], dim=-1)
        first, v_source, v_full = together(pair, time).chunk(3)
        return combine(first, v_source, v_full, guidance, image_guidance)

    return velocity


def is_within(time: Tensor, sigmas: Interval) -> bool:
    low, high = sigmas
    return low <= float(time) / 1000 <= high
