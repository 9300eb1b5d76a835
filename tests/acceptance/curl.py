"""The few options of curl that the README uses, for machines that lack curl itself."""

import argparse
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", "-S", action="store_true")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    parser.add_argument("-o", dest="output")
    options = parser.parse_args()
    request = urllib.request.Request(
        options.url,
        data=options.data.encode() if options.data else None,
        headers=dict(header.split(": ", 1) for header in options.headers),
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(request)
    except urllib.error.HTTPError as refused:
        answer = refused  # curl prints such an answer like any other
    content = answer.read()
    if options.output:
        Path(options.output).write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()
