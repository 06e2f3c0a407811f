"""What a network is given: the ways a true picture loses information."""
