"""Sigma grids against the official scripts' numbers, and the denoising loop on known velocities."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import UniPCMultistepScheduler
from torch import Tensor

from engines.errors import Cancelled, ModelNotFound, NonFiniteOutput, WeightsDamaged
from engines.flow import velocity
from engines.presets import GRIDS, Grid
from engines.sampling import Sampler, denoise, draw_noise, load_scheduler, official_scheduler, seeded, start

FULL_TIMES = """
999 993 986 980 973 965 958 950 943 934 926 917 908 899 890 880 870 859 848 837 825 813 800 787 773
759 744 728 712 695 677 659 639 619 597 574 551 525 499 471 441 409 375 339 300 259 215 167 116 60
"""
DIFFUSERS_TIMES = """
999 993 986 979 971 964 956 948 940 931 923 914 904 895 885 875 864 853 842 830 818 805 792 779 765
750 735 719 702 685 667 648 628 607 586 563 539 514 487 459 429 398 365 329 292 251 208 162 113 60
"""
OLDER_TIMES = """
999 992 985 978 971 963 956 948 939 931 922 913 904 894 884 874 864 853 841 829 817 805 792 778 764
749 734 718 701 684 666 647 627 606 585 562 538 512 486 458 428 396 363 327 290 249 206 160 111 57
"""
DEV_SIGMAS = """
1 .99367 .98693 .97973 .97202 .96376 .95488 .9453 .93494 .92371 .91148 .89812 .88347 .86731 .84942
.82949 .80717 .78198 .75333 .72048 .6824 .63776 .58469 .52056 .44151 .34164 .21148 .03478 0
"""
FAST_SIGMAS = """
1 .97682 .95138 .92334 .89229 .85769 .81892 .77517 .72542 .66833 .60215 .52453 .43223 .32062 .18297
.00893 0
"""


def nothing(step: int, clean: Tensor) -> None:
    """Report to nobody."""


def test_full_runs_at_the_official_times() -> None:
    scheduler = start(official_scheduler("unipc", 3.0), 50, 3.0)
    assert scheduler.timesteps.tolist() == [int(time) for time in FULL_TIMES.split()]


def test_the_official_start_is_kept_in_single_precision() -> None:
    """The script holds it so; in double precision the second of 82 times would be cut to 996."""
    scheduler = start(official_scheduler("unipc", 3.0), 82, 3.0)
    assert scheduler.timesteps[:3].tolist() == [999, 995, 992]


@pytest.mark.parametrize(
    ("grid", "times"), [("diffusers", DIFFUSERS_TIMES), ("diffusers-0.36", OLDER_TIMES)], ids=["now", "then"]
)
def test_full_runs_at_diffusers_times(grid: Grid, times: str) -> None:
    scheduler = start(official_scheduler("unipc", 3.0), 50, 3.0, grid)
    assert scheduler.timesteps.tolist() == [int(time) for time in times.split()]


def test_the_older_diffusers_grid_starts_at_0_999_and_ends_evenly() -> None:
    """sigma_i = 3 u / (1 + 2 u) with u = 0.999 (1 - i / N), written out."""
    starts = [0.999 * (1 - index / 50) for index in range(50)]
    expected = torch.tensor([*(3 * u / (1 + 2 * u) for u in starts), 0.0])
    scheduler = start(official_scheduler("unipc", 3.0), 50, 3.0, "diffusers-0.36")
    torch.testing.assert_close(scheduler.sigmas, expected, atol=1e-6, rtol=0)


def test_a_run_begins_at_its_first_step_where_two_times_are_cut_to_one() -> None:
    """diffusers alone would look 999 up, find the second step, and run out of sigmas at the end."""
    prototype = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=12.0, solver_order=2
    )
    scheduler = start(prototype, 100, None)
    assert scheduler.timesteps[0] == scheduler.timesteps[1] == 999
    denoise(lambda x, t: x * 0.1, torch.randn(1, 2, 4, 4), scheduler, seeded(0), nothing)
    assert scheduler.step_index == 100


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("num_steps", [1, 2, 14, 28])
def test_grids_descend_to_zero_at_any_length(grid: Grid, num_steps: int) -> None:
    sigmas = start(official_scheduler("unipc", 3.0), num_steps, 3.0, grid).sigmas
    assert len(sigmas) == num_steps + 1
    assert sigmas[-1] == 0
    assert (sigmas.diff() < 0).all()


@pytest.mark.parametrize(("shift", "sigmas"), [(6.0, DEV_SIGMAS), (3.0, FAST_SIGMAS)], ids=["dev", "fast"])
def test_students_run_at_the_official_sigmas(shift: float, sigmas: str) -> None:
    expected = torch.tensor([float(sigma) for sigma in sigmas.split()])
    scheduler = start(official_scheduler("lcm", shift), len(expected) - 1, shift)
    torch.testing.assert_close(scheduler.sigmas, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("sampler", ["unipc", "lcm"])
def test_the_true_velocity_leads_to_the_clean_latents(sampler: str) -> None:
    """With the velocity of one clean picture known everywhere, every sampler must land on it."""
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(1, 2, 4, 4), draw_noise((1, 2, 4, 4), generator, torch.device("cpu"))
    scheduler = start(official_scheduler(sampler, 3.0), 10, 3.0)  # type: ignore[arg-type]
    remaining = iter(scheduler.sigmas.tolist())

    def true_velocity(latents: Tensor, time: Tensor) -> Tensor:
        sigma = next(remaining)
        return velocity(clean, (latents - (1 - sigma) * clean) / sigma)

    latents = denoise(true_velocity, noise, scheduler, generator, nothing)
    torch.testing.assert_close(latents, clean, atol=1e-4, rtol=1e-4)


def test_every_step_is_reported_with_its_clean_estimate() -> None:
    generator = torch.Generator().manual_seed(0)
    reports: list[int] = []

    def on_step(step: int, clean: Tensor) -> None:
        reports.append(step)
        assert clean.shape == (1, 2, 4, 4)

    scheduler = start(official_scheduler("unipc", 3.0), 5, None)
    denoise(lambda x, t: torch.zeros_like(x), torch.randn(1, 2, 4, 4), scheduler, generator, on_step)
    assert reports == [1, 2, 3, 4, 5]


def test_seeds_rule_every_draw_of_a_student() -> None:
    def draw(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        noise = draw_noise((1, 2, 4, 4), generator, torch.device("cpu"))
        scheduler = start(official_scheduler("lcm", 3.0), 4, 3.0)
        return denoise(lambda x, t: x * 0.1, noise, scheduler, generator, nothing)

    torch.manual_seed(1)
    first = draw(7)
    torch.manual_seed(2)
    assert torch.equal(first, draw(7))
    assert not torch.equal(first, draw(8))


def test_each_row_of_a_batch_has_its_own_noise() -> None:
    def run(seeds: list[int]) -> Tensor:
        generators = [seeded(seed) for seed in seeds]
        noise = torch.cat([draw_noise((1, 2, 4, 4), each, torch.device("cpu")) for each in generators])
        scheduler = start(official_scheduler("lcm", 3.0), 4, 3.0)
        return denoise(lambda x, t: x * 0.5, noise, scheduler, generators, nothing)

    together = run([7, 8, 9])
    for index, seed in enumerate((7, 8, 9)):
        assert torch.equal(together[index], run([seed])[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("sampler", ["unipc", "lcm"])
def test_a_seed_means_the_same_on_every_device(sampler: Sampler) -> None:
    def run(device: str) -> Tensor:
        generator = seeded(7)
        noise = draw_noise((1, 2, 4, 4), generator, torch.device(device))
        scheduler = start(official_scheduler(sampler, 3.0), 8, 3.0)
        return denoise(lambda x, t: x * 0.5, noise, scheduler, generator, nothing).cpu()

    torch.testing.assert_close(run("cuda"), run("cpu"))


@pytest.mark.parametrize("num_steps", [14, 16])
def test_parity_leaves_the_last_sigma_in_the_picture(num_steps: int) -> None:
    """The published loop written out: its last step returns what it was given."""
    clean, sigmas = torch.randn(1, 2, 4, 4), start(official_scheduler("lcm", 3.0), num_steps, 3.0).sigmas

    def run(is_parity: bool) -> list[Tensor]:
        generator = torch.Generator().manual_seed(3)
        noise = draw_noise((1, 2, 4, 4), generator, torch.device("cpu"))
        remaining = iter(sigmas.tolist())
        steps: list[Tensor] = []

        def true_velocity(latents: Tensor, time: Tensor) -> Tensor:
            sigma = next(remaining)
            steps.append(latents)
            return velocity(clean, (latents - (1 - sigma) * clean) / sigma)

        scheduler = start(official_scheduler("lcm", 3.0), num_steps, 3.0)
        reported: list[int] = []
        end = denoise(
            true_velocity, noise, scheduler, generator, lambda step, _: reported.append(step), is_parity
        )
        assert reported == list(range(1, num_steps + 1))
        return [*steps, end]

    right, published = run(is_parity=False), run(is_parity=True)
    torch.testing.assert_close(right[-1], clean, atol=1e-4, rtol=1e-4)
    assert len(published) == len(right) - 1
    generator = torch.Generator().manual_seed(3)
    draws = [torch.randn(1, 2, 4, 4, generator=generator) for _ in range(num_steps)]
    expected = (1 - sigmas[-2]) * clean + sigmas[-2] * draws[-1]
    torch.testing.assert_close(published[-1], expected, atol=1e-4, rtol=1e-4)


def test_not_a_number_stops_the_run() -> None:
    calls = 0

    def broken(latents: Tensor, time: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return torch.full_like(latents, float("nan") if calls == 3 else 0.0)

    scheduler = start(official_scheduler("unipc", 3.0), 8, 3.0)
    with pytest.raises(NonFiniteOutput, match="step 3"):
        denoise(broken, torch.randn(1, 2, 4, 4), scheduler, torch.Generator(), nothing)
    assert calls == 3


def test_cancelling_stops_within_one_step() -> None:
    calls = 0

    def count(latents: Tensor, time: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return torch.zeros_like(latents)

    def stop(step: int, clean: Tensor) -> None:
        if step == 2:
            raise Cancelled("Stopped.")

    scheduler = start(official_scheduler("unipc", 3.0), 8, 3.0)
    with pytest.raises(Cancelled):
        denoise(count, torch.randn(1, 2, 4, 4), scheduler, torch.Generator(), stop)
    assert calls == 2


def test_unknown_schedulers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="No scheduler"):
        load_scheduler(tmp_path)
    (tmp_path / "scheduler_config.json").write_text('{"_class_name": "DDIMScheduler"}')
    with pytest.raises(WeightsDamaged, match="DDIMScheduler"):
        load_scheduler(tmp_path)
