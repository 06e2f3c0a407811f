"""What is chosen for the machine that the program runs on."""
