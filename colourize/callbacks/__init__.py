"""Lightning callbacks that write a run's files and show its progress."""
