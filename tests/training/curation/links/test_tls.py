"""Over TLS: the address is the checked one, the certificate the name's."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.training.curation.links.server import HOST, RudeServer, reply, rude_server
from training.data.curation.decode import Reason
from training.data.curation.links.addresses import Address
from training.data.curation.links.fetch import Fetcher, FetchSettings, fetch_all

NAME = "pictures.example"


def certificate(folder: Path) -> Path:
    """Signed by itself, for NAME: key and certificate in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RudeServer]:
    """Its certificate is trusted here."""
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with rude_server(context) as found:
        found.answers["/"] = reply(b"a picture")
        yield found


def fetch(server: RudeServer, link: str) -> bytes | Reason:
    settings = FetchSettings(
        read_seconds=2, total_seconds=5, num_retries=0, ports=(server.port,), open_networks=(HOST,)
    )

    async def lookup(host: str, port: int) -> list[Address]:
        return [ip_address(HOST)]

    async def run() -> bytes | Reason:
        async with Fetcher(settings, lookup) as fetcher:
            return await fetcher.fetch(link)

    return asyncio.run(run())


def test_the_names_own_certificate_is_taken_and_no_others(server: RudeServer) -> None:
    assert fetch(server, f"https://{NAME}:{server.port}/") == b"a picture"
    assert fetch(server, f"https://other.example:{server.port}/") is Reason.UNREACHABLE
    assert fetch(server, f"https://{HOST}:{server.port}/") is Reason.UNREACHABLE
    assert server.asked["/"] == 1


def test_a_certificate_that_nobody_vouches_for_is_none(
    server: RudeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert fetch(server, f"https://{NAME}:{server.port}/") is Reason.UNREACHABLE


def test_what_speaks_no_tls_is_unreachable() -> None:
    with rude_server() as plain:
        plain.answers["/"] = lambda connection: connection.shutdown(socket.SHUT_RDWR)
        assert fetch(plain, f"https://{NAME}:{plain.port}/") in (Reason.UNREACHABLE, Reason.TIMED_OUT)


def test_a_handshake_that_is_cut_off_leaves_no_connection_open() -> None:
    """Else a warning comes with the next collection, and that is an error."""
    with rude_server() as silent:
        links = [f"https://{HOST}:{silent.port}/{number}" for number in range(8)]
        settings = FetchSettings(
            total_seconds=0.05,
            host_pause_seconds=0,
            per_host=8,
            heeds_rules=False,
            ports=(silent.port,),
            open_networks=(HOST,),
        )
        assert set(fetch_all(links, settings)) == {Reason.TIMED_OUT}
    gc.collect()
