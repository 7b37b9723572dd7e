"""The newspaper's first edition: texts and pictures of our own."""
