"""Diagnoses a lamppost and this computer, and ranks the causes that explain most."""
