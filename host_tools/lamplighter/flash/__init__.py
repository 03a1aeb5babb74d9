"""Writes images to boards by esptool, one or several at once."""
