"""The key that signs pictures: read and checked before anything is served.

`python -m agent.signing_key new FOLDER` makes a chain of one's own, to try signing with: readers then find
the signature valid, and its signer unknown.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import AgentError, KeyRejected
from agent.secret_files import is_open_to_all

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["SigningKey", "new_key", "read_signing_key"]

CERTIFICATES_NAME = "certificates.pem"
KEY_NAME = "key.pem"
PEM_BEGIN = "-----BEGIN "
VALID_DAYS = 365
LEAST_RSA_BITS = 2048
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A chain of certificates, the signer's first, and its private key, both PEM.

    `algorithm` is C2PA's name for it."""

    certificates: bytes
    private_key: bytes
    algorithm: str
    valid_until: datetime.datetime

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.certificates).hexdigest()

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm}, valid until {self.valid_until:%Y-%m-%d})"


@dataclass(frozen=True, kw_only=True)
class Pem:
    """What a setting gives: the text itself, or a file that holds it. `name` is for sentences."""

    name: str
    content: bytes


def read_signing_key(certificates: str | Path, private_key: str | Path) -> SigningKey:
    """Each the name of a PEM file, or its text: an environment variable of a Space can hold no file.

    Raises KeyRejected for what cannot be read, is open to others, or does not belong together.
    """
    from cryptography import x509

    chain_pem, key_pem = read(certificates, "certificates"), read(private_key, "key")
    if not is_text(private_key):
        require_private(Path(private_key))
    try:
        chain = x509.load_pem_x509_certificates(chain_pem.content)
    except ValueError as error:
        raise KeyRejected(
            f"{chain_pem.name} holds no certificates in PEM form: give the chain, the signer's first."
        ) from error
    key = load_private_key(key_pem)
    require_chain(chain_pem.name, chain)
    if chain[0].public_key() != key.public_key():
        raise KeyRejected(
            f"The key {key_pem.name} does not fit the first certificate of {chain_pem.name}: "
            "give the key that the certificate was made for, or put the signer's certificate first."
        )
    return SigningKey(
        certificates=chain_pem.content,
        private_key=key_pem.content,
        algorithm=algorithm_of(key_pem.name, key),
        valid_until=min(each.not_valid_after_utc for each in chain),
    )


def is_text(source: str | Path) -> bool:
    return isinstance(source, str) and PEM_BEGIN in source


def read(source: str | Path, kind: str) -> Pem:
    """Text in a variable may have its line ends written as two characters each."""
    if is_text(source):
        return Pem(name=f"--c2pa-{kind}", content=str(source).replace("\\n", "\n").encode())
    try:
        return Pem(name=str(source), content=Path(source).read_bytes())
    except OSError as error:
        raise KeyRejected(f"The signing file {source} cannot be read ({error.strerror}).") from error


def require_private(path: Path) -> None:
    """Raises KeyRejected when everybody on this machine may read or change the key."""
    if is_open_to_all(path):
        raise KeyRejected(f"Everybody on this machine can read the signing key: chmod 600 {path} first.")


def load_private_key(pem: Pem) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem.content, password=None)
    except TypeError as error:
        raise KeyRejected(
            f"The key {pem.name} has a password: give one without, readable to you alone."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRejected(f"{pem.name} holds no private key in PEM form.") from error


def require_chain(name: str, chain: Sequence[x509.Certificate]) -> None:
    """Each is valid today and signed by the next. Raises KeyRejected."""
    from cryptography.exceptions import InvalidSignature

    now = datetime.datetime.now(datetime.UTC)
    for number, each in enumerate(chain, start=1):
        if each.not_valid_after_utc < now:
            raise KeyRejected(
                f"Certificate {number} of {name} has expired on {each.not_valid_after_utc:%Y-%m-%d}: "
                "renew it, or serve without a signing key."
            )
        if each.not_valid_before_utc > now:
            raise KeyRejected(
                f"Certificate {number} of {name} is valid from {each.not_valid_before_utc:%Y-%m-%d} only."
            )
    for number, (each, issuer) in enumerate(pairwise(chain), start=1):
        try:
            each.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise KeyRejected(
                f"Certificate {number} of {name} was not issued by number {number + 1}: "
                "put the signer's first, and each one's issuer after it."
            ) from error


def algorithm_of(name: str, key: PrivateKeyTypes) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= LEAST_RSA_BITS:
        return "ps256"
    raise KeyRejected(
        f"C2PA cannot sign with the kind of key in {name}: "
        f"use P-256, P-384, P-521, Ed25519, or RSA of {LEAST_RSA_BITS} bits."
    )


def new_key(folder: Path, name: str = "Reverie test signer", days: int = VALID_DAYS) -> None:
    """An own authority, a signer that it has issued, and the signer's key; the authority's key is not kept.

    Raises KeyRejected when there are such files already.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    authority_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = certificate("Reverie test authority", authority_key, None, authority_key, days)
    signer = certificate(name, signer_key, authority, authority_key, days)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_new(
            folder / KEY_NAME,
            signer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
        write_new(
            folder / CERTIFICATES_NAME,
            b"".join(each.public_bytes(Encoding.PEM) for each in (signer, authority)),
        )
    except OSError as error:
        raise KeyRejected(f"No key could be written to {folder} ({error.strerror}).") from error


def write_new(path: Path, content: bytes) -> None:
    """For its owner alone; never over another file."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def certificate(
    name: str,
    key: PrivateKeyTypes,
    issuer: x509.Certificate | None,
    issuer_key: PrivateKeyTypes,
    days: int,
) -> x509.Certificate:
    """Of a signer, or without an issuer of an authority, with the extensions that C2PA asks for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.UTC)
    public: Any = key.public_key()
    issuer_public: Any = issuer_key.public_key()
    is_authority = issuer is None
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False)
    )
    if not is_authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m agent.signing_key", description=__doc__)
    actions = parser.add_subparsers(required=True)
    action = actions.add_parser("new", help="make a chain of one's own and its key")
    action.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    try:
        new_key(folder)
    except AgentError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        "Start Reverie with "
        f"--c2pa-certificates {folder / CERTIFICATES_NAME} --c2pa-key {folder / KEY_NAME}\n"
        "Readers will call pictures signed with it valid, and their signer unknown: "
        "for others, get a certificate from an authority on the C2PA trust list."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
