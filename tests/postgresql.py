"""A PostgreSQL of the tests' own: Debian's programs, a temporary folder, no service.

It is reached through a Unix socket, or by address with a password.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import sqlalchemy as sa

from agent.database import open_database

__all__ = ["PostgreSQL", "find_programs"]

DEBIAN = Path("/usr/lib/postgresql")
NAME = "reverie"
TEMPLATE = "template_reverie"
UNPRIVILEGED = "nobody"
HERE = "127.0.0.1"
PARTS = (f"-c listen_addresses={HERE}", "-c fsync=off", "-c max_connections=40", "-c shared_buffers=32MB")


def find_programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest there is."""
    found = [path.parent for path in DEBIAN.glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return max(found, default=None if on_path is None else Path(on_path).resolve().parent)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


class PostgreSQL:
    """One server; every test gets a database with Reverie's tables and nothing in them."""

    def __init__(self) -> None:
        programs = find_programs()
        if programs is None:
            raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
        self.folder = Path(
            tempfile.mkdtemp(prefix="reverie-pg-")
        )  # short: a socket's path has 107 characters
        self._programs = programs
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:  # PostgreSQL will not run as root
            owner = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        data = str(self.folder / "data")
        self.port = free_port()
        trust = ("--auth-local=trust", "--auth-host=scram-sha-256")
        self._run("initdb", "-D", data, "-U", NAME, *trust, "-E", "UTF8", "--locale=C", "--no-sync")
        options = " ".join((*PARTS, f"-p {self.port}", f"-k {self.folder}"))
        self._run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")
        self._server = sa.create_engine(
            self.url("postgres"), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
        )
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        open_database(self.url(TEMPLATE)).dispose()

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{NAME}@/{database}?host={self.folder}&port={self.port}"

    def create(self, template: str = TEMPLATE) -> str:
        """The address of a new database; with `template0` one without tables."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def over_tcp(self, url: str, password: str) -> str:
        """Another way to a database: by address, and with a password from now on."""
        self._execute(f"ALTER ROLE {NAME} PASSWORD '{password}'")
        parsed = sa.make_url(url).set(password=password, host=HERE, port=self.port, query={})
        return parsed.render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._execute(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        self._server.dispose()
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, name: str) -> str:
        return str(self._programs / name)

    def _execute(self, sql: str) -> None:
        with self._server.connect() as connection:
            connection.exec_driver_sql(sql)

    def _run(self, program: str, *arguments: str) -> None:
        """Its output goes to a file: a server that pg_ctl leaves behind would keep a pipe open."""
        user = {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [self.program(program), *arguments],
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                stdout=output,
                stderr=subprocess.STDOUT,
                **user,  # type: ignore[call-overload]
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read()}")
