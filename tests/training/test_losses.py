import pytest
import torch

from engines.sparse_dit.moe import RouterStatistics
from training.losses import balance_loss, flow_matching_loss, spatial_edit_weight, weighted_flow_matching_loss


def test_perfect_prediction_costs_nothing_and_the_sign_is_clean_minus_noise() -> None:
    clean, noise = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8)
    assert flow_matching_loss(clean - noise, clean, noise) == 0
    assert flow_matching_loss(noise - clean, clean, noise) > 1


def test_identical_pair_weighs_evenly() -> None:
    latent = torch.randn(2, 4, 8, 8)
    assert torch.allclose(spatial_edit_weight(latent, latent, 8.0), torch.ones(2, 1, 8, 8))


def test_changed_places_weigh_more_and_the_mean_is_one() -> None:
    source = torch.randn(1, 4, 8, 8)
    target = source.clone()
    target[..., 2:4, 2:4] += 3
    weight = spatial_edit_weight(source, target, 8.0)
    assert weight.mean() == pytest.approx(1.0)
    assert weight[..., 2:4, 2:4].min() > 5 * weight[..., 6:, 6:].max()
    noise = torch.randn_like(target)
    wrong = (target - noise).clone()
    wrong[..., 2:4, 2:4] += 1
    even = torch.ones_like(weight)
    assert weighted_flow_matching_loss(wrong, target, noise, weight) > 2 * weighted_flow_matching_loss(
        wrong, target, noise, even
    )


def test_balance_is_one_when_even_and_grows_when_one_expert_takes_all() -> None:
    even = RouterStatistics(mean_scores_E=torch.full((4,), 0.25), load_E=torch.full((4,), 0.25))
    one = RouterStatistics(mean_scores_E=torch.tensor([1.0, 0, 0, 0]), load_E=torch.tensor([1.0, 0, 0, 0]))
    assert balance_loss([even, even]) == pytest.approx(1.0)
    assert balance_loss([one]) == pytest.approx(4.0)
