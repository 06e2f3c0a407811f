"""Lightning callbacks that write and show a run while it goes on."""
