"""The street in a browser: one subscriber, any number of browsers."""
