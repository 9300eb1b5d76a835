"""How fast Penstock is beside its peers, measured on this machine: ``python -m benchmarks --help``.

Read in this order: `options` (what can be asked for), `peer` and ``peers/README.md`` (what is
measured, and how a peer is spoken to), `run` and `round` (the order of things), `measures`,
`results` and `summary` (what is counted, and how rounds become one figure), `report` (the tables
and the JSON) and `publish` (the page in docs/).
"""
