"""Where links may lead: to public addresses, however an address is spelled or dressed."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import httpcore
import pytest

from tests.training.curation.links.server import HOST, rude_server
from training.data.curation.links.addresses import Address, NotPublic, PublicBackend, is_public, look_up

INNER = """
127.0.0.1 127.255.255.254 0.0.0.0 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1
169.254.169.254 169.254.170.2 100.64.0.1 100.100.100.200 192.0.0.192 192.0.2.1 198.18.0.1
198.51.100.1 203.0.113.5 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16 ::1 ::
fe80::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 ::ffff:127.0.0.1 ::ffff:7f00:1
::ffff:169.254.169.254 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::a00:1 2002:7f00:1:: 2002:a9fe:a9fe::1 2001:0:4136:e378:8000:63bf:80ff:fffe
""".split()
OUTER = """
1.1.1.1 8.8.8.8 93.184.216.34 172.32.0.1 192.169.0.1 2606:4700:4700::1111 2a00:1450:4001:81b::200e
::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
""".split()


@pytest.mark.parametrize("spelling", INNER)
def test_inner_addresses_are_not_public(spelling: str) -> None:
    assert not is_public(ip_address(spelling))


@pytest.mark.parametrize("spelling", OUTER)
def test_outer_addresses_are_public(spelling: str) -> None:
    assert is_public(ip_address(spelling))


SPELLINGS = """
2130706433 0x7f000001 017700000001 127.1 127.0.1 0x7f.0.0.1 0177.0.0.1 localhost 127.0.0.1 ::1
::ffff:127.0.0.1 2852039166 0xa9fea9fe 169.254.43518 0 0.0.0.0
""".split()


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_is_looked_up_before_it_is_judged(host: str) -> None:
    """Decimal, octal, hexadecimal and shortened ones are what the system's own resolver takes."""
    with pytest.raises(NotPublic):
        asyncio.run(PublicBackend().connect_tcp(host, 80, timeout=1))


def test_a_name_with_one_inner_address_among_outer_ones_is_refused() -> None:
    async def lookup(host: str, port: int) -> list[Address]:
        return [ip_address("93.184.216.34"), ip_address("10.0.0.1")]

    with pytest.raises(NotPublic, match=r"example\.org is 10\.0\.0\.1"):
        asyncio.run(PublicBackend(lookup=lookup).connect_tcp("example.org", 80, timeout=1))


def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    """A name that changes between two lookups: there is no second one."""
    answers = [[ip_address(HOST)], [ip_address("127.0.0.1")]]

    async def lookup(host: str, port: int) -> list[Address]:
        return answers.pop(0)

    async def peer(port: int) -> object:
        stream = await PublicBackend((HOST,), lookup).connect_tcp("rebinding.example", port, timeout=1)
        try:
            return stream.get_extra_info("server_addr")
        finally:
            await stream.aclose()

    with rude_server() as server:
        assert asyncio.run(peer(server.port)) == (HOST, server.port)
    assert len(answers) == 1


def test_the_next_address_is_tried_and_none_is_an_error() -> None:
    async def lookup(host: str, port: int) -> list[Address]:
        return [ip_address("127.0.0.3"), ip_address(HOST)] if host == "two.example" else []

    async def reach(host: str, port: int) -> None:
        backend = PublicBackend(("127.0.0.2/31",), lookup)
        await (await backend.connect_tcp(host, port, timeout=1)).aclose()

    with rude_server() as server:
        asyncio.run(reach("two.example", server.port))
        with pytest.raises(httpcore.ConnectError, match="has no address"):
            asyncio.run(reach("none.example", server.port))


def test_a_name_that_is_none_is_an_error_of_connecting() -> None:
    with pytest.raises(httpcore.ConnectError):
        asyncio.run(PublicBackend().connect_tcp("no-such-name.invalid", 80, timeout=1))
    assert asyncio.run(look_up("127.0.0.1", 80)) == [ip_address("127.0.0.1")]
