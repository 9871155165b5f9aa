"""Where the data is, for the commands beside the app: they look where the app looks."""

from __future__ import annotations

import argparse
from pathlib import Path

from platformdirs import user_data_path
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.errors import StorageUnavailable
from agent.manifest import DATABASE
from agent.secret_files import SECRETS

__all__ = ["DataPlace", "add_place", "url_of"]


class DataPlace(BaseSettings):
    """The app's own settings of these names, from the environment or a container's secrets."""

    model_config = SettingsConfigDict(
        env_prefix="REVERIE_", secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    data_folder: Path = user_data_path("reverie", appauthor=False)
    database_url: str | None = None


def add_place(parser: argparse.ArgumentParser) -> None:
    """The same words for every command. Raises StorageUnavailable."""
    try:
        place = DataPlace()
    except OSError as error:
        raise StorageUnavailable(f"The secret {error.filename} cannot be read ({error.strerror}).") from error
    parser.add_argument(
        "--data-folder",
        type=Path,
        default=place.data_folder,
        help="of the app; by default REVERIE_DATA_FOLDER or the user's own",
    )
    parser.add_argument(
        "--database-url",
        default=place.database_url,
        help="by default REVERIE_DATABASE_URL, the secret of this name, or SQLite in the data folder",
    )
    parser.add_argument("--database-url-file", type=Path, help="file that holds it, for example a secret")


def url_of(arguments: argparse.Namespace) -> str:
    """Raises StorageUnavailable."""
    if arguments.database_url_file is not None:
        try:
            return str(arguments.database_url_file.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise StorageUnavailable(
                f"{arguments.database_url_file} cannot be read ({error.strerror})."
            ) from error
    return str(arguments.database_url or f"sqlite:///{arguments.data_folder / DATABASE}")
