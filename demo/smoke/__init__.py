"""The whole way without hands: from an empty rule list to files at three partners, compared byte for byte."""
