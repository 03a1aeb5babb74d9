"""Where the broker is, who we are to it, and how hard and how politely we try."""


class Broker:
    """From the configuration's document; the rest are figures that the app may change before the link runs.

    together -- True: the power came back, and all the neighbours start in the same second
    """

    def __init__(self, config, together=False):
        mqtt = config["mqtt"]
        spread_ms = mqtt.get("spread_s", 60) * 1000
        self.host = mqtt["host"]
        self.port = mqtt.get("port", 1883)
        self.user = mqtt.get("user")
        self.password = mqtt.get("password")
        self.keepalive_s = mqtt.get("keepalive_s", 60)
        self.window = mqtt.get("window", 8)
        self.client_id = "%s-%s" % (config["site"], config["node"])
        self.prefix = ("lamppost/v1/%s/%s/" % (config["site"], config["node"])).encode()
        self.version = mqtt.get("version", 4)  # of the protocol: 4 is MQTT 3.1.1, 5 is 5.0
        session = mqtt.get("session", {})
        self.clean = session.get("clean", True)  # False: the broker keeps our session while we are away,
        self.session_s = session.get("expiry_s", 86400)  # so long (version 5; a 3.1.1 broker decides by itself)
        self.expiry_s = mqtt.get("expiry_s", 0)  # brokers throw telemetry away that waited longer; 0: never
        self.tls = mqtt.get("tls")  # None: in the clear
        self.commands = ()  # topic filters below the prefix to subscribe to, as bytes
        self.spread_ms = spread_ms if together else 0  # the first connection has its place in this window,
        self.drain_spread_ms = mqtt.get("drain_spread_s", 60) * 1000  # and the start of a long drain in this one
        self.drain_per_s = mqtt.get("drain_per_s", 100)  # held records per second; 0: as fast as it goes
        # a wait after a failure is anything up to a limit: this one at first, doubled each time, up to the other
        self.retry_ms = max(1000, spread_ms // 16)
        self.retry_max_ms = max(60000, spread_ms)
        self.connect_ms = 10000  # the longest wait for TCP, and again for TLS and CONNACK
        self.time_grace_ms = 10000  # records wait so long for the clock to be set, before they go with ts null
        self.tls_time_ms = 30000  # a connection waits so long for it, as no certificate can be judged without
        self.refused_ms = 60000  # a record that a broker of version 5 refused is offered again after so long
