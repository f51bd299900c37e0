"""What goes out and comes back: the only part of the suite that talks to an endpoint."""
