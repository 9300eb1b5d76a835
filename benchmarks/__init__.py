"""How fast Penstock is, measured on this machine: ``python -m benchmarks --help``.

Read in this order: `options` (what can be asked for), `run` (the order of things), `client` and
`worker_process` (the two sides that are measured), `measures` and `summary` (what is counted and
how rounds become one figure), `report` (the table and the JSON).
"""
