import pytest

from training.errors import BadRecipe
from training.recipes import find_recipe
from training.stickers.edits import EditType


def test_settings_can_be_changed_by_path() -> None:
    recipe = find_recipe("stickers_cpu", ["pretrain.batch_size=8", "edit_loop.optim.learning_rate=1e-4"])
    assert recipe.pretrain.batch_size == 8
    assert recipe.edit_loop.optim.learning_rate == 1e-4
    shares = find_recipe("stickers_cpu", ["edit.type_shares.add=0.4"]).edit.type_shares
    assert shares == {**recipe.edit.type_shares, EditType.ADD: 0.4}
    assert recipe.pretrain_loop == find_recipe("stickers_cpu").pretrain_loop


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("pretrain.speed=1", "There is no setting pretrain.speed"),
        ("pretrain.batch_size=many", "pretrain.batch_size cannot be 'many'"),
        ("edit.type_shares.paint=1", "There is no setting edit.type_shares.paint"),
        ("edit.type_shares.add=much", "edit.type_shares.add cannot be 'much'"),
        ("pretrain", "name.name=value"),
    ],
)
def test_bad_changes_are_named(change: str, sentence: str) -> None:
    with pytest.raises(BadRecipe, match=sentence):
        find_recipe("stickers_cpu", [change])


def test_unknown_recipe_lists_the_known() -> None:
    with pytest.raises(BadRecipe, match="stickers_cpu"):
        find_recipe("stickers_tpu")
