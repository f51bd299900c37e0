"""Hostile endpoints on real sockets, and the proof that the suite endures them."""
