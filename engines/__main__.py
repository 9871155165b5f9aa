"""Draw and edit from the command line: python -m engines generate "a red car" --seed 7 --out car.png"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import Image

from engines.api import (
    LLAMA_ONLY,
    SAME_WORDS,
    Adapter,
    EditRequest,
    EncoderWords,
    Engine,
    GenerateRequest,
    Progress,
    Sample,
)
from engines.errors import EngineError
from engines.ladder import Precision
from engines.marks import BY_MODEL, save_marked, word_after
from engines.presets import GRIDS, PRESETS, SPEED_UPS
from engines.quiet import hush
from engines.sizes import Size

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, or 2 after one sentence on what went wrong."""
    options = parser().parse_args(arguments)
    hush()
    try:
        match options.command:
            case "generate":
                run_generate(options)
            case "edit":
                run_edit(options)
            case "info":
                run_info(options)
            case "download":
                run_download(options)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m engines", description="Draw and edit pictures.")
    commands = root.add_subparsers(dest="command", required=True)
    generate = commands.add_parser("generate", help="draw a picture from words")
    generate.add_argument("prompt")
    generate.add_argument("--size", type=size_of, help="WIDTHxHEIGHT in pixels")
    generate.add_argument(
        "--fit-budget", action="store_true", help="bring the size to the area the model was trained at"
    )
    generate.add_argument(
        "--parity", action="store_true", help="end Dev and Fast as the published script does, one step early"
    )
    edit = commands.add_parser("edit", help="change a picture as an instruction says")
    edit.add_argument("image", type=Path)
    edit.add_argument("instruction")
    edit.add_argument("--image-guidance", type=float)
    edit.add_argument("--mask", type=Path, help="picture of the same size, white where it may change")
    edit.add_argument("--keep-size", action="store_true", help="give the result the picture's own size")
    edit.add_argument("--description", default="", help="of the result: E1-Full and refining read it")
    edit.add_argument("--refine", type=float, help="share of the steps, the last, that I1-Full draws")
    edit.add_argument("--editor", type=Path, help="E1-Full's adapter file, over I1-Full's --weights")
    edit.add_argument("--refiner", type=Path, help="folder of I1-Full, to refine what E1.1 edits")
    info = commands.add_parser("info", help="what a preset can do")
    for command, preset in ((generate, "stickers-full"), (edit, "stickers-edit"), (info, "stickers-full")):
        command.add_argument("--preset", default=preset, choices=PRESETS)
        add_weights(command)
    fetch = commands.add_parser("download", help="fetch a published checkpoint; goes on where it stopped")
    fetch.add_argument("name", metavar="NAME", help="full, dev, fast, e1, e1.1 or e1-adapter")
    fetch.add_argument(
        "--to", type=Path, help="folder to put it in, found again without --weights by default"
    )
    fetch.add_argument("--from", dest="origin", help="address of a mirror, or a folder of the same layout")
    fetch.add_argument("--llama", help="another repository, or a folder, with Llama 3.1 8B Instruct")
    for command in (generate, edit):
        add_request(command)
        add_engine(command)
    return root


def add_weights(command: argparse.ArgumentParser) -> None:
    """Where a preset's network is read from, and how precisely."""
    command.add_argument(
        "--weights", type=Path, help="folder in diffusers layout; embedded presets need none"
    )
    command.add_argument(
        "--transformer", type=Path, help=".safetensors or .gguf file in place of the folder's transformer"
    )
    command.add_argument(
        "--precision",
        type=Precision,
        choices=list(Precision)[1:],
        help="of the transformer's weights, in place of the best that fits; fp8 multiplies in it too",
    )


def add_request(command: argparse.ArgumentParser) -> None:
    """What is asked of one picture."""
    command.add_argument("--out", type=Path, required=True, help="picture file to write, for example cat.png")
    command.add_argument("--seed", type=int)
    command.add_argument("--negative", default="", help="what the picture should not show")
    command.add_argument(
        "--num-pictures", type=int, default=1, help="the second has the next seed, and so on"
    )
    command.add_argument("--grid", choices=GRIDS, help="which published sigmas a UniPC preset runs at")
    command.add_argument("--steps", type=int)
    command.add_argument("--guidance", type=float)
    command.add_argument("--max-tokens", type=int, help="of the words, for T5 and Llama")
    for encoder in ("clip-l", "clip-g", "t5", "llama"):
        command.add_argument(f"--{encoder}", metavar="WORDS", help="other words for this text encoder")
    command.add_argument("--llama-only", action="store_true", help="the other encoders read nothing")
    command.add_argument(
        "--step-cache", action="store_true", help="leave out what changes little: a likeness, sooner"
    )
    command.add_argument(
        "--guided", nargs=2, type=float, metavar=("LOW", "HIGH"), help="sigmas that guidance works at"
    )


def add_engine(command: argparse.ArgumentParser) -> None:
    """What the engine wears, and what it runs on."""
    command.add_argument(
        "--speed-up", action="append", default=[], choices=SPEED_UPS, help="same picture, slower start"
    )
    command.add_argument(
        "--lora",
        action="append",
        default=[],
        metavar="FILE[:WEIGHT]",
        help="an adapter in safetensors, at weight 1 or another; may be given again",
    )
    command.add_argument(
        "--devices",
        type=lambda names: names.split(","),
        help="for example cuda:0,cuda:1; by default one: the first CUDA device, or else the processor",
    )
    command.add_argument(
        "--split",
        choices=("replicas", "guidance"),
        help="several devices draw each its own pictures, or two draw one, each a half of guidance",
    )


def size_of(text: str) -> Size:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text} is not WIDTHxHEIGHT, for example 256x256")
    return Size(int(width), int(height))


def adapters_of(texts: list[str]) -> list[Adapter]:
    """FILE or FILE:WEIGHT each, named after the file and its place."""
    adapters = []
    for place, text in enumerate(texts, start=1):
        file, _, tail = text.rpartition(":")
        has_weight = bool(file) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", tail) is not None
        path = Path(file if has_weight else text)
        name = re.sub(r"[^A-Za-z0-9_-]", "_", path.stem)
        adapters.append(Adapter(file=path, name=f"{name}-{place}", weight=float(tail) if has_weight else 1.0))
    return adapters


def run_generate(options: argparse.Namespace) -> None:
    require_writable(options.out)
    request = GenerateRequest(
        prompt=options.prompt,
        seed=seed_of(options),
        negative_prompt=options.negative,
        size=options.size,
        num_steps=options.steps,
        guidance=options.guidance,
        grid=options.grid,
        is_parity=options.parity,
        fits_budget=options.fit_budget,
        num_pictures=options.num_pictures,
        max_tokens=options.max_tokens,
        encoder_words=words_of(options),
        guided=options.guided and tuple(options.guided),
        uses_step_cache=options.step_cache,
    )
    with opened(options) as engine:
        finish(engine.generate(request, show), options.out, BY_MODEL)


def run_edit(options: argparse.Namespace) -> None:
    require_writable(options.out)
    source = read_image(options.image)
    request = EditRequest(
        image=source,
        instruction=options.instruction,
        seed=seed_of(options),
        negative_prompt=options.negative,
        num_steps=options.steps,
        guidance=options.guidance,
        image_guidance=options.image_guidance,
        description=options.description,
        refine=options.refine,
        grid=options.grid,
        num_pictures=options.num_pictures,
        mask=options.mask and read_image(options.mask),
        keeps_size=options.keep_size,
        max_tokens=options.max_tokens,
        encoder_words=words_of(options),
        guided=options.guided and tuple(options.guided),
        uses_step_cache=options.step_cache,
    )
    with opened(options) as engine:
        finish(engine.edit(request, show), options.out, word_after(source))


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[Engine]:
    """The engine for as long as it is needed: in this process, or in one for each device."""
    editing = {name: file for name in ("editor", "refiner") if (file := getattr(options, name, None))}
    if options.devices is None:
        if options.split is not None:
            raise EngineError("--split needs devices to split over: add --devices cuda:0,cuda:1.")
        from engines.load_engine import load_engine

        yield load_engine(
            options.preset,
            options.weights,
            transformer=options.transformer,
            precision=options.precision,
            adapters=adapters_of(options.lora),
            speed_ups=options.speed_up,
            editor=editing.get("editor"),
            refiner=editing.get("refiner"),
        )
    elif options.lora or options.speed_up or options.transformer or options.precision or editing:
        raise EngineError(
            "--transformer, --precision, --lora, --speed-up, --editor and --refiner work on one device: "
            "leave --devices out."
        )
    else:
        from engines.load_engines import load_engines

        with load_engines(
            options.preset, options.weights, devices=options.devices, split=options.split or "replicas"
        ) as engine:
            yield engine


def run_info(options: argparse.Namespace) -> None:
    from engines.load_engine import load_engine

    engine = load_engine(
        options.preset, options.weights, transformer=options.transformer, precision=options.precision
    )
    info = engine.info
    print(f"preset      {info.preset}, {'edits' if info.can_edit else 'draws'}")
    print(f"weights     {info.weights_hash}")
    others = " or any other" if info.takes_other_sizes else ""
    print(f"sizes       {', '.join(str(size) for size in info.sizes)}{others}")
    print(f"steps       {', '.join(str(count) for count in info.num_steps)}")
    if info.grids:
        print(f"grids       {', '.join(info.grids)}")
    print(f"words       at most {info.max_prompt_tokens} tokens")
    print(f"placement   {engine.parts.placement.reason}")
    for kind, words in info.vocabulary.items():
        print(f"{kind:<11} {', '.join(words) or 'none'}")


def run_download(options: argparse.Namespace) -> None:
    from engines.download import default_folder, download

    to = options.to or default_folder(options.name)
    download(options.name, to, options.origin, options.llama, lambda line: print(line, flush=True))
    print(f"{options.name} is at {to}")


def require_writable(out: Path) -> None:
    """Refuse before the work, not after it."""
    if out.suffix.lower() not in Image.registered_extensions():
        raise EngineError(f"{out} has no ending that names a picture format; use .png.")
    if not out.absolute().parent.is_dir():
        raise EngineError(f"There is no folder {out.absolute().parent} to write {out.name} to.")


def read_image(file: Path) -> Image.Image:
    try:
        with Image.open(file) as image:
            return image.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise EngineError(f"{file} cannot be read as a picture: {error}.") from error


def seed_of(options: argparse.Namespace) -> int:
    return secrets.randbelow(2**31) if options.seed is None else int(options.seed)


def words_of(options: argparse.Namespace) -> EncoderWords:
    base = LLAMA_ONLY if options.llama_only else SAME_WORDS
    own = {name: getattr(options, name) for name in ("clip_l", "clip_g", "t5", "llama")}
    return replace(base, **{name: words for name, words in own.items() if words is not None})


def show(progress: Progress) -> None:
    print(f"\rstep {progress.step} of {progress.num_steps}", end="", file=sys.stderr, flush=True)


def finish(sample: Sample, out: Path, mark: str) -> None:
    print(file=sys.stderr)
    if sample.is_prompt_cut:
        print(
            f"The engine does not read all {sample.num_tokens} tokens; the end is left out.", file=sys.stderr
        )
    if sample.note:
        print(sample.note, file=sys.stderr)
    for adapter in sample.adapters:
        print(f"with {adapter.name} at {adapter.weight:g}, sha256 {adapter.file_hash[:16]}")
    for index, image in enumerate((sample.image, *sample.more)):
        file = out.with_stem(f"{out.stem}-{index + 1}") if index else out
        write_image(image, file, mark)
        print(
            f"{file}: seed {sample.seed + index}, {sample.num_steps} steps, guidance {sample.guidance:g}, "
            f"{sample.num_tokens} tokens, {sample.preset}"
        )


def write_image(image: Image.Image, file: Path, mark: str) -> None:
    try:
        if not save_marked(image, file, mark):
            print(f"{file.suffix} has no place for the mark of a model's work; .png has.", file=sys.stderr)
    except OSError as error:
        raise EngineError(f"{file} could not be written: {error}.") from error


if __name__ == "__main__":
    sys.exit(main())
