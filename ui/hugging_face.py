"""Signing in through an OpenID provider, on a Space Hugging Face: code flow, PKCE, state and nonce."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from agent.errors import SignInRefused

__all__ = ["HuggingFace", "Person", "Visit"]

SCOPE = "openid profile"
ALGORITHMS = ["RS256", "ES256"]
PATIENCE_SECONDS = 10.0
VISIT_SECONDS = 600.0
MOST_VISITS = 1_000
REFUSED = "Hugging Face did not let you in, or it took too long. Please try again."
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Somebody sent to the provider at `address`; `state` must come back, from the same browser."""

    address: str
    state: str
    nonce: str
    verifier: str
    wanted: str
    begun: float


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom the provider vouches for, and where they wanted to go here."""

    owner: str
    name: str
    wanted: str


@dataclass(kw_only=True)
class HuggingFace:
    """`back_url` is our own address to come back to. Visits are kept in memory, each good for one return."""

    client_id: str
    client_secret: str = field(repr=False)
    provider_url: str
    back_url: str
    now: Callable[[], float] = time.monotonic
    _visits: OrderedDict[str, Visit] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def begin(self, wanted: str) -> Visit:
        """Raises SignInRefused when the provider does not answer."""
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        with self._client() as client:
            try:
                endpoint = self._metadata()["authorization_endpoint"]
            except (httpx.HTTPError, ValueError, KeyError) as error:
                raise refusal("cannot be asked", error) from error
            address, _ = client.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        visit = Visit(
            address=address, state=state, nonce=nonce, verifier=verifier, wanted=wanted, begun=self.now()
        )
        with self._lock:
            self._visits[state] = visit
            while len(self._visits) > MOST_VISITS:
                self._visits.popitem(last=False)
        return visit

    def finish(self, state: str, told_state: str, code: str) -> Person:
        """`state` is what the browser kept, `told_state` what came with the code. Raises SignInRefused."""
        if not state or not secrets.compare_digest(state.encode(), told_state.encode()):
            raise SignInRefused(REFUSED)
        with self._lock:
            visit = self._visits.pop(state, None)
        if visit is None or not code or self.now() - visit.begun > VISIT_SECONDS:
            raise SignInRefused(REFUSED)
        try:
            claims = self._claims(visit, code)
            owner, name = f"hf:{claims['sub']}", claims.get("preferred_username") or claims.get("name") or ""
        except (httpx.HTTPError, AuthlibBaseError, JoseError, ValueError, KeyError) as error:
            raise refusal("does not vouch for somebody", error) from error
        return Person(owner=owner[:200], name=str(name)[:60] or "Hugging Face", wanted=visit.wanted)

    def _claims(self, visit: Visit, code: str) -> dict[str, Any]:
        """The code turned into a token whose signature, issuer, audience, times and nonce all hold."""
        with self._client() as client:
            metadata = self._metadata()
            token = client.fetch_token(
                metadata["token_endpoint"],
                code=code,
                code_verifier=visit.verifier,
                grant_type="authorization_code",
            )
            keys = KeySet.import_key_set(fetched(metadata["jwks_uri"]))
        decoded = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": self.provider_url},
            aud={"essential": True, "value": self.client_id},
            nonce={"essential": True, "value": visit.nonce},
            sub={"essential": True},
            exp={"essential": True},
        ).validate(decoded.claims)
        return dict(decoded.claims)

    def _metadata(self) -> dict[str, str]:
        address = f"{self.provider_url}/.well-known/openid-configuration"
        metadata: dict[str, str] = fetched(address)
        if metadata.get("issuer") != self.provider_url:
            raise ValueError("another issuer answers")
        return metadata

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self.client_id,
            self.client_secret,
            redirect_uri=self.back_url,
            scope=SCOPE,
            code_challenge_method="S256",
            timeout=PATIENCE_SECONDS,
        )


def fetched(address: str) -> Any:
    """Raises httpx.HTTPError, ValueError."""
    answer = httpx.get(address, timeout=PATIENCE_SECONDS)
    answer.raise_for_status()
    return answer.json()


def refusal(what: str, error: Exception) -> SignInRefused:
    """The log names the kind of failure alone: its text may hold a code or a token."""
    log.warning("the sign-in provider %s: %s", what, type(error).__name__)
    return SignInRefused(REFUSED)
