"""Lampposts as devices of Home Assistant, by its MQTT discovery: one retained message a device.

Home Assistant then reads the lamppost's own topics by the templates in that message; no value passes through here.
"""
