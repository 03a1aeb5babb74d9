"""Broker address, login and retry times, from the configuration."""


class Broker:
    """The settings that Link needs; `of` fills them in."""

    host: str
    port: int
    user: str | None
    password: str | None
    keepalive_s: int
    window: int
    client_id: str
    prefix: bytes
    version: int
    clean: bool
    session_s: int
    expiry_s: int
    tls: dict | None
    commands: tuple
    spread_ms: int
    drain_spread_ms: int
    drain_per_s: int
    retry_ms: int
    retry_max_ms: int
    connect_ms: int
    time_grace_ms: int
    tls_time_ms: int
    refused_ms: int


def of(config, together=False):
    """From the configuration's document; the rest are figures that the app may change before the link runs.

    together -- True: the power came back, and all the neighbours start in the same second
    """
    broker = Broker()
    mqtt = config["mqtt"]
    spread_ms = mqtt.get("spread_s", 60) * 1000
    broker.host = mqtt["host"]
    broker.port = mqtt.get("port", 1883)
    broker.user = mqtt.get("user")
    broker.password = mqtt.get("password")
    broker.keepalive_s = mqtt.get("keepalive_s", 60)
    broker.window = mqtt.get("window", 8)
    broker.client_id = "%s_%s" % (config["site"], config["node"])  # neither name can contain "_"
    broker.prefix = ("lamppost/v1/%s/%s/" % (config["site"], config["node"])).encode()
    broker.version = mqtt.get("version", 5)  # of the protocol: 5 is MQTT 5.0 with a step down to 3.1.1, 4 is 3.1.1
    session = mqtt.get("session", {})
    broker.clean = session.get("clean", True)  # False: the broker keeps our session while we are away,
    broker.session_s = session.get("expiry_s", 86400)  # so long (version 5; a 3.1.1 broker decides by itself)
    broker.expiry_s = mqtt.get("expiry_s", 0)  # brokers throw telemetry away that waited longer; 0: never
    broker.tls = mqtt.get("tls")  # None: in the clear
    broker.commands = ()  # topic filters below the prefix to subscribe to, as bytes
    broker.spread_ms = spread_ms if together else 0  # the first connection has its place in this window,
    broker.drain_spread_ms = mqtt.get("drain_spread_s", 60) * 1000  # and the start of a long drain in this one
    broker.drain_per_s = mqtt.get("drain_per_s", 100)  # held records per second; 0: as fast as it goes
    # a wait after a failure is anything up to a limit: this one at first, doubled each time, up to the other
    broker.retry_ms = max(1000, spread_ms // 16)
    broker.retry_max_ms = max(60000, spread_ms)
    broker.connect_ms = 10000  # the longest wait for TCP, and again for TLS and CONNACK
    broker.time_grace_ms = 10000  # records wait so long for the clock to be set, before they go with ts null
    broker.tls_time_ms = 30000  # a connection waits so long for it, as no certificate can be judged without
    broker.refused_ms = 60000  # a record that a broker of version 5 refused is offered again after so long
    return broker
