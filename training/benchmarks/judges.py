"""Judges by name, set up from the command's flags; their networks are loaded when the first picture comes."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from engines.manifest import file_sha256
from training.benchmarks.blip import BlipYesNo
from training.benchmarks.chat_judges import ChatRater, ChatYesNo
from training.benchmarks.dpg import YesNoJudge
from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.hps_scorer import HpsJudge
from training.benchmarks.mask2former import Mask2FormerJudge
from training.benchmarks.objects import ObjectJudge, StickersJudge
from training.benchmarks.vision_chat import ChatSettings, VisionChat, key_from
from training.ledger import Ledger
from training.stickers.detector import JUDGES, Detector

__all__ = [
    "NAMES",
    "add_arguments",
    "chat_of",
    "edit_judge",
    "object_judge",
    "preference_judge",
    "yes_no_judge",
]

NAMES = {
    "geneval": ("mask2former", "stickers"),
    "dpg": ("openai", "blip"),
    "hps": ("hps",),
    "emuedit": ("openai",),
    "reasonedit": ("openai",),
}
"""By benchmark, its default first."""
MASK2FORMER = "facebook/mask2former-swin-small-coco-instance"
CLIP_L = "openai/clip-vit-large-patch14"
CLIP_H = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"
BLIP = "Salesforce/blip-vqa-capfilt-large"
OPENAI_URL = "https://api.openai.com/v1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of who judges."""
    judging = parser.add_argument_group("who judges")
    lists = "; ".join(f"{benchmark}: {', '.join(names)}" for benchmark, names in NAMES.items())
    judging.add_argument("--judge", help=f"{lists} (default: the first)")
    judging.add_argument(
        "--judge-weights", help="its file, folder or id on the hub, where it is not the published one"
    )
    judging.add_argument("--judge-clip", help="CLIP for colours (geneval), or the tokenizer's (hps)")
    judging.add_argument("--judge-url", default=OPENAI_URL, help="of an OpenAI-compatible server")
    judging.add_argument("--judge-model", help="the server's model, by its dated name")
    judging.add_argument(
        "--judge-key-from", default="OPENAI_API_KEY", metavar="VARIABLE", help="where the key is"
    )
    judging.add_argument("--judge-parallel", type=int, default=4, help="pictures a server judges at once")
    judging.add_argument("--judge-repeats", type=int, default=3, help="times each edit is rated")


def object_judge(name: str, args: argparse.Namespace) -> ObjectJudge:
    """For GenEval. Raises TrainingError."""
    if name == "stickers":
        folder = Path(args.judge_weights or JUDGES / "starter")
        detector = Detector.from_pretrained(folder)
        return StickersJudge(detector, file_sha256(folder / "model.safetensors"))
    return Mask2FormerJudge(args.judge_weights or MASK2FORMER, args.judge_clip or CLIP_L, device())


def yes_no_judge(name: str, args: argparse.Namespace) -> YesNoJudge:
    """For DPG-Bench. Raises JudgeUnavailable."""
    if name == "blip":
        return BlipYesNo(args.judge_weights or BLIP, device())
    return ChatYesNo(chat_of(args))


def preference_judge(args: argparse.Namespace) -> HpsJudge:
    """For HPSv2.1. Raises JudgeUnavailable."""
    return HpsJudge(
        Path(args.judge_weights) if args.judge_weights else None, args.judge_clip or CLIP_H, device()
    )


def edit_judge(args: argparse.Namespace) -> ChatRater:
    """For edits. Raises JudgeUnavailable."""
    return ChatRater(chat_of(args), args.judge_repeats)


def chat_of(args: argparse.Namespace) -> VisionChat:
    """The server's replies are kept in the run's folder. Raises JudgeUnavailable."""
    if not args.judge_model:
        raise JudgeUnavailable(
            "Which model judges? Give --judge-model, by its dated name where it has one, and --judge-url for "
            "another server than OpenAI's."
        )
    settings = ChatSettings(url=args.judge_url, model=args.judge_model)
    key = key_from(args.judge_key_from, args.judge_url)
    return VisionChat(settings, key, Ledger(args.out / "replies.jsonl"))


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
