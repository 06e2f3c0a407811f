"""Settings that depend on the machine."""
