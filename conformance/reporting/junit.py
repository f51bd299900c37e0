class JunitReport:
    def __init__(self, source):
        self.source = source
