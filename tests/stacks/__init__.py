"""Correct endpoints, built as their authors build them, on servers that people use: none may be accused untruly."""
