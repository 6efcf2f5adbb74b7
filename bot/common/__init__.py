"""What every layer may use: it knows nothing of the CAD, the database or Discord."""
