"""What makes a run visible, or checks it."""
