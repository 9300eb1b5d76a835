"""It is not Python."""

def broken(:
    pass
