"""Networks looked at from inside: their layers as a table, their diagram, and what their layers answer to pictures."""
