"""Speed and size, measured side by side; each script says how to run it."""
