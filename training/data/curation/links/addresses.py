"""Which addresses a link may lead to: public ones. What was checked is what is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore

__all__ = ["Address", "Lookup", "NotPublic", "PublicBackend", "is_public", "look_up"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[Address]]]

TRANSLATED = ip_network("64:ff9b::/96")
"""IPv6 addresses that a gateway turns into the IPv4 address in their last 32 bits (RFC 6052)."""
INNER = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))
"""Public by their numbers alone, to some Pythons at least: the inner services of Azure and of Oracle."""


class NotPublic(Exception):
    """A link leads to the machine itself, its network or its cloud."""


def is_public(address: Address) -> bool:
    """False for private, loopback, link-local, shared, multicast and reserved ones, in any dress."""
    if isinstance(address, IPv6Address):
        dressed = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in TRANSLATED:
            dressed.append(IPv4Address(int(address) & 0xFFFF_FFFF))
        if inside := [each for each in dressed if each is not None]:
            return all(is_public(each) for each in inside)
    is_other = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not is_other and not is_in(address, INNER)


def is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


async def look_up(host: str, port: int) -> list[Address]:
    """Every address of a name, numbers in all spellings included. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]


class PublicBackend(httpcore.AsyncNetworkBackend):
    """Looks a name up once, refuses it if any of its addresses is not public, and connects to one of those.

    Every connection comes by here, those after a redirect too, so that a name which changes its address in
    between gains nothing. `open_networks` may be reached all the same: a mirror of one's own.
    """

    def __init__(self, open_networks: Sequence[str] = (), lookup: Lookup = look_up) -> None:
        self._open = [ip_network(each) for each in open_networks]
        self._lookup, self._network = lookup, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises NotPublic, httpcore.ConnectError, httpcore.ConnectTimeout."""
        try:
            addresses = [*dict.fromkeys(await self._lookup(host, port))]
        except (OSError, ValueError) as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in addresses:
            if not is_public(address) and not is_in(address, self._open):
                raise NotPublic(f"{host} is {address}")
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
