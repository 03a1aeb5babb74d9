"""A release: the compiled app with its hashes and signature, as a folder that any web server serves."""
