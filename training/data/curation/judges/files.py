"""Which files the judges are read from, where they are published, and what they hash to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from engines.manifest import file_sha256
from training.errors import BadRecipe

__all__ = [
    *("AESTHETIC_LINEAR", "AESTHETIC_MLP", "CLIP", "NSFW", "SSCD", "SSCD_SCRIPT", "WATERMARK"),
    *("JudgeFile", "Published", "find_judges"),
]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file, or a folder in transformers' layout, under the name its authors gave it."""

    name: str
    where: str
    licence: str
    is_folder: bool = False


SSCD = Published(
    name="sscd_disc_mixup.torchvision.pt",
    where="https://dl.fbaipublicfiles.com/sscd-copy-detection/",
    licence="MIT",
)
SSCD_SCRIPT = Published(
    name="sscd_disc_mixup.torchscript.pt",
    where="https://dl.fbaipublicfiles.com/sscd-copy-detection/",
    licence="MIT",
)
CLIP = Published(
    name="clip-vit-large-patch14",
    where="https://huggingface.co/openai/clip-vit-large-patch14",
    licence="MIT",
    is_folder=True,
)
NSFW = Published(
    name="clip_ViT-L-14_openai_binary_nsfw_head.pth",
    where="https://github.com/LAION-AI/CLIP-based-NSFW-Detector, folder models",
    licence="MIT",
)
AESTHETIC_LINEAR = Published(
    name="sa_0_4_vit_l_14_linear.pth",
    where="https://github.com/LAION-AI/aesthetic-predictor",
    licence="MIT",
)
AESTHETIC_MLP = Published(
    name="sac+logos+ava1-l14-linearMSE.pth",
    where="https://github.com/christophschuhmann/improved-aesthetic-predictor",
    licence="Apache-2.0",
)
WATERMARK = Published(
    name="watermark_model_v1.pt",
    where="https://github.com/LAION-AI/LAION-5B-WatermarkDetection, folder models or releases",
    licence="MIT",
)
FOLDER_FILES = ("config.json", "model.safetensors")


class JudgeFile:
    """Where weights lie. As a setting of a stage it counts by its content: `str` is its hash.

    So a folder of judges may move without a stage being run again, and other weights may not.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.sha256 = path, content_hash(path)

    def __str__(self) -> str:
        return self.sha256

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JudgeFile) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def checked(self) -> Path:
        """The path, once its content is still what it was. Raises BadRecipe."""
        try:
            is_same = content_hash(self.path) == self.sha256
        except OSError as error:
            raise BadRecipe(
                f"{self.path} cannot be read ({error}): every worker needs the judges."
            ) from error
        if not is_same:
            raise BadRecipe(f"{self.path} has changed since the run began: run the same command again.")
        return self.path


def content_hash(path: Path) -> str:
    if not path.is_dir():
        return file_sha256(path)
    return sha256(" ".join(file_sha256(path / name) for name in FOLDER_FILES).encode()).hexdigest()


def find_judges(folder: Path, wanted: Sequence[Published]) -> list[JudgeFile]:
    """One a wanted file; a .safetensors of the same stem comes before it.

    Raises BadRecipe, with all that is missing in one sentence.
    """
    found = [found_in(folder, each) for each in wanted]
    missing = [each for each, path in zip(wanted, found, strict=True) if path is None]
    if missing:
        told = "; ".join(
            f"{each.name}{' (a folder)' if each.is_folder else ''} from {each.where}" for each in missing
        )
        raise BadRecipe(f"{folder} lacks {told}. Fetch what is missing and name the folder with --judges.")
    return [JudgeFile(path) for path in found if path is not None]


def found_in(folder: Path, published: Published) -> Path | None:
    path = folder / published.name
    if published.is_folder:
        return path if all((path / name).is_file() for name in FOLDER_FILES) else None
    candidates = (path.with_suffix(".safetensors"), path)
    return next((each for each in candidates if each.is_file()), None)
