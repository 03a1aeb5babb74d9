"""Subscribes to a street, checks and counts its messages, and shows them."""
