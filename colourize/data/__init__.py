"""Where pictures come from, and what a network is given of them."""
