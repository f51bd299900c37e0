"""Whom we judge, and on which terms."""
