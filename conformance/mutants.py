"""Mutants derived from the schemas."""


def DERIVED():
    return []
