"""The options by which every subscriber enters a broker: address, password, certificates."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..contract.topics import NAME
from ..documents import secret_file
from ..hosts import Host
from ..problems import IdentityMissing
from ..telemetry.subscriber import Subscriber

if TYPE_CHECKING:
    from ..store.sources.mqtt_session import KeptSession
    from ..store.sources.origin import Origin
    from ..store.sources.subscriptions import Arrived

PASSWORD = "LAMPLIGHTER_MQTT_PASSWORD"
LONGEST = 65535  # bytes of a string of MQTT
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class BrokerAccess:
    """Access to a broker. tls --  True: the system's authorities; a path: that CA; identity -- (key, certificate)."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: bool | Path = False
    identity: tuple[Path, Path] | None = None

    def subscriber(self, filters: list[str]) -> Subscriber:
        return Subscriber(
            self.host, self.port, filters, self.user, self.password, tls=self.tls, identity=self.identity
        )  # fmt: skip

    def kept_session(
        self, name: str, filters: list[str], not_filters: tuple[str, ...], arrived: Arrived
    ) -> KeptSession:
        """A session that the broker keeps under this name. arrived -- the queue of its deliveries"""
        from ..store.sources.mqtt_session import KeptSession

        return KeptSession(
            name, self.host, self.port, filters, self.user, self.password, tls=self.tls, identity=self.identity,
            arrived=arrived, not_filters=not_filters,
        )  # fmt: skip


def broker_options(function: Callable) -> Callable:
    """Give a command the options, and their result as its first argument, `access`."""
    return _with_options(function, True)


def optional_broker_options(function: Callable) -> Callable:
    """The same for a command whose file may name the broker: `access` is None without --host."""
    return _with_options(function, False)


class OriginName(click.ParamType):
    """What a store reads from instead of an MQTT broker."""

    name = "source"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Origin:
        from ..store.sources import origin

        try:
            return origin.parse(value)
        except ValueError as wrong:
            self.fail(f"{wrong}.", param, ctx)


def source_options(function: Callable) -> Callable:
    """The same for a command that reads from NATS and Kafka too; `origin` is None for a broker named by --host."""
    of_broker = optional_broker_options(function)

    @functools.wraps(of_broker)
    def with_origin(origin: Origin | None, host: str | None, port: int | None, **others: object):
        if origin is None and host is None:
            raise click.UsageError("Name the broker with --host, or another source with --from.")
        if origin is not None:
            if host or port:
                raise click.UsageError("--from replaces --host and --port.")
            host, port = origin.servers[0]
        return of_broker(host=host, port=port, origin=origin, **others)

    return click.option(
        "--from", "origin", type=OriginName(), metavar="SOURCE",
        help="Instead of an MQTT broker: nats://HOST (its MQTT gateway), nats://HOST/STREAM, kafka://HOST/TOPIC.",
    )(with_origin)  # fmt: skip


def _with_options(function: Callable, needed: bool) -> Callable:
    @functools.wraps(function)
    def with_access(
        host: str | None, port: int | None, user: str | None, password_file: Path | None, tls: bool, ca: Path | None,
        cert: Path | None, key: Path | None, city_folder: Path | None, reader: str | None, **others: object,
    ):  # fmt: skip
        if host is None:
            if any((port, user, password_file, tls, ca, cert, key, city_folder, reader)):
                raise click.UsageError("The options of the broker go with --host.")
            return function(None, **others)
        if bool(cert) != bool(key):
            raise click.UsageError("--cert and --key must be used together.")
        if bool(city_folder) != bool(reader):
            raise click.UsageError("--identity and --as must be used together: --identity FOLDER --as NAME.")
        identity = (key, cert) if key and cert else None
        if city_folder and reader and (identity or ca):
            raise click.UsageError("--identity and --as replace --ca, --cert and --key: leave these out.")
        return function(access_to(host, port, user, password_file, tls, ca, identity, city_folder, reader), **others)

    for option in reversed((
        click.option("--host", type=Host(), required=needed, metavar="HOST", help="The broker."),
        click.option("--port", type=click.IntRange(1, 65535),
                     help="Port of the broker. [default: 1883, with TLS 8883]"),  # fmt: skip
        click.option("--user", help="User name at the broker."),
        click.option("--password-file", type=FILE, help="File with the password."),
        click.option("--tls", is_flag=True, help="Use TLS and check the broker's certificate."),
        click.option("--ca", type=FILE, help="Certificate of the CA to trust (implies --tls)."),
        click.option("--cert", type=FILE, help="Client certificate, with --key (implies --tls)."),
        click.option("--key", type=FILE, help="Private key of the client certificate."),
        click.option("--identity", "city_folder", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
                     help="The city's identity folder, with --as: finds --ca, --cert and --key."),
        click.option("--as", "reader", metavar="NAME", help="Reader or commander whose certificate to use."),
    )):  # fmt: skip
        with_access = option(with_access)
    return with_access


def access_to(
    host: str, port: int | None = None, user: str | None = None, password_file: Path | None = None, tls: bool = False,
    ca: Path | None = None, identity: tuple[Path, Path] | None = None, city_folder: Path | None = None,
    name: str | None = None,
) -> BrokerAccess:  # fmt: skip
    """identity -- (key, certificate); city_folder and name -- find it and the CA. Raises IdentityMissing."""
    if city_folder and name:
        ca, identity = of_subscriber(city_folder, name)
    secured = ca or bool(tls or identity)
    password = password_of(user, password_file)
    return BrokerAccess(host, port or (8883 if secured else 1883), user, password, secured, identity)


def of_subscriber(folder: Path, name: str) -> tuple[Path, tuple[Path, Path]]:
    """(CA file, (key, certificate)) of the commander of that name in a city's identity folder, or of the reader.

    Raises IdentityMissing.
    """
    from ..pki.city import City

    city = City.load(folder)
    for kind in ("commander", "reader"):
        key, certificate = city.files(kind, name)
        if key.is_file() and certificate.is_file():
            return folder / "ca.pem", (key, certificate)
    raise IdentityMissing(
        f"{folder} has no certificate of a reader or commander {name!r}.",
        f"Issue it with `lamplighter identity issue --reader {name}` (or --commander), then export and reload the "
        "broker.",
    )


def password_of(user: str | None, file: Path | None) -> str | None:
    """From the file, the environment, or whoever sits at the terminal."""
    if user is None:
        return None
    secret_file.checked(user, "--user", LONGEST)
    given = secret_file.read(file, PASSWORD, LONGEST)
    if given is None:
        given = secret_file.asked("Password", default="", show_default=False)
    if given is None:
        raise click.UsageError(f"--user needs a password: --password-file FILE, or ${PASSWORD}.")
    return given


class SiteName(click.ParamType):
    """One site."""

    name = "site"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(NAME, value):
            self.fail(f"{value!r} is no site: {NAME}.", param, ctx)
        return value


class TopicLevel(click.ParamType):
    """A site or node as it stands in a topic, or `+` for all."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value != "+" and not re.fullmatch(NAME, value):
            self.fail("1 to 32 lower-case letters, digits and hyphens", param, ctx)
        return value
