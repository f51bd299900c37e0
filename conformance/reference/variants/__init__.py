"""Variants of the reference endpoint, by theme."""
