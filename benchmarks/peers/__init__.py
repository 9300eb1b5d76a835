"""The queues that are measured: see README.md. Each runs in an environment of its own."""
