"""The conformance kit: does a lamppost, whoever made it, keep the MQTT contract? Seen from the broker alone."""
