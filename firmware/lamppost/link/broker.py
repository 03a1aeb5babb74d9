"""Where the broker is, who we are to it, and how hard and how politely we try."""


class Broker:
    """From the configuration's document; the rest are figures that the app may change before the link runs."""

    def __init__(self, config):
        mqtt = config["mqtt"]
        self.host = mqtt["host"]
        self.port = mqtt.get("port", 1883)
        self.user = mqtt.get("user")
        self.password = mqtt.get("password")
        self.keepalive_s = mqtt.get("keepalive_s", 60)
        self.window = mqtt.get("window", 8)
        self.client_id = "%s-%s" % (config["site"], config["node"])
        self.prefix = ("lamppost/v1/%s/%s/" % (config["site"], config["node"])).encode()
        self.clean = True  # False: the broker keeps our session while we are away
        self.commands = ()  # topic filters below the prefix to subscribe to, as bytes
        self.connect_jitter_ms = 0  # the first connection of a boot waits up to so long
        self.drain_jitter_ms = 0  # held records wait up to so long after connecting
        self.drain_per_s = 100  # held records per second; 0: as fast as it goes
        self.retry_ms = 1000  # wait after a failure, give or take a half; doubled each time
        self.retry_max_ms = 60000
        self.time_grace_ms = 10000  # records wait so long for the clock to be set, before they go with ts null
