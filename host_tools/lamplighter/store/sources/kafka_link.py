"""What the store and the bridge have in common at Kafka: how they get in, and the headers of a message."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ... import hosts
from ...problems import BrokerLoginRefused, BrokerRefused
from ..extra import needed

PORT = 9092
TIMEOUT_S = 10.0
# headers: the message's MQTT topic, the time of its arrival at the bridge, and what the broker said of it
TOPIC, RECEIVED, RETAINED, REPEATED = "topic", "received", "retained", "repeated"


@dataclass(frozen=True)
class KafkaAccess:
    """servers -- (host, port) of some brokers of the cluster; user -- logs in by SCRAM-SHA-512"""

    servers: Sequence[tuple[str, int]]
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    @property
    def where(self) -> str:
        return f"Kafka at {', '.join(hosts.joined(*one) for one in self.servers)}"

    def options(self) -> dict[str, Any]:
        """As the clients of aiokafka take them."""
        protocol = ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT")
        login = {
            "sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": self.user, "sasl_plain_password": self.password,
        }  # fmt: skip
        return {
            "bootstrap_servers": [hosts.joined(*one) for one in self.servers],
            "security_protocol": protocol,
            "ssl_context": self.tls,
            **(login if self.user else {}),
        }

    async def topics(self) -> set[str]:
        """Those that this user may see. Raises BrokerRefused, BrokerLoginRefused."""
        needed("aiokafka", "kafka")
        from aiokafka import errors
        from aiokafka.admin import AIOKafkaAdminClient

        # every failure is told in a sentence, or tried again
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        admin = AIOKafkaAdminClient(**self.options())
        try:
            await asyncio.wait_for(admin.start(), TIMEOUT_S)
            return set(await asyncio.wait_for(admin.list_topics(), TIMEOUT_S))
        except TimeoutError:
            raise BrokerRefused(
                f"{self.where} gives no Kafka answer within {TIMEOUT_S:g} s.",
                f"Check the port, usually {PORT}, and that the brokers advertise addresses that this computer reaches.",
            ) from None
        except (errors.AuthenticationFailedError, errors.SaslAuthenticationFailed) as wrong:
            raise BrokerLoginRefused(f"{self.where} refused the user: {words(wrong)}.") from None
        except errors.KafkaError as wrong:
            raise BrokerRefused(f"{self.where} cannot be used: {words(wrong)}.") from None
        finally:
            await admin.close()


def words(wrong: BaseException) -> str:
    """One line, without a full stop at its end."""
    return (str(wrong) or type(wrong).__name__).splitlines()[0].rstrip(".")
