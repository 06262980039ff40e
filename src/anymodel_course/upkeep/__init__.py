"""What keeps the course itself in order; a learner never calls it."""
