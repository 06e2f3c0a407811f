"""Inspects networks: their layers as a table, their diagram, and the activations of their layers for pictures."""
