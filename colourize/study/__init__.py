"""A study with people: can they tell the coloured picture from the real one? Its page, and what the answers say."""
