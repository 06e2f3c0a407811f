"""Settings that are chosen for the machine that the program runs on."""
