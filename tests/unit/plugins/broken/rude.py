"""Its error cannot even be printed."""


class Rude(Exception):
    def __str__(self):
        raise RuntimeError("no")


raise Rude
