"""C2PA manifests: what made a picture, signed into its file by a key of this house."""

from __future__ import annotations

import datetime
import io
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from agent import __version__
from agent.domain import Artifact, SourceType
from agent.encoding import Form
from agent.errors import AgentError, KeyRejected, SigningFailed
from agent.marks import term_of
from agent.operations import PIXELS
from agent.signing_key import SigningKey

__all__ = ["Manifest", "Signer", "manifest_of"]

APP = "Reverie"
SOON = datetime.timedelta(days=30)
log = logging.getLogger(__name__)
OFFLINE: dict[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}
"""Nothing is fetched, nothing of the picture is written into its file once more."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a signature says. `parents`: what the picture was made from."""

    title: str
    source_type: SourceType
    engine: str
    parents: Sequence[Artifact] = ()

    def to_c2pa(self) -> dict[str, Any]:
        """In the library's form; an edit opens its parent first."""
        software = {"name": APP, "version": __version__, "engine": self.engine}
        made: dict[str, Any] = {
            "action": "c2pa.edited" if self.parents else "c2pa.created",
            "digitalSourceType": term_of(self.source_type),
            "softwareAgent": software,
        }
        opened = {
            "action": "c2pa.opened",
            "parameters": {"ingredientIds": [f"parent{index}" for index in range(len(self.parents))]},
        }
        return {
            "claim_generator_info": [{"name": APP, "version": __version__}],
            "title": self.title,
            "ingredients": [
                {
                    "label": f"parent{index}",
                    "title": parent.handle,
                    "format": Form.PNG.media_type,
                    "instance_id": f"sha256:{parent.sha256}",
                    "relationship": "parentOf" if index == 0 else "componentOf",
                }
                for index, parent in enumerate(self.parents)
            ],
            "assertions": [
                {
                    "label": "c2pa.actions.v2",
                    "data": {"actions": [opened, made] if self.parents else [made]},
                }
            ],
        }


def manifest_of(artifact: Artifact, source_type: SourceType, parents: Sequence[Artifact]) -> Manifest:
    """Without prompt and settings: a mark tells what made a picture, and not from which words."""
    return Manifest(
        title=artifact.handle,
        source_type=source_type,
        engine=artifact.recipe.preset if artifact.recipe else PIXELS,
        parents=parents,
    )


class Signer:
    """Signs files as the last thing that is done to them. No time stamp is asked for: nothing is sent out."""

    def __init__(self, key: SigningKey) -> None:
        """Signs a tiny picture first. Raises KeyRejected, or AgentError without the library."""
        try:
            import c2pa
        except ImportError as error:
            raise AgentError(
                "A signing key is set, but the library that signs is missing: pip install c2pa-python, or "
                "start without --c2pa-key."
            ) from error
        self._c2pa: Any = c2pa
        self.key = key
        probe = Manifest(title="", source_type=SourceType.MODEL, engine=PIXELS)
        try:
            signed = self.sign(tiny_png(), Form.PNG, probe)
        except SigningFailed as error:
            raise KeyRejected(f"Nothing can be signed with this certificate and key ({error}).") from error
        faults = self.faults(signed, Form.PNG)
        if faults:
            raise KeyRejected(
                f"What is signed with this certificate is not valid ({', '.join(faults)}): C2PA asks for an "
                "issuer's certificate after the signer's, the use 'digital signature', and a purpose such as "
                "'e-mail protection'."
            )

        self._is_end_told = False
        if self.valid_until - datetime.datetime.now(datetime.UTC) < SOON:
            log.warning(
                "the signing certificate ends on %s: from then on pictures leave unsigned; please renew it",
                f"{self.valid_until:%Y-%m-%d}",
            )

    @property
    def fingerprint(self) -> str:
        return self.key.fingerprint

    @property
    def valid_until(self) -> datetime.datetime:
        return self.key.valid_until

    def has_ended(self) -> bool:
        """Whether the certificate ran out meanwhile: nobody would believe a signature. It is logged once."""
        if datetime.datetime.now(datetime.UTC) <= self.valid_until:
            return False
        if not self._is_end_told:
            self._is_end_told = True
            log.warning("the signing certificate has ended: pictures leave with their marks, but unsigned")
        return True

    def sign(self, content: bytes, form: Form, manifest: Manifest) -> bytes:
        """The file with its manifest. Raises SigningFailed."""
        signed = io.BytesIO()
        try:
            with (
                self._c2pa.Context.from_dict(OFFLINE) as context,
                self._c2pa.Builder(manifest.to_c2pa(), context) as builder,
                self._c2pa.Signer.from_info(
                    self._c2pa.C2paSignerInfo(
                        alg=self.key.algorithm.encode(),
                        sign_cert=self.key.certificates,
                        private_key=self.key.private_key,
                        ta_url=None,
                    )
                ) as signer,
            ):
                builder.sign(signer, form.media_type, io.BytesIO(content), signed)
        except self._c2pa.C2paError as error:
            raise SigningFailed(f"The picture could not be signed: {error}") from error
        return signed.getvalue()

    def faults(self, content: bytes, form: Form) -> Sequence[str]:
        """What a reader finds wrong with a signed file, but that it does not know the signer."""
        try:
            with (
                self._c2pa.Context.from_dict(OFFLINE) as context,
                self._c2pa.Reader(form.media_type, io.BytesIO(content), context=context) as reader,
            ):
                report = json.loads(reader.json())
        except self._c2pa.C2paError as error:
            return [str(error)]
        codes = [each["code"] for each in report.get("validation_status", ())]
        return [code for code in codes if code != "signingCredential.untrusted"]


def tiny_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()
