"""Lampposts as entities of an NGSI-LD context broker, by the Smart Data Models."""
