"""What the project promises when things go wrong, tried at length: `make torture`, see docs/reliability.md."""
