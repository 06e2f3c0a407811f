"""What the project promises when things go wrong, put to the test at length: `make torture`, see docs/reliability.md."""
