"""The one way out for pictures: marked, with their settings or without, and signed last of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from agent.artifacts import Artifacts
from agent.domain import Artifact, SourceType, Value
from agent.encoding import Form, as_jpeg, as_webp, with_mark
from agent.marks import source_type_of
from agent.metadata import infotext, without_metadata
from agent.operations import PIXELS
from agent.sessions import Sessions
from agent.signing import Manifest, Signer, manifest_of
from agent.thumbnails import SIZES_PX, Thumbnails

__all__ = ["QUALITY", "Exits"]

QUALITY = 90


class Wanted(Value):
    """What kind of file somebody wants."""

    form: Form
    bare: bool
    quality: int
    longest_px: int | None


class Exits:
    """Every door takes the bytes of a picture from here, and from nowhere else.

    A picture that a model had a part in is marked in every form. It is signed if there is a `signer` and it
    was made here: what somebody has brought along in an exported chat is not vouched for. When the signer's
    certificate has ended, pictures still go out, with their mark alone.
    """

    def __init__(
        self,
        sessions: Sessions,
        artifacts: Artifacts,
        signer: Signer | None = None,
    ) -> None:
        self.sessions = sessions
        self.artifacts = artifacts
        self.signer = signer
        self.thumbnails = Thumbnails(artifacts)

    def thumbnail(self, artifact: Artifact, owner: str, size_px: int) -> bytes:
        """A JPEG whose longest side is one of SIZES_PX; the smallest, an icon, is marked and not signed.

        Raises as `picture` does.
        """
        if self.signer is None or size_px == min(SIZES_PX):
            return self.thumbnails.jpeg(artifact.sha256, size_px)
        return self.picture(artifact, owner, form=Form.JPEG, bare=True, longest_px=size_px)

    def picture(
        self,
        artifact: Artifact,
        owner: str,
        *,
        form: Form = Form.PNG,
        bare: bool = False,
        quality: int = QUALITY,
        longest_px: int | None = None,
    ) -> bytes:
        """The file of a picture whose owner was asked for already; `bare` leaves its settings out.

        `quality` (1 to 100) and `longest_px` are of JPEG and WebP, a PNG keeps every pixel. Raises
        SourceNotFound, StorageUnavailable, SigningFailed.
        """
        wanted = Wanted(form=form, bare=bare, quality=quality, longest_px=longest_px)
        source_type = self._source_type(artifact, owner)
        manifest = self._manifest(artifact, owner, source_type)
        if self.signer is None or manifest is None or self.signer.has_ended():
            return self._unsigned(artifact, source_type, wanted)
        key = copy_key(wanted, manifest, self.signer)
        kept = self.artifacts.copies.get(artifact.sha256, key) if self.artifacts.copies else None
        if kept is not None:
            return kept
        signed = self.signer.sign(self._unsigned(artifact, source_type, wanted), form, manifest)
        self._keep(artifact.sha256, key, signed)
        return signed

    def _keep(self, sha256: str, key: str, signed: bytes) -> None:
        """Unless the picture was deleted meanwhile."""
        if self.artifacts.copies is None:
            return
        self.artifacts.copies.put(sha256, key, signed)
        if not self.artifacts.path(sha256).exists():
            self.artifacts.copies.forget([sha256])

    def _unsigned(self, artifact: Artifact, source_type: SourceType | None, wanted: Wanted) -> bytes:
        png = self.artifacts.read(artifact.sha256)
        png = png if source_type is None else with_mark(png, source_type)
        comment = "" if wanted.bare or artifact.recipe is None else infotext(artifact.recipe)
        match wanted.form:
            case Form.PNG:
                return without_metadata(png) if wanted.bare else png
            case Form.JPEG:
                return as_jpeg(png, wanted.quality, comment, wanted.longest_px)
            case Form.WEBP:
                return as_webp(png, wanted.quality, comment, wanted.longest_px)

    def _source_type(self, artifact: Artifact, owner: str) -> SourceType | None:
        """As its recipe says; pictures from before there were marks are told by their line."""
        if artifact.recipe is None:
            return None
        if artifact.recipe.source_type is not None:
            return artifact.recipe.source_type
        return source_type_of(self._line(artifact, owner), artifact.recipe.preset)

    def _manifest(self, artifact: Artifact, owner: str, source_type: SourceType | None) -> Manifest | None:
        if self.signer is None or source_type is None or not self._is_made_here(artifact, owner):
            return None
        return manifest_of(artifact, source_type, self._parents(artifact, owner))

    def _is_made_here(self, artifact: Artifact, owner: str) -> bool:
        """Only what an engine has made here has a working time; what Pillow made of it counts as well."""
        if artifact.seconds is None or artifact.recipe is None:
            return False
        if artifact.recipe.preset != PIXELS:
            return True
        return any(self._is_made_here(each, owner) for each in self._parents(artifact, owner))

    def _parents(self, artifact: Artifact, owner: str) -> Sequence[Artifact]:
        return [self.sessions.artifact(each, owner) for each in artifact.parents]

    def _line(self, artifact: Artifact, owner: str) -> Sequence[Artifact]:
        """All that a picture came from."""
        line = [*self._parents(artifact, owner)]
        for member in line:
            known = {each.id for each in line}
            line += [each for each in self._parents(member, owner) if each.id not in known]
        return line


def copy_key(wanted: Wanted, manifest: Manifest, signer: Signer) -> str:
    """Two files with the same key would say the same."""
    facts = [wanted.model_dump(mode="json"), manifest.to_c2pa(), signer.fingerprint]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
