"""Simulated streets: thousands of lampposts in one process, each with the firmware's own MQTT session and manners."""
