"""Many files, and images larger than memory."""
