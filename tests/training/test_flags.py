"""torchrun reads a whole line before it hands it on: our flags must not look like short forms of its own."""

from __future__ import annotations

import argparse

import pytest
from torch.distributed.run import get_args_parser

from training.commands import flags_parser


def commands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = (each.choices for each in flags_parser()._actions if isinstance(each.choices, dict))
    return choices


@pytest.mark.parametrize("command", commands())
def test_torchrun_hands_every_flag_on(command: str) -> None:
    options = [name for action in commands()[command]._actions for name in action.option_strings]
    assert "--help" in options
    for option in set(options) - {"-h", "--help"}:
        line = ["--standalone", "-m", "training", command, option, "1"]
        assert get_args_parser().parse_args(line).training_script_args == [command, option, "1"]
