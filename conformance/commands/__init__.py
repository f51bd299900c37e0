"""Options in, exit code out: a module is named as its command."""
