def publish(r): return []
