from pathlib import Path


class HtmlReport:
    def __init__(self, source):
        self.source = source


def finish(path: Path) -> bytes:
    return path.read_bytes()
