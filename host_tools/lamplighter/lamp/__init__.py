"""The lamp's programmes on the host: shown before they are sent."""
