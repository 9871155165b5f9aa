"""A scripted OpenID provider on loopback. It checks what it is sent as a real one does."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "Provider"]

CLIENT_ID, CLIENT_SECRET = "reverie-client", "reverie-secret"


@dataclass(kw_only=True)
class Provider:
    """`claims` are laid over those of each token it gives; `key` signs, `shown_key` is what it publishes."""

    port: int
    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    shown_key: RSAKey | None = None
    issuer: str = ""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    _server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.metadata),
                Route("/keys", self.keys),
                Route("/token", self.token, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", ws="none")
        self._server = uvicorn.Server(config)
        threading.Thread(target=self._server.run, daemon=True).start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True

    def agree(self, address: str) -> str:
        """Somebody has pressed Yes on the provider's page at `address`: the code to come back with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.asked[code] = query
        return code

    def metadata(self, request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.issuer or self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    def keys(self, request: Request) -> JSONResponse:
        return JSONResponse({"keys": [(self.shown_key or self.key).as_dict(private=False)]})

    async def token(self, request: Request) -> JSONResponse:
        """Each code is good once, for the client it was given to and whoever can prove to have asked."""
        form = await request.form()
        query = self.asked.pop(str(form["code"]), None)
        told = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_right = (
            query is not None
            and request.headers.get("authorization") == f"Basic {told}"
            and query["code_challenge"] == challenge
            and query["redirect_uri"] == form["redirect_uri"]
        )
        if not is_right or query is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "0123456789abcdef",
            "preferred_username": "anna",
            "nonce": query["nonce"],
            "iat": now,
            "exp": now + 300,
        } | self.claims
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})
