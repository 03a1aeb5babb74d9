"""The configuration of a node, checked whole before anything is written."""
