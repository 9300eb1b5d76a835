def print_tables(a, b): print(a.peers)
