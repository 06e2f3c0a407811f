"""What is kept and shown while a run goes on, as Lightning callbacks."""
