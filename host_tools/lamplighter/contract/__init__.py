"""The MQTT contract and the configuration as JSON Schemas, and the checks made from them."""
